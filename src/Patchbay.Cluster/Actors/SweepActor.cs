using System.Diagnostics;
using Akka.Actor;
using Akka.Event;
using Akka.Pattern;
using Akka.Persistence;
using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Operating;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Actors;

/// <summary>A sweep as its actor sees it, for those on this node who watch.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="State">Its state, all of it recorded.</param>
/// <param name="Shares">How much is done of each unit that runs.</param>
/// <param name="Fault">Why this version cannot run it, or null.</param>
/// <param name="Works">Whether nothing is wrong with its journal, as far as it knows.</param>
/// <param name="Waiting">What it waits for before it begins, in a sentence, or null.</param>
public sealed record SweepSeen(string Sweep, SweepState State, IReadOnlyDictionary<string, double> Shares,
    string? Fault, bool Works, string? Waiting) : ILocalMessage;

/// <summary>A sweep's actor had to stop: its journal does not work. Told once for each fault, however often the actor
/// comes back and meets it again.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Reason">What the journal said, as a sentence for its operator.</param>
public sealed record SweepStopped(string Sweep, Exception Reason) : ILocalMessage;

/// <summary>What a sweep's actor keeps while it is down: its supervisor makes another of it.</summary>
public sealed class SweepLife
{
    private (string Fault, bool Reading)? told; // the last fault, until what failed works again

    /// <summary>Whether nothing is wrong with the journal, as far as is known.</summary>
    public bool Works => told is null;

    /// <summary>Whether the newest snapshot is of no use, and all events are to be read.</summary>
    public bool WithoutSnapshot { get; set; }

    /// <summary>Whether a fault is another than the one told last; from now on it is that.</summary>
    /// <param name="fault">What the journal said.</param>
    /// <param name="reading">Whether it said so when it was read.</param>
    public bool IsNews(Exception fault, bool reading)
    {
        var news = told?.Fault != fault.Message;
        told = (fault.Message, reading);
        return news;
    }

    /// <summary>All was read.</summary>
    public void Recovered()
    {
        if (told is { Reading: true }) told = null;
    }

    /// <summary>Something was recorded.</summary>
    public void Recorded() => told = null;
}

/// <summary>
/// The coordinator of one sweep: a persistent actor that does what <see cref="SweepCore"/> decides. A step's events are
/// recorded together, and only then is anything sent; what is decided meanwhile is recorded next, all of it at once, so
/// that a journal that is slow delays a step and not those behind it. If they cannot be recorded, the actor stops, and
/// its supervisor starts it anew from what is recorded; whoever was not answered asks again.
/// </summary>
public sealed class SweepActor : ReceivePersistentActor, IWithTimers
{
    private static readonly TimeSpan BackFirst = TimeSpan.FromSeconds(0.5), BackLatest = TimeSpan.FromSeconds(30);
    private readonly string sweep;
    private readonly SweepCore core;
    private readonly IActorRef models;
    private readonly Func<Exception, Exception> explain;
    private readonly SweepLife life;
    private readonly TimeProvider time;
    private readonly Func<int> nodes;
    private readonly long born;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly SweepTelemetry telemetry;
    private SweepState recorded = SweepState.None;
    private long written, snapshot; // numbers of events

    /// <summary>Makes the actor of a sweep.</summary>
    /// <param name="sweep">Id of the sweep.</param>
    /// <param name="kinds">The experiments there are, by name.</param>
    /// <param name="code">Version of the program.</param>
    /// <param name="models">Where messages to model actors go.</param>
    /// <param name="explain">Makes a sentence of what a journal says.</param>
    /// <param name="life">What it kept when it was down.</param>
    /// <param name="time">A clock that does not jump.</param>
    /// <param name="nodes">How many nodes compute.</param>
    public SweepActor(string sweep, IReadOnlyDictionary<string, StageKind> kinds, string code, IActorRef models,
        Func<Exception, Exception> explain, SweepLife life, TimeProvider time, Func<int> nodes)
    {
        (this.sweep, this.models, this.explain, this.life, this.time) = (sweep, models, explain, life, time);
        this.nodes = nodes;
        born = time.GetTimestamp();
        telemetry = new(sweep, log);
        core = new(sweep, kinds, code);
        Recover<EncodedEvent>(Recovered);
        Recover<SnapshotOffer>(Recovered);
        Recover<RecoveryCompleted>(_ =>
        {
            life.Recovered();
            (recorded, written) = (core.State, LastSequenceNr);
            Publish();
        });
        Command<ISweepMessage>(Handle);
        Command<Tick>(_ => OnTick());
        Command<SaveSnapshotSuccess>(saved =>
            DeleteSnapshots(new SnapshotSelectionCriteria(saved.Metadata.SequenceNr - 1)));
        Command<SaveSnapshotFailure>(failed =>
            log.Warning("sweep {Sweep}: no snapshot was kept ({Error}); the next start reads more events", sweep,
                failed.Cause.Message));
        Command<DeleteSnapshotsSuccess>(_ => { });
        Command<DeleteSnapshotsFailure>(_ => { });
    }

