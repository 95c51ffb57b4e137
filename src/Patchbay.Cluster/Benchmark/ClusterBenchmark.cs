using System.Diagnostics;
using Akka.Actor;
using Akka.Persistence;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Benchmark;

/// <summary>What a unit costs beside its computation.</summary>
/// <param name="Units">Units that were run, of 32 results each, one at a time.</param>
/// <param name="StartSeconds">From the node's start until the first unit is recorded.</param>
/// <param name="Seconds">From then until the last is.</param>
public sealed record UnitOverhead(int Units, double StartSeconds, double Seconds)
{
    /// <summary>Seconds of messages and events for one unit.</summary>
    public double PerUnit => Seconds / (Units - 1);

    /// <summary>Its share of a sweep's time when a unit takes so many seconds to compute.</summary>
    public double ShareAt(double seconds) => PerUnit / (PerUnit + seconds);
}

/// <summary>How fast events are recorded.</summary>
/// <param name="Batch">Events of one transaction.</param>
/// <param name="Events">How many were recorded.</param>
/// <param name="Seconds">How long that took.</param>
public sealed record AppendRate(int Batch, long Events, double Seconds)
{
    /// <summary>Events a second.</summary>
    public double PerSecond => Events / Seconds;
}

/// <summary>How fast a sweep is recovered.</summary>
/// <param name="Results">Results in it, 32 a unit.</param>
/// <param name="Events">Events in it.</param>
/// <param name="Replayed">Those after the snapshot; all of them where there was none.</param>
/// <param name="ReadSeconds">How long a command that reads takes for it, journal opened.</param>
/// <param name="ActorSeconds">How long its actor takes from the first message until it has recovered.</param>
public sealed record RecoveryTime(int Results, long Events, long Replayed, double ReadSeconds, double ActorSeconds);

/// <summary>Times a node and its journal as sweeps use them, with units that take no time.</summary>
public static class ClusterBenchmark
{
    private const string Sweep = "bench";

    /// <summary>Runs a sweep of one model, one unit at a time.</summary>
    /// <param name="journal">A journal that is empty.</param>
    /// <param name="units">How many.</param>
    /// <param name="cancel">Ends it early.</param>
    public static async Task<UnitOverhead> RunAsync(JournalPlace journal, int units, CancellationToken cancel)
    {
        SqlJournal.Open(journal).Dispose();
        var clock = Stopwatch.StartNew();
        await using var node = await StartAsync(journal, units);
        await node.OrderAsync(Sweep, new PlanSweep(BenchSweep.Plan, "bench"));
        await node.OrderAsync(Sweep, new StartSweep());
        await UntilAsync(node, Sweep, state => state.InOrder.Any(s => s.Completed > 0), cancel);
        var first = clock.Elapsed.TotalSeconds;
        await UntilAsync(node, Sweep, state => state.Ended, cancel);
        return new(units, first, clock.Elapsed.TotalSeconds - first);
    }

    /// <summary>Records events for some seconds as a sweep's actor does, each transaction on the disk before the next
    /// begins.</summary>
    /// <param name="journal">A journal.</param>
    /// <param name="batch">Events of one transaction.</param>
    /// <param name="seconds">For how long.</param>
    public static async Task<AppendRate> AppendAsync(JournalPlace journal, int batch, double seconds)
    {
        SqlJournal.Open(journal).Dispose();
        await using var node = await StartAsync(journal, 1);
        var done = new TaskCompletionSource<AppendRate>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.System.ActorOf(Props.Create(() => new Recorder(batch, seconds, done)));
        return await done.Task;
    }

