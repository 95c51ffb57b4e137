using Akka.Actor;
using Patchbay.Cluster.Dispatch;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>What the actor of a sweep is told. Every message may be lost, come late or twice: who sent it sends it
/// again until it is answered, and what comes twice does nothing the second time.</summary>
public interface ISweepMessage
{
    /// <summary>Id of the sweep.</summary>
    string Sweep { get; }
}

/// <summary>What the actor of a model is told; likewise.</summary>
public interface IModelMessage
{
    /// <summary>Id of the model actor: <see cref="ModelKey.Id"/>.</summary>
    string Model { get; }
}

/// <summary>A message that never leaves its node, and has no form in bytes.</summary>
public interface ILocalMessage : INoSerializationVerificationNeeded;

/// <summary>What nodes tell each other of themselves; said again every second.</summary>
public interface INodeMessage;

/// <summary>What a node has for models.</summary>
/// <param name="Offer">It.</param>
public sealed record OfferMessage(NodeOffer Offer) : INodeMessage;

/// <summary>An operator wants all models of a name freed, wherever they are.</summary>
/// <param name="Name">The models' name.</param>
public sealed record UnloadModels(string Name) : INodeMessage;

/// <summary>An operator wants the first replica of a model on a node.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Node">The node, as boards name it.</param>
public sealed record MoveModel(string Name, string Node) : INodeMessage;

/// <summary>A command of an operator; answered by <see cref="SweepAnswer"/>.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Command">What is wanted.</param>
public sealed record SweepOrder(string Sweep, SweepCommand Command) : ISweepMessage;

/// <summary>What became of an order: recorded, or refused.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Status">Where the sweep stands after it.</param>
/// <param name="Changed">Whether anything was recorded.</param>
/// <param name="Refusal">Why it was refused, in a sentence, or null.</param>
public sealed record SweepAnswer(string Sweep, SweepStatus Status, bool Changed, string? Refusal);

/// <summary>Go on with a sweep, if it is running; a sweep's actor lives from the first message on.</summary>
/// <param name="Sweep">Id of the sweep.</param>
public sealed record WakeSweep(string Sweep) : ISweepMessage;

/// <summary>One unit that a model actor has.</summary>
/// <param name="Unit">Its id.</param>
/// <param name="Attempt">Which attempt.</param>
/// <param name="Share">How much of it is done, 0 to 1; null while it waits for its turn.</param>
public sealed record UnitProgress(string Unit, int Attempt, double? Share);

/// <summary>What a model actor has of a sweep and how many units more it can take: said every second and at every
/// change. It acknowledges what was handed out, is a sign of life, and asks for work.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Worker">Who says it: the model actor, as it was born; another after a restart.</param>
/// <param name="ModelName">The model's name in the sweep.</param>
/// <param name="Room">Units that it can take beside those that it has.</param>
/// <param name="Units">Those that it has of this sweep; also those whose outcome was not yet answered.</param>
public sealed record ModelReport(string Sweep, string Worker, string ModelName, int Room,
    IReadOnlyList<UnitProgress> Units) : ISweepMessage;

/// <summary>How a unit ended; repeated until <see cref="OutcomeTaken"/> answers it.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Worker">Who had it.</param>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">Which attempt.</param>
/// <param name="Results">What was measured; null where it failed.</param>
/// <param name="Fingerprint">Of the checkpoint that was loaded; empty where none was.</param>
/// <param name="Code">Version of the program that ran it.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Error">Why it failed, in a sentence; null where it did not.</param>
/// <param name="Permanent">Whether trying again is of no use.</param>
public sealed record UnitOutcome(string Sweep, string Worker, string Unit, int Attempt,
    IReadOnlyList<InterventionResult>? Results, string Fingerprint, string Code, double Seconds, string? Error,
    bool Permanent) : ISweepMessage;

/// <summary>A sweep has units for a model: the actor that is told this loads it when the first comes, and reports. Said
/// every second while there are units, or every few seconds where the sweep has many models.</summary>
/// <param name="Model">Id of the model actor.</param>
/// <param name="Key">Which checkpoint, and how to compute.</param>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Every">After how many seconds it is said again, and the report too.</param>
public sealed record ServeSweep(string Model, ModelKey Key, string Sweep, int Every = 1) : IModelMessage;

/// <summary>Run a unit.</summary>
/// <param name="Model">Id of the model actor.</param>
/// <param name="Worker">Who shall run it; another that has taken its place since does not.</param>
/// <param name="Order">The unit.</param>
/// <param name="Share">How much of its sweep the model has done, 0 to 1: who is behind comes first.</param>
public sealed record RunUnit(string Model, string Worker, UnitOrder Order, double Share) : IModelMessage;

/// <summary>An outcome is recorded, or of no use any more: it need not be kept.</summary>
/// <param name="Model">Id of the model actor.</param>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">Which attempt.</param>
public sealed record OutcomeTaken(string Model, string Sweep, string Unit, int Attempt) : IModelMessage;

/// <summary>Load the checkpoint ahead of the first unit.</summary>
/// <param name="Model">Id of the model actor.</param>
/// <param name="Key">Which checkpoint, and how to compute.</param>
public sealed record LoadModel(string Model, ModelKey Key) : IModelMessage;
