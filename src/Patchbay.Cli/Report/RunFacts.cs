using System.Globalization;
using Patchbay.Cli.Sweeps;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Report;

/// <summary>What was run, by whom, when and how long.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Plan">What it does.</param>
/// <param name="Status">"completed".</param>
/// <param name="Code">Version of the program that planned it.</param>
/// <param name="Started">When it was first started, or null.</param>
/// <param name="Last">When its last event was recorded, or null.</param>
/// <param name="Nodes">Processes that ran its units, with how many each.</param>
/// <param name="Stages">Its stages.</param>
/// <param name="Missing">What is not complete, a line each.</param>
internal sealed record RunFacts(string Sweep, SweepPlan Plan, string Status, string? Code, DateTimeOffset? Started, DateTimeOffset? Last,
    IReadOnlyList<NodeShare> Nodes, IReadOnlyList<StageTime> Stages, IReadOnlyList<string> Missing)
{
    /// <summary>Seconds of all units together.</summary>
    public double Seconds => Stages.Sum(s => s.Seconds);

    /// <summary>The facts of a sweep.</summary>
    public static RunFacts Of(string sweep, SweepState state, IReadOnlyList<RecordedEvent> events) =>
        Of(sweep, state, SweepTimes.Of(events), events);

    /// <summary>The facts of a sweep whose times are known.</summary>
    public static RunFacts Of(string sweep, SweepState state, SweepTimes times, IReadOnlyList<RecordedEvent> events)
    {
        var nodes = events.Select(e => e.Event).OfType<UnitCompleted>().GroupBy(e => e.Node)
            .Select(g => new NodeShare(g.Key, g.Count(), g.Sum(e => e.Seconds)));
        var stages = state.InOrder.Select(s => new StageTime(SweepText.ShortId(s.Stage), s.Stage.Model, SweepText.Of(s), s.Completed, s.Order.Length,
            s.Units.Values.Sum(u => u.Seconds)));
        return new(sweep, state.Plan!, SweepText.Of(state.Status), state.Code, times.Started, times.Last, [.. nodes], [.. stages],
            SweepExport.Missing(state));
    }

    /// <summary>"entity-tracking, 7 boxes, 300 prompts".</summary>
    public string Task => Plan.Task.Kind == "file"
        ? $"{Plan.Task.Prompts} prompts of the file {Plan.Task.File}"
        : $"{Plan.Task.Kind}, {Plan.Task.Boxes} boxes, {Plan.Task.Prompts} prompts";

    /// <summary>"float32 on cpu, 1 thread".</summary>
    public string Compute => $"{Plan.Compute.Dtype} on {Plan.Compute.Device}, {SweepText.Count(Plan.Compute.Threads, "thread")} a unit";

    /// <summary>"2026-03-04 12:00:00 UTC".</summary>
    public static string Time(DateTimeOffset? at) => at?.ToUniversalTime()
        .ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) ?? Numbers.None;
}

/// <summary>What one process did for a sweep.</summary>
/// <param name="Node">Its name: host, process and when it started.</param>
/// <param name="Units">Units that it completed.</param>
/// <param name="Seconds">Seconds that they took.</param>
internal sealed record NodeShare(string Node, int Units, double Seconds)
{
    /// <summary>The machine.</summary>
    public string Host => Node.Split(':')[0];
}

/// <summary>How far a stage is, and how long it took.</summary>
/// <param name="Stage">"path-patching/B".</param>
/// <param name="Model">Of which model.</param>
/// <param name="Status">"complete".</param>
/// <param name="Done">Units done.</param>
/// <param name="Units">Units known.</param>
/// <param name="Seconds">Seconds of the units done.</param>
internal sealed record StageTime(string Stage, string Model, string Status, int Done, int Units, double Seconds);