    /// <summary>Makes a sweep with so many results and times its recovery, with a snapshot the best of three
    /// times.</summary>
    /// <param name="journal">A journal.</param>
    /// <param name="results">Results of the sweep.</param>
    /// <param name="snapshot">Whether there is a snapshot, 5 % of the events before the end.</param>
    /// <param name="progress">Told how much is done, in [0, 1].</param>
    /// <param name="cancel">Ends it early.</param>
    public static async Task<RecoveryTime> RecoverAsync(JournalPlace journal, int results, bool snapshot,
        Action<double> progress, CancellationToken cancel)
    {
        var sweep = $"bench-{results}-{(snapshot ? "snapshot" : "events")}";
        var units = (results + BenchSweep.ResultsOfUnit - 1) / BenchSweep.ResultsOfUnit;
        var (events, kept) = Make(journal, sweep, units, snapshot, progress, cancel);
        double read = double.PositiveInfinity, actor = double.PositiveInfinity;
        for (var time = 0; time < (snapshot ? 3 : 1); time++) // the actor keeps a snapshot where there was none
        {
            cancel.ThrowIfCancellationRequested();
            GC.Collect(); // the state before is not what is timed
            var clock = Stopwatch.StartNew();
            using (var reading = SqlJournal.Open(journal, readOnly: true)) reading.Recover(sweep);
            read = Math.Min(read, clock.Elapsed.TotalSeconds);
            await using var node = await StartAsync(journal, units);
            GC.Collect();
            clock.Restart();
            node.Wake(sweep);
            await UntilAsync(node, sweep, state => state.Plan is not null, cancel);
            actor = Math.Min(actor, clock.Elapsed.TotalSeconds);
        }
        return new(units * BenchSweep.ResultsOfUnit, events, events - kept, read, actor);
    }

    private static (long Events, long Kept) Make(JournalPlace place, string sweep, int units, bool snapshot,
        Action<double> progress, CancellationToken cancel)
    {
        using var journal = SqlJournal.Open(place);
        var state = SweepState.None;
        long last = 0, kept = 0, all = units * (BenchSweep.ResultsOfUnit + 2L) + 4;
        foreach (var events in BenchSweep.Events(units).Chunk((int)Math.Clamp(all / 50, 100, 20_000)))
        {
            cancel.ThrowIfCancellationRequested();
            progress((double)last / all);
            journal.TryAppend(sweep, last, events, DateTimeOffset.UtcNow);
            last += events.Length;
            if (!snapshot || kept > 0) continue;
            state = SweepDecider.Evolve(state, events);
            if (last < 0.95 * all) continue;
            journal.SaveSnapshot(sweep, new(state, last), DateTimeOffset.UtcNow);
            kept = last;
        }
        return (last, kept);
    }

    private static Task<ClusterNode> StartAsync(JournalPlace journal, int units) => ClusterNode.StartAsync(
        new(journal, 1, 1, 1L << 30, "bench"), BenchSweep.Source, [BenchSweep.Kind(units)]);

    private static async Task UntilAsync(ClusterNode node, string sweep, Func<SweepState, bool> reached,
        CancellationToken cancel)
    {
        while (!reached(node.Sweep(sweep)))
        {
            if (node.Failure.IsCompleted) await node.Failure;
            if (node.FaultOf(sweep) is { } fault) throw new InvalidDataException(fault);
            await Task.Delay(5, cancel);
        }
    }

    /// <summary>Records one batch after the other.</summary>
    private sealed class Recorder : ReceivePersistentActor
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly int batch;
        private long events;

        public Recorder(int batch, double seconds, TaskCompletionSource<AppendRate> done)
        {
            this.batch = batch;
            Command<string>(_ =>
            {
                var (left, next) = (batch, LastSequenceNr);
                PersistAll(Enumerable.Range(0, batch).Select(i =>
                    EncodedEvent.Of(PersistenceId, ++next, BenchSweep.Result("model/bench/A/layer-00000", i))), _ =>
                {
                    if (--left > 0) return;
                    events += batch;
                    if (events == batch) clock.Restart(); // the first makes tables' statements and connections
                    if (clock.Elapsed.TotalSeconds < seconds) Self.Tell("next");
                    else done.TrySetResult(new(batch, events - batch, clock.Elapsed.TotalSeconds));
                });
            });
            Recover<RecoveryCompleted>(_ => Self.Tell("next"));
        }

        public override string PersistenceId => $"bench-{batch}";

        protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) =>
            throw new IOException("the benchmark's events could not be recorded", cause);
    }
}
