using System.Globalization;
using Patchbay.Cli.HeatMaps;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Sweeps;

/// <summary>Heat maps of a sweep's path-patching stages, models side by side.</summary>
internal static class SweepMaps
{
    /// <summary>Groups of heads that the sweep looks for, by name, in the plan's order.</summary>
    public static IReadOnlyList<string> Groups(SweepState state) =>
        [.. state.InOrder.Where(s => s.Stage.Kind == SweepResults.PathPatchingKind).Select(s => SweepResults.Group(s.Stage).Name).Distinct()];

    /// <summary>"B  position transmitter: mean relative change of the answer's probability".</summary>
    public static string Heading(SweepState state, string group)
    {
        var stage = state.InOrder.First(s => IsOf(s, group)).Stage;
        return $"{group}  {SweepResults.Group(stage).Title}: mean relative change of the answer's probability";
    }

    /// <summary>Whether some model has a result of the group.</summary>
    public static bool IsMeasured(SweepState state, string group) =>
        state.InOrder.Any(s => IsOf(s, group) && (s.Completed > 0 || s.Status == StageStatus.Completed));

    /// <summary>The group last worked on: the last in the plan's order of which some model has a result, or the first of all.
    /// Null where the sweep looks for no heads.</summary>
    public static string? Current(SweepState state)
    {
        var groups = Groups(state);
        return groups.LastOrDefault(g => IsMeasured(state, g)) ?? (groups.Count > 0 ? groups[0] : null);
    }

    /// <summary>A group's maps, one a model, on one scale. Of complete groups the heads are marked in which the next group's
    /// paths end; the others say how far they are.</summary>
    public static IReadOnlyList<HeatMap> Of(SweepState state, string group) =>
        HeatMap.OnOneScale([.. state.InOrder.Where(s => IsOf(s, group)).Select(s => Map(state, s))]);

    private static HeatMap Map(SweepState state, StageState stage)
    {
        var scores = SweepResults.Scores(state, stage);
        var note = stage.Status switch
        {
            StageStatus.Completed => SweepResults.Accuracy(state, stage.Stage.Model) is { } a ? $"accuracy {a.Share:0.00}" : "",
            StageStatus.Waiting => "waiting",
            _ => $"{stage.Completed} of {SweepText.Count(stage.Order.Length, "unit")}",
        };
        var map = new HeatMap(stage.Stage.Model, note, scores.Path.Scores) { StandardErrors = scores.Path.StandardErrors };
        return scores.IsComplete && int.TryParse(stage.Stage.Parameters.GetValueOrDefault("receivers"), NumberStyles.None,
            CultureInfo.InvariantCulture, out var receivers)
            ? map.MarkMostNegative(receivers)
            : map;
    }

    private static bool IsOf(StageState stage, string group) =>
        stage.Stage.Kind == SweepResults.PathPatchingKind && SweepResults.Group(stage.Stage).Name == group;
}
