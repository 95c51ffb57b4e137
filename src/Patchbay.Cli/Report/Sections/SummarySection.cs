
using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>The main figures of every model in one table.</summary>
internal static class SummarySection
{
    /// <summary>The section, or null where nothing was found yet.</summary>
    public static Section? Of(ReportInput input)
    {
        var findings = input.Findings;
        var columns = new (string Heading, Func<ModelFindings, Cell?> Cell)[]
        {
            (">accuracy", m => m.Accuracy is { } a ? Numbers.Of(a.Right) : (Cell?)null),
            (">against base", m => Difference(findings, m)),
            (">heads in circuit", m => m.Circuit.Count > 0 ? new Cell($"{m.Circuit.Values.Sum(h => h.Count)}",
                string.Join(" + ", input.Groups.Select(g => m.Circuit.GetValueOrDefault(g.Name)?.Count ?? 0))) : (Cell?)null),
            (">base's heads that are its", m => Shared(input, m)),
            (">faithfulness of base's circuit", m => findings.Circuits.FirstOrDefault(c =>
                c.CircuitOf == findings.Models[0].Name && c.Model == m.Name && !c.ElsewhereOwn) is { } c ? (Cell)Numbers.Share(c.Faithfulness, "0.00") : (Cell?)null),
            (">base with its circuit", m => findings.Cmap.FirstOrDefault(c => c.Donor == m.Name && c is { Group: "circuit", Form: "output" }) is { } c
                ? Numbers.Of(c.Patched) : (Cell?)null),
        };
        var shown = columns.Where(c => findings.Models.Any(m => c.Cell(m) is not null)).ToArray();
        if (shown.Length == 0) return null;
        return new("summary", "At a glance", "The main figures of every model; each has its section, with how it is measured, below.", "",
            [ReportTable.Of($"Base: {findings.Models[0].Name}. Quieter: 95 % intervals, heads by group ({string.Join(", ", input.Groups.Select(g => g.Name))}), p values.",
                ["model", .. shown.Select(c => c.Heading)], findings.Models.Select(m =>
                    (Cell[])[m.Name, .. shown.Select(c => c.Cell(m) ?? Numbers.None)]))]);
    }

    private static Cell? Difference(SweepFindings findings, ModelFindings model)
    {
        if (model == findings.Models[0] || findings.Models[0].Accuracy is not { } first || model.Accuracy is not { } its) return null;
        var difference = ReportInput.Difference(first.Right, first.Answers, its.Right, its.Answers);
        return new(Numbers.Difference(difference.Value), Numbers.Significance(difference.P));
    }

    private static Cell? Shared(ReportInput input, ModelFindings model)
    {
        var overlaps = model == input.Findings.Models[0] ? [] : OverlapSection.Between(input.Groups, input.Findings.Models[0], model).ToArray();
        return overlaps.Length == 0 ? (Cell?)null : new Cell($"{overlaps.Sum(o => o.Overlap.Shared)} of {overlaps.Sum(o => o.Overlap.First)}");
    }
}
