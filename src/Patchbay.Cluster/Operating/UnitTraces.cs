using System.Diagnostics;
using Patchbay.Cluster.Dispatch;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Operating;

/// <summary>
/// One trace for each unit, from the moment that it is handed out until its results are recorded: a span "unit" and,
/// within it, "hand out" (it waits for its model), "compute" and "record". The sweep's actor sees both ends and is told
/// how long the unit took, so no message has to carry a trace from node to node. Where nobody listens, nothing is kept.
/// </summary>
internal sealed class UnitTraces(string sweep)
{
    private readonly Dictionary<string, Activity> open = new(StringComparer.Ordinal);

    /// <summary>A unit was handed to a worker; one that had it before has lost it.</summary>
    public void HandedOut(HandOut given, SweepState state)
    {
        if (!Telemetry.Activities.HasListeners()) return;
        if (open.Remove(given.Unit, out var lost)) End(lost, DateTime.UtcNow, "handed out again");
        var stage = state.Stages[UnitId.StageOf(given.Unit)].Stage;
        var unit = Start("unit", default, DateTime.UtcNow);
        if (unit is null) return;
        unit.SetTag("sweep", sweep).SetTag("unit", given.Unit).SetTag("attempt", state.Unit(given.Unit)!.Failures + 1);
        unit.SetTag("model", stage.Model).SetTag("stage", stage.Kind).SetTag("worker", given.Worker);
        open[given.Unit] = unit;
    }

    /// <summary>Its outcome is recorded.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <param name="recording">How long recording it took.</param>
    /// <param name="error">Why it failed, or null.</param>
    public void Recorded(UnitOutcome outcome, TimeSpan recording, string? error)
    {
        if (!open.Remove(outcome.Unit, out var unit)) return;
        var now = DateTime.UtcNow;
        var came = Later(now - recording, unit.StartTimeUtc);
        var began = Later(came - TimeSpan.FromSeconds(outcome.Seconds), unit.StartTimeUtc);
        Span("hand out", unit, unit.StartTimeUtc, began);
        Span("compute", unit, began, came);
        Span("record", unit, came, now);
        End(unit, now, error);
    }

    private static void Span(string name, Activity unit, DateTime from, DateTime to)
    {
        if (Start(name, unit.Context, from) is { } span) End(span, to, null);
    }

    // An activity of this process that is current would become the parent, and the new one would stay current.
    private static Activity? Start(string name, ActivityContext parent, DateTime from)
    {
        Activity.Current = null;
        var activity = Telemetry.Activities.StartActivity(name, ActivityKind.Internal, parent, startTime: from);
        Activity.Current = null;
        return activity;
    }

    private static void End(Activity activity, DateTime at, string? error)
    {
        if (error is not null) activity.SetStatus(ActivityStatusCode.Error, error);
        activity.SetEndTime(at);
        activity.Stop();
        Activity.Current = null;
    }

    private static DateTime Later(DateTime a, DateTime b) => a > b ? a : b;
}
