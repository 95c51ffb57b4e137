using Patchbay.Cli.Charts;
using Patchbay.Findings;
using Patchbay.Tasks;

namespace Patchbay.Cli.Report.Sections;

/// <summary>How often each model answers, published beside measured, and which differ from the base.</summary>
internal static class AccuracySection
{
    /// <summary>The section, or null where no model was asked.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Accuracy is not null).ToArray();
        if (models.Length == 0) return null;
        var first = models[0];
        ShareDifference? Difference(Findings.ModelFindings m) => m == first ? null
            : ReportInput.Difference(first.Accuracy!.Right, first.Accuracy.Answers, m.Accuracy!.Right, m.Accuracy.Answers);
        var hasProbability = models.Any(m => double.IsFinite(m.Accuracy!.Probability.Value));
        string[] headings = ["model", "published as", ">published (7B)", ">measured", .. hasProbability ? [">p(answer)", ">rank"]
            : (string[])[], ">against base", "significance"];
        var rows = models.Select(m =>
        {
            var reference = PublishedFigures.ReferenceOf(m.Name);
            Cell[] more = hasProbability ? [Numbers.Of(m.Accuracy!.Probability), Numbers.Of(m.Accuracy.Rank, "0.00")] : [];
            return (Cell[])
            [
                m.Name, reference is null ? Numbers.None : reference + "-7b", Numbers.Published(PublishedFigures.Accuracy(reference)),
                Numbers.Of(m.Accuracy!.Right), .. more,
                .. Difference(m) is { } d ? [Numbers.Of(d), Numbers.Significance(d.P)] : (Cell[])["", ""],
            ];
        });
        var chart = new BarChart("", "accuracy", [new("", [.. models.Select(m =>
            Bar.Of(m.Name, m.Accuracy!.Right) with { Published = PublishedFigures.Accuracy(PublishedFigures.ReferenceOf(m.Name)) })])]);
        List<Block> blocks =
        [
            new Figure($"Accuracy on {Numbers.Count(first.Accuracy!.Right.Count, "prompt")}, with 95 % Wilson intervals{Diamonds(models)}.",
                [new("accuracy", "Accuracy by model", SvgBarChart.Draw(chart))], 1),
            ReportTable.Of("Accuracy, published and measured. Quieter: 95 % intervals; ± standard errors.", headings, rows),
        ];
        if (models.Length > 1)
            blocks.Add(new Note($"Differences are from {first.Name}; significance by {ReportInput.Test(models.Skip(1).All(m => Difference(m)!.IsPaired))}."));
        return new("accuracy", "Accuracy", "The share of prompts whose answer is the most probable of all tokens at the last position.",
            "Prakash et al. 2024; docs/method.md", blocks, models.Select(m => new { m.Name, m.Accuracy }).ToArray());
    }

    private static string Diamonds(IEnumerable<Findings.ModelFindings> models) =>
        models.Any(m => PublishedFigures.ReferenceOf(m.Name) is not null) ? "; diamonds are the published figures" : "";
}
