using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Actor;
using Akka.Event;
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
public sealed record SweepSeen(string Sweep, SweepState State, IReadOnlyDictionary<string, double> Shares,
    string? Fault);

/// <summary>A sweep's actor had to stop: its journal does not work.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Reason">What the journal said.</param>
public sealed record SweepStopped(string Sweep, Exception Reason);

/// <summary>
/// The coordinator of one sweep: a persistent actor that does what <see cref="SweepCore"/> decides. A step's events are
/// recorded together, and only then is anything sent. If they cannot be, the actor stops, and its supervisor starts it
/// anew from what is recorded; whoever was not answered asks again.
/// </summary>
public sealed class SweepActor : ReceivePersistentActor, IWithTimers
{
    private static readonly ConcurrentDictionary<string, bool> WithoutSnapshot = new(StringComparer.Ordinal);
    private readonly string sweep;
    private readonly SweepCore core;
    private readonly IActorRef models;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly SweepTelemetry telemetry;
    private long snapshot;

    /// <summary>Makes the actor of a sweep.</summary>
    /// <param name="sweep">Id of the sweep.</param>
    /// <param name="kinds">The experiments there are, by name.</param>
    /// <param name="code">Version of the program.</param>
    /// <param name="models">Where messages to model actors go.</param>
    public SweepActor(string sweep, IReadOnlyDictionary<string, StageKind> kinds, string code, IActorRef models)
    {
        (this.sweep, this.models) = (sweep, models);
        telemetry = new(sweep, log);
        core = new(sweep, kinds, code);
        Recover<EncodedEvent>(Recovered);
        Recover<SnapshotOffer>(Recovered);
        Recover<RecoveryCompleted>(_ => Publish());
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
    public override Recovery Recovery => WithoutSnapshot.ContainsKey(sweep) ? new(SnapshotSelectionCriteria.None)
        : Recovery.Default;

    /// <summary>What the journal calls a sweep.</summary>
    public static string PersistenceIdOf(string sweep) => $"sweep-{sweep}";

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        Timers.StartPeriodicTimer("tick", Tick.Instance, SweepDispatch.RepeatEvery);
    }

    /// <inheritdoc/>
    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => Stopped(cause);

    /// <inheritdoc/>
    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        Stopped(cause);
        throw new ActorInitializationException($"sweep {sweep} could not be recorded: {cause.Message}", cause);
    }

    /// <inheritdoc/>
    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        if (reason is not UnusableSnapshotException) Stopped(reason);
    }

    private void Stopped(Exception reason)
    {
        log.Error(reason, "sweep {Sweep} stops: its journal does not work", sweep);
        Context.System.EventStream.Publish(new SweepStopped(sweep, reason));
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
        // The events say the same, only more slowly: the next to ask starts the actor anew, from them.
        WithoutSnapshot[sweep] = true;
        throw new UnusableSnapshotException();
    }

    private void Handle(ISweepMessage message)
    {
        var asker = Sender;
        Record(core.Next(message, clock.Elapsed), asker);
    }

    private void OnTick()
    {
        foreach (var message in core.Repeats(clock.Elapsed)) models.Tell(message);
        Record(core.Next(null, clock.Elapsed), ActorRefs.NoSender);
    }

    private void Record(Step step, IActorRef? asker)
    {
        if (step.Events.Count == 0)
        {
            Recorded(step, asker);
            return;
        }
        var (left, began) = (step.Events.Count, Stopwatch.GetTimestamp());
        var next = LastSequenceNr;
        PersistAll(step.Events.Select(happened => EncodedEvent.Of(PersistenceId, ++next, happened)).ToArray(), _ =>
        {
            if (--left > 0) return;
            Recorded(step, asker);
            telemetry.Recorded(step, core.State, began);
        });
    }

    private void Recorded(Step step, IActorRef? asker)
    {
        foreach (var message in core.Recorded(step, clock.Elapsed)) models.Tell(message);
        if (step.Answer is { } answer) asker?.Tell(answer);
        Publish();
        if (!SnapshotPolicy.IsDue(LastSequenceNr, snapshot)) return;
        snapshot = LastSequenceNr;
        SaveSnapshot(EncodedSnapshot.Of(PersistenceId, snapshot, core.State));
    }

    private void Publish() =>
        Context.System.EventStream.Publish(new SweepSeen(sweep, core.State, core.Shares, core.Fault));

    private sealed class UnusableSnapshotException : Exception;

    private sealed record Tick
    {
        public static Tick Instance { get; } = new();
    }
}