    /// <inheritdoc/>
    public override string PersistenceId => PersistenceIdOf(sweep);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    public override Recovery Recovery => life.WithoutSnapshot ? new(SnapshotSelectionCriteria.None) : Recovery.Default;

    private TimeSpan Now => time.GetElapsedTime(born);

    /// <summary>The actor of a sweep under its supervisor. One that had to stop comes back from what is recorded, after
    /// half a second, then twice as long each time, at most 30 s; not one whose journal is damaged or of an unknown
    /// kind, which waiting does not mend. Parameters are the actor's own.</summary>
    public static Props Supervised(string sweep, IReadOnlyDictionary<string, StageKind> kinds, string code,
        IActorRef models, Func<Exception, Exception> explain, TimeProvider time, Func<int> nodes)
    {
        var life = new SweepLife();
        var props = Props.Create(() => new SweepActor(sweep, kinds, code, models, explain, life, time, nodes));
        return BackoffSupervisor.Props(Backoff.OnStop(props, "actor", BackFirst, BackLatest, 0.2, maxNrOfRetries: -1)
            .WithAutoReset(2 * BackLatest).WithFinalStopMessage(message => message is LeaveAlone));
    }

    /// <summary>What the journal calls a sweep.</summary>
    public static string PersistenceIdOf(string sweep) => $"sweep-{sweep}";

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        Timers.StartPeriodicTimer("tick", Tick.Instance, SweepDispatch.RepeatEvery);
    }

    /// <inheritdoc/>
    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) =>
        Stopped(cause, reading: false);

    /// <inheritdoc/>
    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        Stopped(cause, reading: false);
        throw new ActorInitializationException($"sweep {sweep} could not be recorded: {cause.Message}", cause);
    }

    /// <inheritdoc/>
    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        if (reason is not UnusableSnapshotException) Stopped(reason, reading: true);
    }

    private void Stopped(Exception reason, bool reading)
    {
        var fault = explain(reason);
        // Not as this actor: what a child sends its supervisor goes on to the shard.
        if (fault is JournalException { Fault: JournalFault.Corrupt or JournalFault.Unknown })
            Context.Parent.Tell(LeaveAlone.Instance, ActorRefs.NoSender);
        if (!life.IsNews(fault, reading)) return;
        log.Error(reason, "sweep {Sweep} stops: its journal does not work", sweep);
        Context.System.EventStream.Publish(new SweepStopped(sweep, fault));
    }

    private void Recovered(EncodedEvent stored) =>
        core.Recover(stored.Decode(PersistenceId, LastSequenceNr));

    private void Recovered(SnapshotOffer offer)
    {
        snapshot = offer.Metadata.SequenceNr;
        if (offer.Snapshot is EncodedSnapshot stored && stored.TryDecode(PersistenceId, snapshot) is { } state)
        {
            core.Restore(state);
            return;
        }
        // The events say the same, only more slowly: the actor comes back from them.
        life.WithoutSnapshot = true;
        throw new UnusableSnapshotException();
    }

    private void Handle(ISweepMessage message)
    {
        var asker = Sender;
        core.Nodes = nodes();
        Record(core.Next(message, Now), asker);
    }

    private void OnTick()
    {
        core.Nodes = nodes();
        Record(core.Next(null, Now), ActorRefs.NoSender);
        Publish(); // also how far running units are, which their models report
    }

    private void Record(Step step, IActorRef? asker)
    {
        if (step.Events.Count == 0)
        {
            DeferAsync(step, _ => Recorded(step, asker)); // after the steps before
            return;
        }
        var (left, began) = (step.Events.Count, Stopwatch.GetTimestamp());
        PersistAllAsync(step.Events.Select(e => EncodedEvent.Of(PersistenceId, ++written, e)).ToArray(), _ =>
        {
            if (--left > 0) return;
            life.Recorded();
            recorded = step.State;
            Recorded(step, asker);
            telemetry.Recorded(step, began);
        });
    }

    private void Recorded(Step step, IActorRef? asker)
    {
        foreach (var message in step.Messages) models.Tell(message);
        if (step.Events.Count > 0) Publish();
        if (step.Answer is { } answer) asker?.Tell(answer);
        if (!SnapshotPolicy.IsDue(LastSequenceNr, snapshot)) return;
        snapshot = LastSequenceNr;
        SaveSnapshot(EncodedSnapshot.Of(PersistenceId, snapshot, step.State));
    }

    private void Publish() =>
        Context.System.EventStream.Publish(new SweepSeen(sweep, recorded, core.Shares, core.Fault, life.Works,
            core.Waiting));

    private sealed class UnusableSnapshotException : Exception;

    private sealed record LeaveAlone : ILocalMessage
    {
        public static LeaveAlone Instance { get; } = new();
    }

    private sealed record Tick : ILocalMessage
    {
        public static Tick Instance { get; } = new();
    }
}
