using Patchbay.Cli.Charts;

using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Whether the kept heads carry their information on fresh triples.</summary>
internal static class FunctionalitySection
{
    /// <summary>The section, or null where it was not tested.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Functionality.Count > 0).ToArray();
        if (models.Length == 0) return null;
        var keys = models.SelectMany(m => m.Functionality).Select(f => (f.Group, f.Desideratum)).Distinct().ToArray();
        FunctionalityFinding? Find(ModelFindings m, (string Group, string Desideratum) key) =>
            m.Functionality.FirstOrDefault(f => (f.Group, f.Desideratum) == key);
        List<Block> blocks =
        [
            new Figure("Accuracy on fresh triples with the kept heads patched: mean over seeds, ± one standard error; dots are single seeds.",
                [.. models.Select(m => new Picture(m.Name, $"Functionality in {m.Name}", SvgBarChart.Draw(Chart(input, m))))], 2),
            ReportTable.Of("Mean accuracy over seeds ± standard error.", ["group", "desideratum", ">seeds", .. models.Select(m => ">" + m.Name)],
                keys.Select(key => (Cell[])
                [
                    input.GroupCell(key.Group), key.Desideratum, $"{models.Max(m => Find(m, key)?.Seeds.Count ?? 0)}",
                    .. models.Select(m => Mean(m, key)),
                ])),
        ];
        if (models.Length > 1)
            blocks.Add(new Note($"p values are of the difference from {models[0].Name}, by {ReportInput.Test(keys.All(IsPaired))}, over the triples "
                + "of all seeds; from .05 up it is not significant."));
        return new("functionality", "Functionality",
            "The heads that DCM kept are patched from source to base on triples of seeds that the mask never saw; the share answered as the desideratum asks.",
            "Prakash et al. 2024, circuit functionality; docs/method.md", blocks, models.Select(m => new { m.Name, m.Functionality }).ToArray());

        bool IsPaired((string Group, string Desideratum) key) => models.Select(m => Find(m, key)).OfType<FunctionalityFinding>().ToArray() is var all
            && all.All(f => Difference(all[0], f).IsPaired);

        Cell Mean(ModelFindings m, (string Group, string Desideratum) key)
        {
            if (Find(m, key) is not { } its) return Numbers.None;
            var mean = Numbers.Of(its.Mean);
            if (m == models[0] || Find(models[0], key) is not { } first) return mean;
            return mean with { Aside = $"{mean.Aside}, {Numbers.P(Difference(first, its).P)}" };
        }
    }

    /// <summary>All models answer the same triples.</summary>
    private static Tasks.ShareDifference Difference(FunctionalityFinding first, FunctionalityFinding second) =>
        ReportInput.Difference(Pooled(first), first.Answers, Pooled(second), second.Answers);

    /// <summary>All seeds' triples together.</summary>
    public static Tasks.Proportion Pooled(FunctionalityFinding finding) => new(finding.Seeds.Sum(s => s.Right), finding.Seeds.Sum(s => s.Count));

    private static BarChart Chart(ReportInput input, ModelFindings model) => new(model.Name, "accuracy on the desideratum",
    [
        .. model.Functionality.GroupBy(f => f.Group).Select(g => new BarGroup(input.Titled(g.Key),
            [.. g.Select(f => new Bar(f.Desideratum, f.Mean.Value, f.Mean.Value - f.Mean.Error, f.Mean.Value + f.Mean.Error)
        {
            Color = input.Color(f.Group),
            Dots = [.. f.Seeds.Select(s => s.Share)],
        })])),
    ]);
}
