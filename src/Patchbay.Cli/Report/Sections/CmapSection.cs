using Patchbay.Cli.Charts;
using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>What the fine-tuned models' activations do in the base.</summary>
internal static class CmapSection
{
    /// <summary>The section, or null where nothing was patched across models.</summary>
    public static Section? Of(ReportInput input)
    {
        var all = input.Findings.Cmap;
        if (all.Count == 0) return null;
        var donors = all.GroupBy(c => (c.Donor, c.Into)).ToArray();
        List<Block> blocks =
        [
            new Figure("Accuracy of the base with a fine-tuned model's activations of a group or of the whole circuit, with 95 % Wilson intervals. Dashed "
                + "line: the base's own accuracy, the floor; solid line: the fine-tuned model's, the target; diamonds are published.",
                [.. donors.Select(d => new Picture($"{d.Key.Donor}-into-{d.Key.Into}", $"{d.Key.Donor} into {d.Key.Into}",
                    SvgBarChart.Draw(Chart(input, [.. d]))))], 2),
            ReportTable.Of("Accuracy with the donor's activations, published and measured. Closed: share of the way from floor to target.",
                ["donor and base", "form", "group", ">heads", ">patched", ">published (7B)", ">closed", ">above floor", "significance"],
                    all.Select(c => Row(input, c))),
            ReportTable.Of("Floors and targets: base and donor on the same prompts.", ["donor and base", ">floor", ">target"], donors
                .Select(d => (Cell[])[Pair(d.First()), Numbers.Of(d.First().Floor), Numbers.Of(d.First().Target)])),
            new Note($"Patched and floor answer the same prompts; they are compared by {ReportInput.Test(all.All(c => Difference(c).IsPaired))}."),
        ];
        return new("cmap", "What fine-tuning improved (CMAP)",
            "Cross-model activation patching runs the fine-tuned model on a prompt and sets its activations of some heads into the base model on the same "
                + "prompt; what lifts the base's accuracy is what fine-tuning improved.",
            "Prakash et al. 2024, cross-model activation patching; docs/method.md", blocks, all);
    }

    private static Tasks.ShareDifference Difference(CmapFinding c) => ReportInput.Difference(c.Floor, c.FloorAnswers, c.Patched, c.PatchedAnswers);

    private static double? Published(CmapFinding c) => c.Form == "output" && PublishedFigures.ReferenceOf(c.Into) == "llama"
        ? PublishedFigures.Cmap(PublishedFigures.ReferenceOf(c.Donor), c.Group)
        : null;

    private static string Pair(CmapFinding c) => $"{c.Donor} → {c.Into}";

    private static Cell[] Row(ReportInput input, CmapFinding c)
    {
        var difference = Difference(c);
        var closed = c.Target is { } target && target.Share > c.Floor.Share
            ? (c.Patched.Share - c.Floor.Share) / (target.Share - c.Floor.Share) : double.NaN;
        return
        [
            Pair(c), c.Form, c.Group == "circuit" ? "whole circuit" : input.GroupCell(c.Group), $"{c.Heads}", Numbers.Of(c.Patched),
                Numbers.Published(Published(c)),
            Numbers.Share(closed, "0 %"), Numbers.Of(difference), Numbers.Significance(difference.P),
        ];
    }

    private static BarChart Chart(ReportInput input, CmapFinding[] findings)
    {
        var first = findings[0];
        List<BarLine> lines = [new(first.Floor.Share, "floor", IsDashed: true)];
        if (first.Target is { } target) lines.Add(new(target.Share, "target", IsDashed: false));
        return new($"{first.Donor} into {first.Into}", "accuracy",
        [
            .. findings.GroupBy(c => c.Form).Select(form => new BarGroup($"{form.Key} form",
                [.. form.Select(c => Bar.Of(c.Group == "circuit" ? "whole circuit" : c.Group,
                    c.Patched) with { Color = input.Color(c.Group), Published = Published(c) })])),
        ])
        { Lines = lines };
    }
}
