using Akka.Actor;
using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Actors;

/// <summary>A model actor has a unit to run.</summary>
internal sealed record ComputeWanted(ModelKey Model, double Share);

/// <summary>It may.</summary>
internal sealed record ComputeGranted
{
    public static ComputeGranted Instance { get; } = new();
}

/// <summary>It has.</summary>
internal sealed record ComputeDone(string Model, bool Wanted);

/// <summary>No sweep has units for it any more.</summary>
internal sealed record ModelIdle(string Model);

/// <summary>A model's checkpoint is freed.</summary>
internal sealed record ModelIsFree(string Model);

/// <summary>Which models are there? Answered by a list of <see cref="ModelStatus"/>.</summary>
internal sealed record ModelsWanted
{
    public static ModelsWanted Instance { get; } = new();
}

/// <summary>An operator wants the memory of all models of a name back; answered by how many have some.</summary>
internal sealed record DismissModels(string Name);

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
        Receive<ModelsWanted>(_ => Sender.Tell(actors
            .Select(a => new ModelStatus(a.Value.Key, broker.StateOf(a.Key))).ToArray()));
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
