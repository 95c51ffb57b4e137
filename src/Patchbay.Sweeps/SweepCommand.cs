using System.Text.Json.Serialization;

namespace Patchbay.Sweeps;

/// <summary>Something that somebody wants of a sweep. Every command may arrive twice: the second time nothing
/// happens. Those that an operator may give have a name in JSON, and pass between nodes.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(PlanSweep), "plan")]
[JsonDerivedType(typeof(StartSweep), "start")]
[JsonDerivedType(typeof(PauseSweep), "pause")]
[JsonDerivedType(typeof(ResumeSweep), "resume")]
[JsonDerivedType(typeof(CancelSweep), "cancel")]
[JsonDerivedType(typeof(RetrySweep), "retry")]
public abstract record SweepCommand;

/// <summary>Make the sweep.</summary>
/// <param name="Plan">All that it will do.</param>
/// <param name="Code">Version of the program.</param>
public sealed record PlanSweep(SweepPlan Plan, string Code) : SweepCommand;

/// <summary>Hand out units.</summary>
public sealed record StartSweep : SweepCommand;

/// <summary>Hand out no more units.</summary>
public sealed record PauseSweep : SweepCommand;

/// <summary>Go on after a pause.</summary>
public sealed record ResumeSweep : SweepCommand;

/// <summary>End it for good.</summary>
public sealed record CancelSweep : SweepCommand;

/// <summary>Try again what was set aside.</summary>
public sealed record RetrySweep : SweepCommand;

/// <summary>Begin a stage whose predecessors are complete.</summary>
/// <param name="Stage">Its id.</param>
/// <param name="Plan">Its units, worked out from the predecessors' results.</param>
public sealed record BeginStage(string Stage, StagePlan Plan) : SweepCommand;

/// <summary>Take a unit to run it; the lease is the host's affair.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Node">Who takes it.</param>
public sealed record ClaimUnit(string Unit, string Node) : SweepCommand;

/// <summary>Record a unit's results.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Node">Who ran it.</param>
/// <param name="Results">What was measured.</param>
/// <param name="Fingerprint">Of the model that was run.</param>
/// <param name="Code">Version of the program that ran it.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record CompleteUnit(string Unit, string Node, IReadOnlyList<InterventionResult> Results,
    string Fingerprint, string Code,
    double Seconds) : SweepCommand;

/// <summary>Record that a unit failed.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">Which attempt, as claimed.</param>
/// <param name="Node">Who ran it.</param>
/// <param name="Error">Why, in a sentence.</param>
/// <param name="Permanent">Whether trying again is of no use.</param>
public sealed record FailUnit(string Unit, int Attempt, string Node, string Error, bool Permanent = false)
    : SweepCommand;

/// <summary>What a command leads to.</summary>
/// <param name="Events">What happens; nothing where the command came before or too late.</param>
/// <param name="Refusal">Why it cannot be, in a sentence for the operator, or null.</param>
public sealed record Decision(IReadOnlyList<SweepEvent> Events, string? Refusal = null)
{
    /// <summary>Nothing happens.</summary>
    public static Decision Nothing { get; } = new([]);

    internal static Decision Of(params SweepEvent[] events) => new(events);

    internal static Decision Refused(string sentence) => new([], sentence);
}
