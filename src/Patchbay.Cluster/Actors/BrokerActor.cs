using Akka.Actor;
using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Actors;

/// <summary>A model actor has a unit to run.</summary>
internal sealed record ComputeWanted(string Model, long Bytes, double Share);

/// <summary>It may.</summary>
internal sealed record ComputeGranted
{
    public static ComputeGranted Instance { get; } = new();
}

/// <summary>It has.</summary>
internal sealed record ComputeDone(string Model);

/// <summary>A model's checkpoint is freed.</summary>
internal sealed record ModelIsFree(string Model);

/// <summary>Hands out a node's devices and memory to its model actors, as <see cref="DeviceBroker"/> decides. One for
/// each node, asked only on it, so that nothing is lost.</summary>
internal sealed class BrokerActor : ReceiveActor
{
    private readonly DeviceBroker broker;
    private readonly Dictionary<string, IActorRef> actors = new(StringComparer.Ordinal);

    public BrokerActor(int slots, long memoryBytes)
    {
        broker = new(slots, memoryBytes);
        Receive<ComputeWanted>(message =>
        {
            actors[message.Model] = Sender;
            broker.Request(message.Model, message.Bytes, message.Share);
            Decide();
        });
        Receive<ComputeDone>(message =>
        {
            broker.Release(message.Model);
            Decide();
        });
        Receive<ModelIsFree>(message =>
        {
            broker.Free(message.Model);
            Decide();
        });
    }

    private void Decide()
    {
        var decision = broker.Decide();
        foreach (var model in decision.Dismissed) actors[model].Tell(FreeModel.Instance);
        foreach (var model in decision.Granted) actors[model].Tell(ComputeGranted.Instance);
    }
}
