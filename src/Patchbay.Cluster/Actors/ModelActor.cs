using Akka.Actor;
using Patchbay.Cluster.Dispatch;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Actors;

/// <summary>
/// Owns one checkpoint on one device. It acknowledges units at once and computes them one at a time on a child with a
/// thread of its own, when the node's broker lets it; says every second what it has; and keeps each outcome until its
/// sweep has answered. A unit that stands still is given up: its child is left to itself and another takes its place.
/// </summary>
#pragma warning disable CA1001 // An actor's end is PostStop.
public sealed class ModelActor : ReceiveActor, IWithTimers
#pragma warning restore CA1001
{
    private readonly string id, worker, code;
    private readonly IActorRef sweeps, broker;
    private readonly IModelSource source;
    private readonly TimeProvider time;
    private readonly Func<bool> mayGoElsewhere;
    private readonly long born;
    private bool refused; // its checkpoint is not here, and may be on another node
    private ModelWork? work; // from the first message on
    private ModelKey? key;
    private IActorRef? compute;
    private CancellationTokenSource stop = new();
    private bool asked, dismissed;
    private bool preload; // an operator wants it loaded before the first unit comes

    /// <summary>Makes a model actor.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="node">Id of its node.</param>
    /// <param name="code">Version of the program.</param>
    /// <param name="source">Loads its checkpoint.</param>
    /// <param name="sweeps">Where messages to sweeps go.</param>
    /// <param name="broker">Says when it may compute.</param>
    /// <param name="time">A clock that does not jump.</param>
    /// <param name="mayGoElsewhere">Whether another node may have what this one lacks.</param>
    public ModelActor(string id, string node, string code, IModelSource source, IActorRef sweeps, IActorRef broker,
        TimeProvider time, Func<bool> mayGoElsewhere)
    {
        this.mayGoElsewhere = mayGoElsewhere;
        (this.id, this.code, this.source, this.sweeps, this.broker, this.time) =
            (id, code, source, sweeps, broker, time);
        born = time.GetTimestamp();
        worker = WorkerId.Of(node, id);
        Receive<ServeSweep>(message =>
        {
            Begin(message.Key);
            work!.Serve(message, Now);
            Report(message.Sweep);
        });
        Receive<RunUnit>(message =>
        {
            if (work is null || refused) return; // a worker that it was meant for is gone
            work.Accept(message, Now);
            Report(message.Order.Sweep);
            Ask();
        });
        Receive<LoadModel>(message =>
        {
            Begin(message.Key);
            preload = true;
            Ask();
        });
        Receive<ModelLoaded>(_ =>
        {
            broker.Tell(new ComputeDone(id, work!.IsWanted(Now)));
            Ask();
        });
        Receive<OutcomeTaken>(message => work?.Taken(message));
        Receive<ComputeGranted>(message => Start(message.Device));
        Receive<FreeModel>(_ => Free());
        Receive<UnitMoved>(message =>
        {
            if (message.Stop == stop.Token) work!.Progress(message.Share, Now);
        });
        Receive<UnitEnded>(Ended);
        Receive<ModelFreed>(_ =>
        {
            dismissed = false;
            broker.Tell(new ModelIsFree(id));
            Ask();
        });
        Receive<Tick>(_ => OnTick());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private TimeSpan Now => time.GetElapsedTime(born);

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer("tick", Tick.Instance, SweepDispatch.RepeatEvery);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        stop.Cancel();
        stop.Dispose();
        broker.Tell(new ModelIsFree(id));
        // A last word, so that nobody waits for it: what it has is another's.
        foreach (var sweep in work?.Sweeps(Now) ?? []) sweeps.Tell(work!.Report(sweep) with { Room = 0, Units = [] });
    }

    private void Begin(ModelKey model)
    {
        if (work is not null) return;
        (key, work) = (model, new ModelWork(worker, model.Name));
        compute = NewCompute();
    }

    private IActorRef NewCompute() => Context.ActorOf(
        Props.Create(() => new ComputeActor(key!, source, code)).WithDispatcher("patchbay.compute"));

    // Asks for the device, where there is something to do.
    private void Ask()
    {
        if (refused && !mayGoElsewhere()) refused = false; // then it says of each unit why
        if (asked || dismissed || refused || work is null || work.Running is not null) return;
        var next = work.Next(Now);
        if (next is null && !preload) return;
        asked = true;
        broker.Tell(new ComputeWanted(key!, next?.Share ?? 1));
    }

    private void Start(string device)
    {
        asked = false;
        if (work!.Next(Now) is null)
        {
            // Asked for by an operator, or by a unit that was given up meanwhile.
            if (preload) compute!.Tell(new LoadNow(device));
            else broker.Tell(new ComputeDone(id, work!.IsWanted(Now)));
            preload = false;
            return;
        }
        compute!.Tell(new Compute(work.Start(Now), worker, device, stop.Token));
        foreach (var sweep in work.Sweeps(Now)) Report(sweep);
    }

    private void Ended(UnitEnded ended)
    {
        if (ended.Stop != stop.Token) return; // a unit that was given up
        broker.Tell(new ComputeDone(id, work!.IsWanted(Now)));
        if (ended is { Refused: true, Outcome.Error: { } reason }) broker.Tell(new ModelRefused(id, reason));
        if (ended.Refused && mayGoElsewhere())
        {
            refused = true;
            work.Drop();
            broker.Tell(new ModelIsFree(id));
            foreach (var sweep in work.Sweeps(Now)) Report(sweep);
        }
        else if (ended.Outcome is { } outcome)
        {
            work!.Finish(outcome, Now);
            sweeps.Tell(outcome);
        }
        else
        {
            work!.Drop();
        }
        Ask();
    }

    private void Free()
    {
        dismissed = true;
        if (compute is null) Self.Tell(ModelFreed.Instance);
        else compute.Tell(FreeModel.Instance);
    }

    private void OnTick()
    {
        if (work is null) return;
        var now = Now;
        if (work.Hangs(now)) GiveUp(work.Running!, now);
        if (!work.IsWanted(now)) broker.Tell(new ModelIdle(id));
        foreach (var outcome in work.Repeats(now)) sweeps.Tell(outcome);
        foreach (var sweep in work.ReportsDue(now)) Report(sweep);
        Ask();
    }

    private void GiveUp(UnitOrder order, TimeSpan now)
    {
        stop.Cancel();
        stop = new();
        compute = NewCompute();
        broker.Tell(new ComputeDone(id, work!.IsWanted(Now)));
        var outcome = new UnitOutcome(order.Sweep, worker, order.Unit, order.Attempt, null, "", code,
            ModelWork.HangsAfter.TotalSeconds,
            $"it did not go on for {ModelWork.HangsAfter.TotalMinutes:0} minutes and was given up", Permanent: false);
        work!.Finish(outcome, now);
        sweeps.Tell(outcome);
    }

    private void Report(string sweep)
    {
        var report = work!.Report(sweep);
        sweeps.Tell(refused ? report with { Room = 0 } : report);
    }

    private sealed record Tick : ILocalMessage
    {
        public static Tick Instance { get; } = new();
    }
}
