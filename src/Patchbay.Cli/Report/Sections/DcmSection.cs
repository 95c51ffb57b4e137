using Patchbay.Cli.Charts;
using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Which heads of a group carry which information.</summary>
internal static class DcmSection
{
    /// <summary>The section, or null where DCM was not run.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Dcm.Count > 0).ToArray();
        if (models.Length == 0) return null;
        List<Block> blocks =
        [
            new Figure("Accuracy on held-out triples when the kept heads (full colour) or the whole group (pale) are patched from source to base, with 95 % Wilson intervals.",
                [.. models.Select(m => new Picture(m.Name, $"DCM in {m.Name}", SvgBarChart.Draw(Chart(input, m))))], 2),
            ReportTable.Of("Heads kept by the mask, measured and published, and accuracy with them.",
                ["model", "group", "desideratum", ">kept", ">of", ">published (7B)", ">kept heads", ">whole group", "kept against whole"],
                    Rows(input, models)),
            new Note($"Kept heads and whole group are compared by {ReportInput.Test(models.All(m => m.Dcm.All(d => Difference(d).IsPaired)))}."),
            ReportTable.Of("Kept heads and the trained mask of every head of the group, before rounding; a head is kept where its mask is below a half",
                ["model", "group", "desideratum", "kept heads", "mask"], models.SelectMany(m => m.Dcm.Select(d =>
                    (Cell[])[m.Name, input.GroupCell(d.Group), d.Desideratum, string.Join("  ", d.Heads),
                        string.Join("  ", d.Mask.Select(x => Numbers.Share(x, "0.00")))]))) with { IsFolded = true },
        ];
        return new("dcm", "What each group carries (DCM)",
            "Desiderata-based component masking trains a mask over a group's heads such that patching few of them from a source prompt into a base prompt "
                + "makes the model answer what it should if they carry the information: the object's value, the box label's value, or its position.",
            "Davies et al. 2023; Prakash et al. 2024, circuit functionality; docs/method.md", blocks,
                models.Select(m => new { m.Name, m.Dcm }).ToArray());
    }

    private static BarChart Chart(ReportInput input, ModelFindings model) => new(model.Name, "accuracy on the desideratum",
    [
        .. model.Dcm.GroupBy(d => d.Group).Select(g => new BarGroup(input.Titled(g.Key),
        [
            .. g.SelectMany(d => new[]
            {
                Bar.Of($"{d.Desideratum}, {d.Heads.Count} of {d.GroupSize}", d.Test) with { Color = input.Color(d.Group) },
                Bar.Of("whole group", d.AllHeads) with { Color = input.Color(d.Group), IsPale = true },
            }),
        ])),
    ]);

    private static Tasks.ShareDifference Difference(DcmFinding d) =>
        ReportInput.Difference(d.AllHeads, d.AllHeadsAnswers, d.Test, d.TestAnswers);

    private static IEnumerable<Cell[]> Rows(ReportInput input, ModelFindings[] models) =>
        from m in models
        from d in m.Dcm
        let difference = Difference(d)
        let published = PublishedFigures.DcmHeads(PublishedFigures.ReferenceOf(m.Name), d.Group, d.Desideratum)
        select (Cell[])
        [
            m.Name, input.GroupCell(d.Group), d.Desideratum, $"{d.Heads.Count}", $"{d.GroupSize}", published is { } heads ? $"{heads}" : Numbers.None,
            Numbers.Of(d.Test), Numbers.Of(d.AllHeads), $"{Numbers.Difference(difference.Value)}, {Numbers.Significance(difference.P)}",
        ];
}
