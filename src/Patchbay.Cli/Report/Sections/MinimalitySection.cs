using Patchbay.Cli.Charts;

using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Every candidate head's significance for its circuit.</summary>
internal static class MinimalitySection
{
    private const double Threshold = 0.01;

    /// <summary>The section, or null where no head was tested.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Minimality.Count > 0).ToArray();
        if (models.Length == 0) return null;
        List<Block> blocks =
        [
            new Figure("Significance of the candidates, group by group from the most to the least, in the groups' colours. Dashed: 0.01, from which a head is "
                + "kept. Heads without which nothing is right are at the top.",
                [.. models.Select(m => new Picture(m.Name, $"Significance in {m.Name}", SvgScatter.Draw(Chart(input, m))))], 4),
            Summary(input, models), Heads(input, models),
        ];
        return new("minimality", "Minimality",
            "A head v is kept when the circuit without some partners K answers clearly more often than without K and v: F(C∖K) / F(C∖(K+v)) − 1 of at least "
                + "0.01, K being the heads that most mask v's absence.",
            "Wang et al. 2023; Prakash et al. 2024, circuit evaluation; docs/method.md", blocks,
                models.Select(m => new { m.Name, m.Minimality }).ToArray());
    }

    private static Scatter Chart(ReportInput input, ModelFindings model)
    {
        var highest = model.Minimality.Select(m => m.Significance).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        var points = model.Minimality.OrderBy(m => input.Color(m.Group)).ThenByDescending(m => m.Significance)
            .Select((m, i) => new ScatterPoint($"{m.Head} {m.Group}, {(m.Kept ? "kept" : "left out")}", i + 1,
                double.IsFinite(m.Significance) ? m.Significance : highest * 1.05, input.Color(m.Group)));
        return new(model.Name, "candidate heads", "significance", [.. points]) { Threshold = Threshold };
    }

    private static ReportTable Summary(ReportInput input, ModelFindings[] models)
    {
        var groups = input.Groups.Where(g => models.Any(m => m.Minimality.Any(x => x.Group == g.Name))).ToArray();
        return ReportTable.Of("Heads kept of the candidates; quieter: median significance.",
            ["model", .. groups.Select(g => ">" + input.Titled(g.Name))],
            models.Select(m => (Cell[])
            [m.Name, .. groups.Select(g => m.Minimality.Where(x => x.Group == g.Name).OrderBy(x => x.Significance).ToArray() is { Length: > 0 } heads
                ? new Cell($"{heads.Count(x => x.Kept)} of {heads.Length}", Numbers.Share(heads[heads.Length / 2].Significance))
                : Numbers.None)]));
    }

    private static ReportTable Heads(ReportInput input, ModelFindings[] models) => ReportTable.Of("Every candidate",
        ["model", "group", "head", ">F(C∖K)", ">F(C∖(K+v))", ">partners", ">significance", ""],
        from m in models
        from x in m.Minimality
        select (Cell[])[m.Name, input.GroupCell(x.Group), x.Head.ToString(), Numbers.Of(x.Without), Numbers.Of(x.WithoutBoth), $"{x.Partners}",
            Numbers.Share(x.Significance), x.Kept ? "kept" : "left out"]) with
    { IsFolded = true };
}
