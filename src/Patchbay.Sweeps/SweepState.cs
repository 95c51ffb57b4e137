using System.Collections.Immutable;

namespace Patchbay.Sweeps;

/// <summary>Where a sweep stands.</summary>
public enum SweepStatus
{
    /// <summary>It does not exist.</summary>
    None,

    /// <summary>Planned, not started.</summary>
    Planned,

    /// <summary>Units are handed out.</summary>
    Running,

    /// <summary>No units are handed out for now.</summary>
    Paused,

    /// <summary>Ended by its operator.</summary>
    Cancelled,

    /// <summary>All is done.</summary>
    Completed,

    /// <summary>All is done but some units that were set aside, and what needs them.</summary>
    CompletedWithFailures,
}

/// <summary>Where a stage stands.</summary>
public enum StageStatus
{
    /// <summary>It waits for others, or to be begun.</summary>
    Waiting,

    /// <summary>Its units are known.</summary>
    Running,

    /// <summary>All its units are done.</summary>
    Completed,
}

/// <summary>Where a unit stands.</summary>
public enum UnitStatus
{
    /// <summary>To be run.</summary>
    Pending,

    /// <summary>Done, its results recorded.</summary>
    Completed,

    /// <summary>Failed too often.</summary>
    SetAside,
}

/// <summary>State of one unit.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="Results">What was measured; complete when the unit is.</param>
/// <param name="Failures">How often it has failed.</param>
/// <param name="Forgiven">How often it had failed when it was last retried by the operator.</param>
/// <param name="Error">Why it failed last, or null.</param>
/// <param name="Claims">How often a node took it.</param>
/// <param name="Seconds">How long it took, once done.</param>
public sealed record UnitState(UnitStatus Status, ImmutableArray<InterventionResult> Results, int Failures,
    int Forgiven, string? Error,
    int Claims, double Seconds)
{
    /// <summary>A unit that has not been run.</summary>
    public static UnitState New { get; } = new(UnitStatus.Pending, [], 0, 0, null, 0, 0);
}

/// <summary>State of one stage.</summary>
/// <param name="Stage">What it is.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Inputs">What it takes from stages before it, once begun.</param>
/// <param name="Order">Ids of its units in order, once begun.</param>
/// <param name="Units">Its units by id.</param>
/// <param name="Completed">How many are done.</param>
/// <param name="SetAside">How many are set aside.</param>
public sealed record StageState(Stage Stage, StageStatus Status, JsonRecord? Inputs, ImmutableArray<string> Order,
    ImmutableDictionary<string, UnitState> Units, int Completed, int SetAside)
{
    /// <summary>A stage that has not begun.</summary>
    public static StageState New(Stage stage) =>
        new(stage, StageStatus.Waiting, null, [], ImmutableDictionary.Create<string, UnitState>(StringComparer.Ordinal),
            0, 0);

    /// <summary>How many results its completed units have.</summary>
    public int Measured { get; init; }

    /// <summary>How long its completed units took together, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>How many units are still to be run.</summary>
    public int Pending => Order.Length - Completed - SetAside;

    /// <summary>Results of its completed units, unit by unit in order.</summary>
    public IEnumerable<(string Unit, InterventionResult Result)> Results =>
        from unit in Order
        let state = Units[unit]
        where state.Status == UnitStatus.Completed
        from result in state.Results
        select (unit, result);
}

/// <summary>State of a sweep: what <see cref="SweepDecider"/> makes of its events.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="Plan">What it does; null where there is no such sweep.</param>
/// <param name="Code">Version of the program that planned it.</param>
/// <param name="Stages">Its stages by id.</param>
public sealed record SweepState(SweepStatus Status, SweepPlan? Plan, string? Code, ImmutableDictionary<string,
    StageState> Stages)
{
    /// <summary>No sweep.</summary>
    public static SweepState None { get; } =
        new(SweepStatus.None, null, null, ImmutableDictionary.Create<string, StageState>(StringComparer.Ordinal));

    /// <summary>Whether it has ended, one way or another.</summary>
    public bool Ended => Status is SweepStatus.Cancelled or SweepStatus.Completed or SweepStatus.CompletedWithFailures;

    /// <summary>Stages in the plan's order.</summary>
    public IEnumerable<StageState> InOrder => Plan is null ? [] : Plan.Stages.Select(s => Stages[s.Id]);

    /// <summary>Stages that can begin: waiting, and all that they need is complete.</summary>
    public IEnumerable<StageState> Beginnable => InOrder.Where(CanBegin);

    /// <summary>Whether a stage of it can.</summary>
    public bool CanBegin(StageState stage) =>
        stage.Status == StageStatus.Waiting && stage.Stage.After.All(IsCompleted);

    /// <summary>Ids of units that are still to be run, in order; those of stages that have not begun are not known
    /// yet.</summary>
    public IEnumerable<string> PendingUnits => InOrder.Where(s => s.Status == StageStatus.Running)
        .SelectMany(s => s.Order.Where(u => s.Units[u].Status == UnitStatus.Pending));

    /// <summary>A unit, or null where there is none of this id.</summary>
    public UnitState? Unit(string id) => Stages.GetValueOrDefault(UnitId.StageOf(id))?.Units.GetValueOrDefault(id);

    private bool IsCompleted(string stage) => Stages[stage].Status == StageStatus.Completed;
}
