namespace Patchbay.Report;

/// <summary>Heat maps of a sweep's path-patching stages, models side by side.</summary>
internal static class SweepMaps
{
    /// <summary>Groups of heads that the sweep looks for, by name, in the plan's order.</summary>
    public static IReadOnlyList<string> Groups(SweepState state) =>
        [.. state.InOrder.Where(s => s.Stage.Kind == Kinds.PathPatching).Select(s => SweepResults.Group(s.Stage).Name)
            .Distinct()];

    /// <summary>"B  position transmitter: mean relative change of the answer's probability".</summary>
    public static string Heading(SweepState state, string group)
    {
        var stage = state.InOrder.First(s => IsOf(s, group)).Stage;
        return $"{SweepResults.Group(stage).Titled("  ")}: {stage.Parameters.As<PathPatchingParameters>().InWords}";
    }

    /// <summary>Whether some model has a result of the group.</summary>
    public static bool IsMeasured(SweepState state, string group) =>
        state.InOrder.Any(s => IsOf(s, group) && (s.Completed > 0 || s.Status == StageStatus.Completed));

    /// <summary>The group last worked on: the last in the plan's order of which some model has a result, or the first
    /// of all. Null where the sweep looks for no heads.</summary>
    public static string? Current(SweepState state)
    {
        var groups = Groups(state);
        return groups.LastOrDefault(g => IsMeasured(state, g)) ?? (groups.Count > 0 ? groups[0] : null);
    }

    /// <summary>A group's maps, one a model, on one scale. Of complete groups the circuit's heads are marked;
    /// the others say how far they are.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="group">The group.</param>
    /// <param name="models">Whose maps; the scale is all models'. Null for all.</param>
    public static IReadOnlyList<HeatMap> OfGroup(SweepState state, string group, IReadOnlyList<string>? models = null)
    {
        var stages = state.InOrder.Where(s => IsOf(s, group)).ToArray();
        var scales = HeatMap.OnOneScale([.. stages.Select(s => new HeatMap(s.Stage.Model, "",
            SweepResults.Scores(state, s).Scores))]);
        return [.. stages.Zip(scales).Where(s => models?.Contains(s.First.Stage.Model) != false).Select(s =>
            Map(state, s.First) with { SharedLimit = s.Second.SharedLimit, IsClipped = s.Second.IsClipped })];
    }

    private static HeatMap Map(SweepState state, StageState stage)
    {
        var scores = SweepResults.Scores(state, stage);
        var note = stage.Status switch
        {
            StageStatus.Completed => SweepResults.Accuracy(state, stage.Stage.Model) is { } a
                ? $"accuracy {a.Share:0.00}" : "",
            StageStatus.Waiting => "waiting",
            _ => $"{stage.Completed} of {SweepText.Count(stage.Order.Length, "unit")}",
        };
        return Map(state, stage, stage.Stage.Model, note, scores);
    }

    private static HeatMap Map(SweepState state, StageState stage, string name, string title, PathScores scores)
    {
        var map = new HeatMap(name, title, scores.Scores) { StandardErrors = scores.StandardErrors };
        return !scores.IsComplete ? map : map with
        {
            Marked = SweepResults.CompleteGroups(state, stage.Stage.Model).GetValueOrDefault(scores.Group.Name) ?? [],
        };
    }

    /// <summary>One model's maps, one a group, the circuit's heads marked.</summary>
    public static IReadOnlyList<HeatMap> OfModel(SweepState state, string model) =>
    [
        .. SweepResults.PathPatching(state, model).Select(stage =>
        {
            var scores = SweepResults.Scores(state, stage);
            return Map(state, stage, scores.Group.Name, scores.Group.Title, scores);
        }),
    ];

    /// <summary>The strongest heads of each map with score and standard error, a column per group.</summary>
    public static Table Strongest(IReadOnlyList<HeatMap> maps)
    {
        const int rows = 5;
        var table = new Table { Border = TableBorder.Simple };
        foreach (var map in maps) table.AddColumn(new TableColumn(new Text(map.Titled(" "))).NoWrap());
        var strongest = maps.Select(map => map.MarkMostNegative(rows)).ToArray();
        for (var row = 0; row < strongest.Select(map => map.Marked.Count).DefaultIfEmpty(0).Max(); row++)
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

    private static bool IsOf(StageState stage, string group) =>
        stage.Stage.Kind == Kinds.PathPatching && SweepResults.Group(stage.Stage).Name == group;
}
