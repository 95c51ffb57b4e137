using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Node;

/// <summary>Which model actor: one per checkpoint, device and way of computing.</summary>
/// <param name="Model">Name and place of the checkpoint, and its fingerprint.</param>
/// <param name="Dtype">"float32".</param>
/// <param name="Device">"cpu" or "cuda:N".</param>
/// <param name="Threads">Threads of one unit.</param>
/// <param name="MemoryBytes">Memory that it may take, weights included.</param>
public sealed record ModelKey(PlannedModel Model, string Dtype, string Device, int Threads, long MemoryBytes)
{
    /// <summary>The actor that runs a model of a sweep.</summary>
    public static ModelKey Of(SweepPlan plan, string model) =>
        new(plan.Model(model), plan.Compute.Dtype, plan.Compute.Device, plan.Compute.Threads, plan.Compute.MemoryBytes);

    /// <summary>The model's name.</summary>
    public string Name => Model.Name;
}

/// <summary>What a model actor is told.</summary>
public abstract record ModelMessage;

/// <summary>Run a unit.</summary>
/// <param name="Order">The unit.</param>
public sealed record RunUnit(UnitOrder Order) : ModelMessage;

/// <summary>Load the checkpoint, if it is not.</summary>
public sealed record LoadModel : ModelMessage;

/// <summary>Free the checkpoint, if it is loaded.</summary>
public sealed record UnloadModel : ModelMessage;

/// <summary>What a coordinator is told.</summary>
public abstract record CoordinatorMessage;

/// <summary>A model actor has loaded its checkpoint.</summary>
/// <param name="Model">Which.</param>
public sealed record ModelLoaded(ModelKey Model) : CoordinatorMessage;

/// <summary>A model actor has freed its checkpoint, or failed to load it.</summary>
/// <param name="Model">Which.</param>
/// <param name="Error">Why it could not load, or null.</param>
public sealed record ModelUnloaded(ModelKey Model, string? Error = null) : CoordinatorMessage;

/// <summary>A unit goes on, or waits for its turn: said every few seconds, so that silence means that it is
/// lost.</summary>
/// <param name="Model">Who runs it.</param>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Share">How much of it is done, 0 to 1; null where nothing new is known.</param>
public sealed record UnitWorking(ModelKey Model, string Sweep, string Unit, double? Share = null) : CoordinatorMessage;

/// <summary>A unit's results.</summary>
/// <param name="Model">Who ran it.</param>
/// <param name="Order">The unit.</param>
/// <param name="Results">What was measured.</param>
/// <param name="Fingerprint">Of the checkpoint that was loaded.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record UnitDone(ModelKey Model, UnitOrder Order, IReadOnlyList<InterventionResult> Results,
    string Fingerprint,
    double Seconds) : CoordinatorMessage;

/// <summary>A unit failed.</summary>
/// <param name="Model">Who ran it.</param>
/// <param name="Order">The unit.</param>
/// <param name="Error">Why, in a sentence.</param>
/// <param name="Permanent">Whether trying again is of no use.</param>
public sealed record UnitBroke(ModelKey Model, UnitOrder Order, string Error, bool Permanent) : CoordinatorMessage;

/// <summary>A unit was given up because the node stops; nothing is wrong with it.</summary>
/// <param name="Model">Who had it.</param>
/// <param name="Order">The unit.</param>
public sealed record UnitDropped(ModelKey Model, UnitOrder Order) : CoordinatorMessage;

/// <summary>Time, of two kinds.</summary>
/// <param name="Wall">The clock on the wall, which others share and which may jump.</param>
/// <param name="Elapsed">Since the node started; never goes back.</param>
public readonly record struct NodeTime(DateTimeOffset Wall, TimeSpan Elapsed);

/// <summary>What a coordinator may use.</summary>
/// <param name="UnitsInFlight">Units handed to model actors at a time, waiting ones included.</param>
/// <param name="MemoryBytes">For loaded models together.</param>
/// <param name="Only">The one sweep that it serves, or null for all that are running.</param>
public sealed record CoordinatorLimits(int UnitsInFlight, long MemoryBytes, string? Only = null)
{
    /// <summary>Units handed to one model actor at a time: one that runs, one that waits.</summary>
    public int UnitsPerModel { get; init; } = 2;

    /// <summary>Whether a snapshot is due, by the numbers of the last event and of the last one in a
    /// snapshot.</summary>
    public Func<long, long, bool> SnapshotDue { get; init; } = SnapshotPolicy.IsDue;
}
