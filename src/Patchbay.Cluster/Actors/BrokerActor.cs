using Akka.Actor;
using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Membership;

namespace Patchbay.Cluster.Actors;

/// <summary>A model actor has a unit to run.</summary>
internal sealed record ComputeWanted(ModelKey Model, double Share) : ILocalMessage;

/// <summary>It may, on a device: the same one as long as its checkpoint is loaded.</summary>
internal sealed record ComputeGranted(string Device) : ILocalMessage;

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
internal sealed record ModelList(OfferedModel[] Models) : ILocalMessage;

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
    /// <param name="devices">The devices, with the memory of each for loaded models together.</param>
    public BrokerActor(int slots, IReadOnlyDictionary<string, long> devices)
    {
        broker = new(slots, devices);
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
            broker.Request(message.Model.Id, message.Model.Device, message.Model.MemoryBytes, message.Share);
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
        Receive<ModelsWanted>(_ => Sender.Tell(new ModelList([.. Models])));
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

    private IEnumerable<OfferedModel> Models =>
        actors.Select(a => new OfferedModel(a.Key, a.Value.Key.Name, broker.StateOf(a.Key)));

    private void Tell(IReadOnlyDictionary<string, long> devices) => Context.ActorSelection("../" + BoardActor.Name)
        .Tell(new OwnOffer(devices,
            [.. Models],
            new Dictionary<string, string>(refused)));

    private void Decide()
    {
        var decision = broker.Decide();
        foreach (var model in decision.Dismissed) actors[model].Actor.Tell(FreeModel.Instance);
        foreach (var (model, device) in decision.Granted) actors[model].Actor.Tell(new ComputeGranted(device));
    }

    private sealed record RefusalEnds(string Model) : ILocalMessage;

    private sealed record Tick : ILocalMessage
    {
        public static Tick Instance { get; } = new();
    }
}
