using Patchbay.Cli.HeatMaps;

using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Where the circuit's heads look.</summary>
internal static class AttentionSection
{
    /// <summary>The section, or null where it was not measured.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Attention.Count > 0).ToArray();
        if (models.Length == 0) return null;
        string[] positions = [.. models.SelectMany(m => m.Attention).SelectMany(a => a.Weights.Keys).Distinct().OrderBy(p => p == "other")];
        List<Block> blocks =
        [
            new Figure("Attention from the group's position to each named position, in the mean over the group's heads and over prompts; a row adds up to 1.",
                [.. models.Select(m => new Picture(m.Name, $"Attention in {m.Name}", Matrix(input, m, positions)))], 2),
        ];
        blocks.Add(ReportTable.Of("Every head, with standard errors over prompts",
            ["model", "group", "head", .. positions.Select(p => ">" + Text(p))],
            from m in models
            from a in m.Attention
            select (Cell[])[m.Name, input.GroupCell(a.Group), a.Head.ToString(), .. positions
                .Select(p => a.Weights.TryGetValue(p, out var w) ? Numbers.Of(w) : (Cell)Numbers.None)]) with
        { IsFolded = true });
        return new("attention", "Where heads look", "How much attention a head pays from its group's position to each named position of the prompt, in the mean over prompts.",
            "Prakash et al. 2024, circuit discovery; docs/method.md", blocks, models.Select(m => new { m.Name, m.Attention }).ToArray());
    }

    private static string Text(string position) => position.Replace('_', ' ');

    private static System.Xml.Linq.XDocument Matrix(ReportInput input, ModelFindings model, string[] positions)
    {
        var groups = input.Groups.Select(g => g.Name).Where(g => model.Attention.Any(a => a.Group == g)).ToArray();
        var values = new double[groups.Length, positions.Length];
        foreach (var (r, group) in groups.Index())
            foreach (var (c, position) in positions.Index())
                values[r, c] = model.Attention.Where(a => a.Group == group)
                    .Select(a => a.Weights.TryGetValue(position, out var w) ? w.Value : 0).Average();
        return SvgMatrix.Draw(model.Name, [.. groups.Select(input.Titled)], [.. positions.Select(Text)], values);
    }
}
