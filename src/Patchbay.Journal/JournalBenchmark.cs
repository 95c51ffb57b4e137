using System.Diagnostics;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

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
/// <param name="Tail">Events that were read; all of them where there was no snapshot.</param>
/// <param name="FileBytes">Size of the journal's file.</param>
/// <param name="SnapshotBytes">Size of the snapshot, 0 where there was none.</param>
/// <param name="SnapshotSeconds">How long saving the snapshot took.</param>
/// <param name="Seconds">How long opening the journal and recovering the sweep took, the best of three times.</param>
public sealed record RecoveryTime(int Results, long Events, long Tail, long FileBytes, long SnapshotBytes,
    double SnapshotSeconds, double Seconds);

/// <summary>Times a journal as sweeps use it, on the disk of a folder.</summary>
public static class JournalBenchmark
{
    private const int ResultsOfUnit = 32;
    private const string Sweep = "bench";
    private const string Stage = "model/path-patching/A";
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    /// <summary>Records events for some seconds, each transaction on the disk before the next begins.</summary>
    /// <param name="file">A journal that does not exist yet.</param>
    /// <param name="batch">Events of one transaction.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static AppendRate Append(string file, int batch, double seconds, CancellationToken cancellation)
    {
        using var journal = SqlJournal.Open(file);
        SweepEvent[] events = [.. Enumerable.Range(0, batch).Select(i => Result(Unit(0), i))];
        long last = 0;
        Add(journal, events, ref last); // makes the file and the commands
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            cancellation.ThrowIfCancellationRequested();
            Add(journal, events, ref last);
        }
        return new(batch, last - batch, watch.Elapsed.TotalSeconds);
    }

    /// <summary>Asks for events again and again when there are no new ones, as hosts do that wait for each
    /// other.</summary>
    /// <param name="file">A journal made by <see cref="Append"/>.</param>
    /// <returns>Seconds that asking once takes.</returns>
    public static double Poll(string file)
    {
        const int Times = 20_000;
        using var journal = SqlJournal.Open(file);
        var last = journal.LastSequence(Sweep);
        for (var i = 0; i < Times / 10; i++) journal.Read(Sweep, last);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Times; i++) journal.Read(Sweep, last);
        return watch.Elapsed.TotalSeconds / Times;
    }

    /// <summary>Makes a sweep and times its recovery.</summary>
    /// <param name="file">A journal that does not exist yet.</param>
    /// <param name="results">Results of the sweep.</param>
    /// <param name="snapshot">Whether there is a snapshot, 5 % of the events before the end.</param>
    /// <param name="progress">Told how much of the sweep is made, in [0, 1].</param>
    /// <param name="cancellation">Ends it early.</param>
    public static RecoveryTime Recover(
        string file, int results, bool snapshot, Action<double> progress, CancellationToken cancellation)
    {
        var units = (results + ResultsOfUnit - 1) / ResultsOfUnit;
        long last = 0, kept = 0;
        double saving = 0;
        using (var journal = SqlJournal.Open(file))
        {
            var state = SweepState.None;
            Take(Begin(units));
            var split = units - Math.Max(1, units / 20); // the last 5 % come after the snapshot
            for (var from = 0; from < units;)
            {
                cancellation.ThrowIfCancellationRequested();
                progress((double)from / units);
                var to = Math.Min(from < split ? split : units, from + 1000);
                Take([.. Enumerable.Range(from, to - from).SelectMany(UnitEvents)]);
                from = to;
                if (!snapshot || from != split) continue;
                var watch = Stopwatch.StartNew();
                journal.SaveSnapshot(Sweep, new(state, last), At);
                saving = watch.Elapsed.TotalSeconds;
                kept = last;
            }

            void Take(SweepEvent[] events)
            {
                Add(journal, events, ref last);
                if (snapshot) state = SweepDecider.Evolve(state, events); // only a snapshot needs it
            }
        }
        var best = Enumerable.Range(0, 3).Min(_ => TimeRecovery(file, last));
        return new(
            units * ResultsOfUnit, last, last - kept, new FileInfo(file).Length, SnapshotBytes(file), saving, best);
    }

    private static double TimeRecovery(string file, long expected)
    {
        GC.Collect(); // the state before is not what is timed
        var watch = Stopwatch.StartNew();
        using var journal = SqlJournal.Open(file);
        var recovered = journal.Recover(Sweep);
        return recovered.Sequence == expected ? watch.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"recovered up to event {recovered.Sequence} of {expected}");
    }

    private static long SnapshotBytes(string file)
    {
        using var journal = SqlJournal.Open(file);
        return journal.Database.Long("SELECT max(length(snapshot)) FROM snapshot");
    }

    private static void Add(SqlJournal journal, SweepEvent[] events, ref long last)
    {
        if (!journal.TryAppend(Sweep, last, events, At))
            throw new InvalidOperationException("somebody else writes to the benchmark's journal");
        last += events.Length;
    }

    private static string Unit(int number) => UnitId.Join(Stage, $"layer-{number:00000}");

    private static SweepEvent[] Begin(int units)
    {
        var stage = new Stage(Stage, "path-patching", "model", new("""{"group":"A"}"""), []);
        var plan = new SweepPlan("bench", "study: bench\n", 20, new("entity-tracking", 300, 7),
            new("float32", "cpu", 1, 1L << 32),
            [new("model", "models/model", null, new string('a', 64), 32, 32, 1L << 30)], [stage]);
        return
        [
            new SweepPlanned(plan, "0.1.0"), new SweepStarted(),
            new StageBegun(Stage, JsonRecord.Empty, [.. Enumerable.Range(0, units).Select(Unit)]),
        ];
    }

    private static IEnumerable<SweepEvent> UnitEvents(int number)
    {
        var unit = Unit(number);
        return [new UnitClaimed(unit, 1, "node-1"), .. Enumerable.Range(0, ResultsOfUnit).Select(i => Result(unit, i)),
            new UnitCompleted(unit, "node-1", 3.2)];
    }

    private static InterventionRecorded Result(string unit, int head) =>
        new(unit, $"7.{head}", Math.Sin(unit.Length + head), double.NaN, 300, 20, new string('a', 64), "0.1.0", 0.1);
}
