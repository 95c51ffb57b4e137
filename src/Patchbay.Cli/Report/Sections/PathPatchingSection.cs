using Patchbay.Cli.HeatMaps;
using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Heat maps of all heads' scores, models side by side, the circuit's heads outlined.</summary>
internal static class PathPatchingSection
{
    private const double MapSize = 256;

    /// <summary>The section, or null where no head was scored.</summary>
    public static Section? Of(ReportInput input)
    {
        var groups = input.Groups.Where(g => input.Findings.Models.Any(m => Scores(m, g) is not null)).ToArray();
        if (groups.Length == 0) return null;
        List<Block> blocks = [.. groups.Select(g => Maps(input, g)), Strongest(input, groups)];
        return new("path-patching", "Path patching of every head",
            "A head's score is the mean relative change of the answer's probability, (p patched − p clean) / p clean, when its output at the group's position "
                + "comes from a counterfactual prompt, along the paths to the group's receivers alone; strongly negative means important.",
            "Wang et al. 2023; Prakash et al. 2024, circuit discovery; docs/method.md", blocks,
            input.Findings.Models.Where(m => m.Scores.Count > 0).Select(m => new { m.Name, m.Scores }).ToArray());
    }

    private static PathScores? Scores(ModelFindings model, PathGroup group) => model.Scores.FirstOrDefault(s => s.Group.Name == group.Name);

    private static Figure Maps(ReportInput input, PathGroup group)
    {
        var maps = HeatMap.OnOneScale([.. input.Findings.Models.Where(m => Scores(m, group) is not null).Select(m => Map(m, group))]);
        var from = group.ReceiversFrom is { } receivers
            ? $"through {group.Composition.ToString().ToLowerInvariant()} of the strongest heads of {receivers}"
            : "straight to the logits";
        return new($"{group.Name}, {group.Title}: senders at {Position(group.Position)}, paths {from}. Layers downwards, heads across; all models on one "
            + $"colour scale; outlined: the circuit's heads.",
            [.. maps.Select(map => new Picture($"{group.Name}-{map.Name}", $"Scores of {group.Name} in {map.Name}",
                SvgPanel.Picture(map, MapSize)))], 4);
    }

    private static HeatMap Map(ModelFindings model, PathGroup group)
    {
        var scores = Scores(model, group)!;
        var heads = model.Circuit.GetValueOrDefault(group.Name) ?? [];
        return new(model.Name, heads.Count > 0 ? Numbers.Count(heads.Count, "head") : "", scores.Scores)
        {
            StandardErrors = scores.StandardErrors,
            Marked = [.. heads.Select(h => new HeatMapCell(h.Layer, h.Index))],
        };
    }

    private static ReportTable Strongest(ReportInput input, IEnumerable<PathGroup> groups)
    {
        const int Shown = 4;
        var anyPublished = groups.Any(g => input.Findings.Models.Any(m =>
            PublishedFigures.Strongest(PublishedFigures.ReferenceOf(m.Name), g.Name).Count > 0));
        var rows = from g in groups
                   from m in input.Findings.Models
                   let scores = Scores(m, g)
                   where scores is not null
                   let top = scores.Top(Shown)
                   select (Cell[])
                   [
                       input.GroupCell(g.Name), m.Name,
                       .. top.Select(h => new Cell(h.ToString(), Numbers.Score(scores.Scores[h.Layer, h.Index],
                           scores.StandardErrors[h.Layer, h.Index]))),
                       .. anyPublished ? [string.Join("  ", PublishedFigures.Strongest(PublishedFigures.ReferenceOf(m.Name), g.Name))] : (Cell[])[],
                   ];
        string[] headings = ["group", "model", "strongest", "second", "third", "fourth", .. anyPublished ? ["published (7B)"] : (string[])[]];
        return ReportTable.Of("Strongest heads (layer.head), with score and its standard error over prompts.", headings, rows);
    }

    /// <summary>A position as people call it.</summary>
    public static string Position(string name) => name switch
    {
        Tasks.PositionNames.Last => "the last token",
        _ => $"the {name.Replace('_', ' ')}",
    };
}
