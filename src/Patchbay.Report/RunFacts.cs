using System.Text.Json.Serialization;

namespace Patchbay.Report;

/// <summary>What was run, by which version of the program, when, how long and by which processes. Started and last
/// event are null where there was none; what is not complete is missing, a line each.</summary>
internal sealed record RunFacts(string Sweep, SweepPlan Plan, string Status, string? Code, DateTimeOffset? Started,
    DateTimeOffset? Last, IReadOnlyList<NodeShare> Nodes, IReadOnlyList<StageTime> Stages,
    IReadOnlyList<string> Missing)
{
    /// <summary>Prompts that scores leave out, a sentence for those of the same stages; null where there are
    /// none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? LeftOut { get; init; }

    /// <summary>Seconds of all units together.</summary>
    public double Seconds => Stages.Sum(s => s.Seconds);

    /// <summary>"entity-tracking, 7 boxes, 300 prompts".</summary>
    public string Task => Plan.Task is { Kind: "file" } task
        ? $"{task.Prompts} prompts of the file {task.File}"
        : $"{Plan.Task.Kind}, {Plan.Task.Boxes} boxes, {Plan.Task.Prompts} prompts";

    /// <summary>"float32 on cpu, 1 thread a unit".</summary>
    public string Compute =>
        $"{Plan.Compute.Dtype} on {Plan.Compute.Device}, {SweepText.Count(Plan.Compute.Threads, "thread")} a unit";

    /// <summary>The facts of a sweep, from its state and its events.</summary>
    public static RunFacts Of(string sweep, SweepState state, IReadOnlyList<RecordedEvent> events)
    {
        var times = SweepTimes.Of(events);
        var nodes = events.Select(e => e.Event).OfType<UnitCompleted>().GroupBy(e => e.Node)
            .Select(node => new NodeShare(node.Key, node.Count(), node.Sum(e => e.Seconds)));
        var stages = state.InOrder.Select(s => new StageTime(SweepText.ShortId(s.Stage), s.Stage.Model,
            SweepText.Status(s), s.Completed, s.Order.Length, s.Seconds));
        return new(sweep, state.Plan!, SweepText.Status(state.Status), state.Code, times.Started, times.Last,
            [.. nodes], [.. stages], SweepExport.Missing(state))
        { LeftOut = LeftOutPrompts.Sentences(state) is { Count: > 0 } some ? some : null };
    }

    /// <summary>"2026-03-04 12:00:00 UTC"; a dash where there is none.</summary>
    public static string Time(DateTimeOffset? at) =>
        at is { } time ? $"{time.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC" : Numbers.None;
}

/// <summary>What one process did for a sweep: units that it completed and the seconds that they took. Its name is host,
/// process and when it started.</summary>
internal sealed record NodeShare(string Node, int Units, double Seconds)
{
    public string Host => Node.Split(':')[0];
}

/// <summary>How far a stage ("path-patching/B") of a model is, and how long its units took that are done.</summary>
internal sealed record StageTime(string Stage, string Model, string Status, int Done, int Units, double Seconds);
