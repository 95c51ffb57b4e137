using System.Text.Json.Serialization;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>How events and plans are written as JSON. Doubles are written so that they are read back exactly, NaN as
/// "NaN".</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SweepPlanned))]
[JsonSerializable(typeof(SweepStarted))]
[JsonSerializable(typeof(SweepPaused))]
[JsonSerializable(typeof(SweepResumed))]
[JsonSerializable(typeof(SweepCancelled))]
[JsonSerializable(typeof(SweepRetried))]
[JsonSerializable(typeof(StageBegun))]
[JsonSerializable(typeof(UnitClaimed))]
[JsonSerializable(typeof(InterventionRecorded))]
[JsonSerializable(typeof(UnitCompleted))]
[JsonSerializable(typeof(UnitFailed))]
[JsonSerializable(typeof(UnitSetAside))]
[JsonSerializable(typeof(StageCompleted))]
[JsonSerializable(typeof(SweepCompleted))]
[JsonSerializable(typeof(SweepPlan))]
internal sealed partial class EventJson : JsonSerializerContext;
