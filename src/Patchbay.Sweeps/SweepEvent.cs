using System.Text.Json.Serialization;
using Patchbay.Tasks;

namespace Patchbay.Sweeps;

/// <summary>Something that happened to a sweep. Events are never changed, only added to.</summary>
public abstract record SweepEvent;

/// <summary>The sweep came to be.</summary>
/// <param name="Plan">All that it will do.</param>
/// <param name="Code">Version of the program that planned it.</param>
public sealed record SweepPlanned(SweepPlan Plan, string Code) : SweepEvent;

/// <summary>Units may be handed out.</summary>
public sealed record SweepStarted : SweepEvent;

/// <summary>No more units are handed out; those under way are still recorded.</summary>
public sealed record SweepPaused : SweepEvent;

/// <summary>Units are handed out again.</summary>
public sealed record SweepResumed : SweepEvent;

/// <summary>Ended by its operator; what was recorded stays.</summary>
public sealed record SweepCancelled : SweepEvent;

/// <summary>Units that had been set aside are to be tried again.</summary>
/// <param name="Units">Their ids.</param>
public sealed record SweepRetried(IReadOnlyList<string> Units) : SweepEvent;

/// <summary>A stage's units are known.</summary>
/// <param name="Stage">Its id.</param>
/// <param name="Inputs">What it takes from stages before it.</param>
/// <param name="Units">Ids of its units.</param>
public sealed record StageBegun(string Stage, JsonRecord Inputs, IReadOnlyList<string> Units) : SweepEvent;

/// <summary>A node took a unit to run it.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">1 more than the number of times that it has failed.</param>
/// <param name="Node">Who took it.</param>
public sealed record UnitClaimed(string Unit, int Attempt, string Node) : SweepEvent;

/// <summary>One result of a unit; the unit's <see cref="UnitCompleted"/> follows in the same transaction.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Item">What was intervened on.</param>
/// <param name="Score">The number.</param>
/// <param name="Error">Its standard error; NaN where there is none.</param>
/// <param name="Samples">Number of prompts that it is the mean of.</param>
/// <param name="Seed">Seed of the prompts.</param>
/// <param name="Fingerprint">Of the model that was run.</param>
/// <param name="Code">Version of the program.</param>
/// <param name="Seconds">This result's share of the unit's time.</param>
public sealed record InterventionRecorded(string Unit, string Item, double Score, double Error, int Samples, ulong Seed,
    string Fingerprint, string Code, double Seconds) : SweepEvent
{
    /// <summary>The one head that it is about.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Head? Head { get; init; }

    /// <summary>Name of the position that was intervened at.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Position { get; init; }

    /// <summary>What else there is to it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResultDetail? Detail { get; init; }
}

/// <summary>A unit is done; its results came just before.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Node">Who ran it.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record UnitCompleted(string Unit, string Node, double Seconds) : SweepEvent;

/// <summary>A unit failed and will be tried again, unless it is set aside next.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">Which attempt it was, from 1.</param>
/// <param name="Node">Who ran it.</param>
/// <param name="Error">Why, in a sentence.</param>
public sealed record UnitFailed(string Unit, int Attempt, string Node, string Error) : SweepEvent;

/// <summary>A unit failed too often; the rest of the sweep goes on without it.</summary>
/// <param name="Unit">Id of the unit.</param>
public sealed record UnitSetAside(string Unit) : SweepEvent;

/// <summary>All units of a stage are done.</summary>
/// <param name="Stage">Its id.</param>
public sealed record StageCompleted(string Stage) : SweepEvent;

/// <summary>Nothing is left that can be done.</summary>
/// <param name="Failures">Number of units set aside.</param>
public sealed record SweepCompleted(int Failures) : SweepEvent;
