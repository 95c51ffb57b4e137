using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Overlap of one group of two models.</summary>
/// <param name="Model">The model.</param>
/// <param name="Group">The group.</param>
/// <param name="Overlap">Of the base's heads and the model's.</param>
internal sealed record GroupOverlap(string Model, string Group, CircuitOverlap Overlap);

/// <summary>How far the base's circuit is the fine-tuned models'.</summary>
internal static class OverlapSection
{
    /// <summary>The section, or null where no two models can be compared.</summary>
    public static Section? Of(ReportInput input)
    {
        var (first, others) = (input.Findings.Models[0], input.Findings.Models.Skip(1).ToArray());
        var overlaps = others.SelectMany(m => Between(input.Groups, first, m)).ToArray();
        if (overlaps.Length == 0) return null;
        var rows = overlaps.Select(o => (Cell[])
        [
            o.Model, input.GroupCell(o.Group), $"{o.Overlap.First}", $"{o.Overlap.Second}", $"{o.Overlap.Shared}",
            Share(o.Overlap.Precision), Share(o.Overlap.Recall), Share(o.Overlap.Jaccard), Share(o.Overlap.RankCorrelation), Published(o),
        ]);
        List<Block> blocks =
        [
            ReportTable.Of($"Overlap with the circuit of {first.Name}. Precision: share of its heads that the model's circuit has; recall: share of the "
                + $"model's that it has; rank: Spearman's correlation of all scores.",
                ["model", "group", ">heads of base", ">heads of model", ">shared", ">precision", ">recall", ">Jaccard", ">rank",
                    ">published (7B)"], rows),
        ];
        foreach (var model in others.Where(m => (m.Layers, m.Heads) != (first.Layers, first.Heads)))
            blocks.Add(new Note($"{model.Name} has {model.Layers} layers of {model.Heads} heads and {first.Name} {first.Layers} of {first.Heads}: not compared."));
        return new("overlap", "Overlap of circuits",
            "Of two models' circuits, group by group, the share of each one's heads that are the other's too.",
            "Prakash et al. 2024, appendix; docs/method.md", blocks, overlaps);
    }

    /// <summary>Overlaps of two models' circuits, group by group; none where their shapes differ.</summary>
    public static IEnumerable<GroupOverlap> Between(IReadOnlyList<PathGroup> groups, ModelFindings first, ModelFindings second) =>
        from g in groups
        where (first.Layers, first.Heads) == (second.Layers, second.Heads)
        let a = first.Scores.FirstOrDefault(s => s.Group.Name == g.Name)
        let b = second.Scores.FirstOrDefault(s => s.Group.Name == g.Name)
        where a is not null && b is not null && first.Circuit.ContainsKey(g.Name) && second.Circuit.ContainsKey(g.Name)
        select new GroupOverlap(second.Name, g.Name, CircuitOverlap.Of(a, [.. first.Circuit[g.Name]], b, [.. second.Circuit[g.Name]]));

    private static string Share(double value) => Numbers.Share(value, "0.00");

    private static Cell Published(GroupOverlap overlap) =>
        PublishedFigures.Overlap(PublishedFigures.ReferenceOf(overlap.Model), overlap.Group) is { } published
        ? new Cell(Share(published.Precision), $"recall {Share(published.Recall)}")
        : Numbers.None;
}
