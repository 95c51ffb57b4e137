using Patchbay.Cli.HeatMaps;
using Patchbay.Experiments;
using Patchbay.Models;
using Spectre.Console;

namespace Patchbay.Cli.Results;

/// <summary>How a path-patching result is shown: as scores of a report, as heat maps, as a table of the strongest heads.</summary>
internal static class PathPatchingOutput
{
    /// <summary>Rows of the table of strongest heads.</summary>
    private const int Strongest = 5;

    /// <summary>Scores as a report holds them.</summary>
    public static IReadOnlyList<GroupScores> Groups(PathPatchingResult result) =>
    [
        .. result.Groups.Select(g => new GroupScores(g.Group.Name, g.Group.Title, g.Scores, g.StandardErrors,
            [.. g.Receivers.Select(r => (r.Layer, r.Index))], g.Seconds)),
    ];

    /// <summary>A heat map per group, its most negative heads marked.</summary>
    /// <param name="groups">The scores.</param>
    /// <param name="chain">The chain that they are groups of.</param>
    /// <param name="counts">Heads to mark, in the chain's order; the last number holds for all further groups.</param>
    public static IReadOnlyList<HeatMap> Maps(IReadOnlyList<GroupScores> groups, PathChain chain, IReadOnlyList<int> counts) =>
    [
        .. groups.Select(group =>
        {
            var index = chain.Groups.TakeWhile(g => g.Name != group.Name).Count();
            var map = new HeatMap(group.Name, group.Title, group.Scores) { StandardErrors = group.StandardErrors };
            return map.MarkMostNegative(counts[Math.Min(index, counts.Count - 1)]);
        }),
    ];

    /// <summary>The strongest heads of each map with score and standard error, a column per group.</summary>
    public static Table Table(IReadOnlyList<HeatMap> maps)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var map in maps) table.AddColumn(new TableColumn(new Text($"{map.Name} {map.Title}")).NoWrap());
        var strongest = maps.Select(map => map.MarkMostNegative(Strongest)).ToArray();
        var rows = strongest.Select(map => map.Marked.Count).DefaultIfEmpty(0).Max();
        for (var row = 0; row < rows; row++)
            table.AddRow(strongest.Select(map => new Text(row < map.Marked.Count ? Line(map, map.Marked[row]) : "")));
        return table;
    }

    private static string Line(HeatMap map, Head head)
    {
        var error = map.StandardErrors?[head.Layer, head.Index] ?? double.NaN;
        var score = map.Scores[head.Layer, head.Index];
        // As many digits as tell the score: three for the strongest of the map.
        var digits = map.Limit == 0 ? 4 : 2 - (int)Math.Floor(Math.Log10(map.Limit));
        var format = digits is >= -2 and <= 9 ? "0." + new string('0', Math.Max(digits, 4)) : "0.00e0";
        return $"{head,-6} {score.ToString(format)}" + (double.IsFinite(error) ? $" ± {error.ToString(format)}" : "");
    }
}
