using Patchbay.Cli.Charts;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Accuracy when heads are patched from the counterfactual prompts.</summary>
internal static class PatchedSection
{
    /// <summary>The section, or null where nothing was patched so.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Patched.Count > 0).ToArray();
        if (models.Length == 0) return null;
        var rows = models.SelectMany(m => m.Patched.Select(p => (Cell[])
            [m.Name, new(p.Heads, Group: input.ColorOf(p.Heads)), p.Position.Replace('_', ' '), Numbers.Of(p.Right),
                m.Accuracy is { } a ? Numbers.Of(a.Right) : Numbers.None, Numbers.Of(p.Change)]));
        return new("patched", "Patched heads",
            "Heads are set to their activations on the counterfactual prompts; what remains is how often the answer is still the clean prompt's, and how its probability changes.",
            "Zhang and Nanda 2024; docs/method.md",
            [
                new Figure("Share of prompts still answered as the clean prompt asks, with 95 % Wilson intervals. Solid line: nothing patched.",
                    [.. models.Select(m => new Picture(m.Name, $"Patched heads in {m.Name}", SvgBarChart.Draw(new(m.Name, "still right",
                    [new("", [.. m.Patched.Select(p => Bar.Of(p.Heads, p.Right) with { Color = input.ColorOf(p.Heads) })])])
                { Lines = m.Accuracy is { } a ? [new(a.Right.Share, "accuracy", false)] : [] })))], 2),
                ReportTable.Of("Heads patched from the counterfactual prompts; change is relative, of the answer's probability, ± standard error.",
                    ["model", "heads", "position", ">still right", ">nothing patched", ">change"], rows),
            ], models.Select(m => new { m.Name, m.Patched }).ToArray());
    }
}
