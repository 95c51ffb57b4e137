using Akka.Actor;
using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Actors;

/// <summary>A model actor has a unit to run.</summary>
internal sealed record ComputeWanted(ModelKey Model, double Share) : ILocalMessage;

/// <summary>It may.</summary>
internal sealed record ComputeGranted : ILocalMessage
{
    public static ComputeGranted Instance { get; } = new();
}

/// <summary>It has.</summary>
internal sealed record ComputeDone(string Model, bool Wanted) : ILocalMessage;

/// <summary>No sweep has units for it any more.</summary>
internal sealed record ModelIdle(string Model) : ILocalMessage;

/// <summary>A model's checkpoint is freed.</summary>
internal sealed record ModelIsFree(string Model) : ILocalMessage;

/// <summary>Which models are there? Answered by <see cref="ModelList"/>.</summary>
internal sealed record ModelsWanted : ILocalMessage
{
    public static ModelsWanted Instance { get; } = new();
}

/// <summary>The models that there are.</summary>
internal sealed record ModelList(ModelStatus[] Models) : ILocalMessage;

/// <summary>An operator wants the memory of all models of a name back; answered by how many have some.</summary>
internal sealed record DismissModels(string Name) : ILocalMessage;

/// <summary>Hands out a node's devices and memory to its model actors, as <see cref="DeviceBroker"/> decides. One for
/// each node, asked only on it, so that nothing is lost.</summary>
internal sealed class BrokerActor : ReceiveActor
{
    private readonly DeviceBroker broker;
    private readonly SortedDictionary<string, (ModelKey Key, IActorRef Actor)> actors = new(StringComparer.Ordinal);

    public BrokerActor(int slots, long memoryBytes)
    {
        broker = new(slots, memoryBytes);
        Receive<ComputeWanted>(message =>
        {
            actors[message.Model.Id] = (message.Model, Sender);
            broker.Request(message.Model.Id, message.Model.MemoryBytes, message.Share);
            Decide();
        });
        Receive<ComputeDone>(message =>
        {
            broker.Release(message.Model, message.Wanted);
            Decide();
        });
        Receive<ModelIdle>(message =>
        {
            broker.Idle(message.Model);
            Decide();
        });
        Receive<ModelIsFree>(message =>
        {
            broker.Free(message.Model);
            Decide();
        });
        Receive<ModelsWanted>(_ => Sender.Tell(new ModelList(
            [.. actors.Select(a => new ModelStatus(a.Value.Key, broker.StateOf(a.Key)))])));
        Receive<DismissModels>(message =>
        {
            var dismissed = actors.Where(a => a.Value.Key.Name == message.Name && broker.Dismiss(a.Key)).ToArray();
            foreach (var (_, model) in dismissed) model.Actor.Tell(FreeModel.Instance);
            Sender.Tell(dismissed.Length);
        });
    }

    private void Decide()
    {
        var decision = broker.Decide();
        foreach (var model in decision.Dismissed) actors[model].Actor.Tell(FreeModel.Instance);
        foreach (var model in decision.Granted) actors[model].Actor.Tell(ComputeGranted.Instance);
    }
}
