using Patchbay.Cli.Charts;
using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Each model's circuit as a graph over positions and layers.</summary>
internal static class CircuitSection
{
    /// <summary>The section, or null where no model has a circuit.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Circuit.Values.Any(heads => heads.Count > 0)).ToArray();
        if (models.Length == 0) return null;
        var pictures = models.Select(m => new Picture(m.Name, $"Circuit of {m.Name}", SvgCircuitGraph.Draw(Graph(input, m)))).ToArray();
        var groups = input.Groups.Where(g => models.Any(m => m.Circuit.ContainsKey(g.Name))).ToArray();
        List<Block> blocks =
        [
            new Figure($"Circuits over positions and layers. A dot is a head with its number in the layer; colours are groups: "
                + $"{string.Join(", ", groups.Select(g => $"{g.Name} {g.Title}"))}. "
                + "A curve leads from a head to each receiver in a higher layer, more clearly the stronger its score.", pictures, 2),
            Sizes(input, models, groups), Heads(input, models, groups),
        ];
        return new("circuits", "Circuits",
            "A model's circuit is its groups of heads, each found by the paths to the heads of the group after it: D passes position to C, C to B, B to A, "
                + "and A writes the answer.",
            "Prakash et al. 2024, figure 1", blocks, models.Select(m => new { m.Name, m.Circuit }).ToArray());
    }

    private static CircuitGraph Graph(ReportInput input, ModelFindings model)
    {
        // The chain goes from the logits backwards, the prompt from left to right.
        CircuitLane[] lanes = [.. input.Groups.Reverse()
            .Select(g => new CircuitLane(g.Name, input.Color(g.Name)!.Value, g.Position.Replace('_', ' ')))];
        var nodes = (from g in input.Groups
                     from head in model.Circuit.GetValueOrDefault(g.Name) ?? []
                     let score = Score(model, g, head)
                     select (Group: g, Score: score, Node: new CircuitNode(head, input.Color(g.Name)!.Value,
                         Array.FindIndex(lanes, l => l.Name == g.Name),
                         $" {g.Title}{(double.IsNaN(score) ? "" : $": {Numbers.Share(score)}")}"))).ToArray();
        var edges = new List<CircuitEdge>();
        foreach (var (from, (group, score, node)) in nodes.Index())
        {
            var strongest = nodes.Where(n => n.Group == group).Min(n => n.Score);
            var strength = strongest < 0 ? score / strongest : 0.5;
            if (group.ReceiversFrom is null) edges.Add(new(from, null, strength));
            else edges.AddRange(nodes.Index().Where(n => n.Item.Group.Name == group.ReceiversFrom && n.Item.Node.Head.Layer > node.Head.Layer)
                .Select(n => new CircuitEdge(from, n.Index, strength)));
        }
        return new(model.Name, lanes, model.Layers, [.. nodes.Select(n => n.Node)], edges);
    }

    private static double Score(ModelFindings model, PathGroup group, Head head) =>
        model.Scores.FirstOrDefault(s => s.Group.Name == group.Name) is { } scores ? scores.Scores[head.Layer, head.Index] : double.NaN;

    private static ReportTable Sizes(ReportInput input, ModelFindings[] models, PathGroup[] groups) => ReportTable.Of(
        "Heads of each group, with the published circuit's beside them.", ["model", .. groups.Select(g => ">" + g.Name), ">all", ">published (7B)"],
        models.Select(m => (Cell[])
        [
            m.Name, .. groups.Select(g => m.Circuit.GetValueOrDefault(g.Name) is { } heads ? $"{heads.Count}" : (Cell)Numbers.None),
            $"{m.Circuit.Values.Sum(h => h.Count)}", Published(groups, PublishedFigures.ReferenceOf(m.Name)),
        ]));

    private static Cell Published(PathGroup[] groups, string? reference)
    {
        var sizes = groups.Select(g => PublishedFigures.CircuitSize(reference, g.Name)).ToArray();
        return sizes.Any(s => s is null) ? Numbers.None : new Cell($"{sizes.Sum()}", string.Join(" + ", sizes));
    }

    private static ReportTable Heads(ReportInput input, ModelFindings[] models, PathGroup[] groups) => ReportTable.Of(
        "Every head of the circuits, layer.head, most negative first", ["model", "group", "heads"],
        from m in models
        from g in groups
        where m.Circuit.GetValueOrDefault(g.Name) is { Count: > 0 }
        select (Cell[])[m.Name, input.GroupCell(g.Name), string.Join("  ", m.Circuit[g.Name])]) with
    { IsFolded = true };
}
