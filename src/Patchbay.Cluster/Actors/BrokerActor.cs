using Akka.Actor;
using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Membership;

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

/// <summary>A model's checkpoint is not on this node, or another is in its place.</summary>
internal sealed record ModelRefused(string Model, string Reason) : ILocalMessage;

/// <summary>Hands out a node's devices and memory to its model actors, as <see cref="DeviceBroker"/> decides. One for
/// each node, asked only on it, so that nothing is lost.</summary>
internal sealed class BrokerActor : ReceiveActor, IWithTimers
{
    /// <summary>How long a refusal holds: the checkpoint may have been copied here since.</summary>
    internal static readonly TimeSpan RefusalHolds = TimeSpan.FromMinutes(1);

    private readonly DeviceBroker broker;
    private readonly SortedDictionary<string, (ModelKey Key, IActorRef Actor)> actors = new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, string> refused = new(StringComparer.Ordinal);

    /// <summary>Makes one.</summary>
    /// <param name="slots">Units that run at a time.</param>
    /// <param name="memoryBytes">For loaded models together.</param>
    /// <param name="devices">The devices that other nodes may count on, with the memory of each.</param>
    public BrokerActor(int slots, long memoryBytes, IReadOnlyDictionary<string, long> devices)
    {
        broker = new(slots, memoryBytes);
        Receive<ModelRefused>(message =>
        {
            refused[message.Model] = message.Reason;
            Timers.StartSingleTimer(message.Model, new RefusalEnds(message.Model), RefusalHolds);
            Tell(devices);
        });
        Receive<RefusalEnds>(message => refused.Remove(message.Model));
        Receive<Tick>(_ => Tell(devices));
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

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() =>
        Timers.StartPeriodicTimer("tick", Tick.Instance, TimeSpan.FromMilliseconds(100), SweepDispatch.RepeatEvery);

    private void Tell(IReadOnlyDictionary<string, long> devices) => Context.ActorSelection("../" + BoardActor.Name)
        .Tell(new OwnOffer(devices,
            [.. actors.Select(a => new OfferedModel(a.Key, a.Value.Key.Name, broker.StateOf(a.Key)))],
            new Dictionary<string, string>(refused)));

    private void Decide()
    {
        var decision = broker.Decide();
        foreach (var model in decision.Dismissed) actors[model].Actor.Tell(FreeModel.Instance);
        foreach (var model in decision.Granted) actors[model].Actor.Tell(ComputeGranted.Instance);
    }

    private sealed record RefusalEnds(string Model) : ILocalMessage;

    private sealed record Tick : ILocalMessage
    {
        public static Tick Instance { get; } = new();
    }
}
