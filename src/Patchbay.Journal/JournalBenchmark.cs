using System.Diagnostics;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>How fast events are recorded.</summary>
/// <param name="EventsPerTransaction">Events in one append.</param>
/// <param name="EventsPerSecond">Recorded and on the disk.</param>
/// <param name="MillisecondsPerTransaction">Time of one append.</param>
public sealed record AppendRate(int EventsPerTransaction, double EventsPerSecond, double MillisecondsPerTransaction);

/// <summary>How long a sweep takes to be recovered.</summary>
/// <param name="Results">Intervention results in it.</param>
/// <param name="Events">All its events.</param>
/// <param name="Megabytes">Size of the file.</param>
/// <param name="Seconds">Recovery from the snapshot and the events after it, opening included.</param>
/// <param name="ReplaySeconds">Recovery from all events; null where it was not measured.</param>
/// <param name="SnapshotSeconds">Saving the snapshot.</param>
public sealed record RecoveryTime(int Results, long Events, double Megabytes, double Seconds, double? ReplaySeconds, double SnapshotSeconds);

/// <summary>Measures a journal on the disk of a folder.</summary>
public static class JournalBenchmark
{
    private const int PerUnit = 32; // results of a unit: the heads of one layer of a 7B model
    private const double AppendSeconds = 2;

    /// <summary>Rates of appends of different sizes.</summary>
    public static IReadOnlyList<AppendRate> Appends(string folder, IReadOnlyList<int> sizes, Action<double>? progress = null) => [.. sizes.Index().Select(size =>
    {
        using var journal = SqliteJournal.Open(Path.Combine(folder, $"append-{size.Item}.db"));
        journal.TryAppend("s", 0, [new SweepPlanned(Plan(1), "bench")], DateTimeOffset.UtcNow);
        var (count, sequence, clock) = (0, 1L, Stopwatch.StartNew());
        for (; clock.Elapsed.TotalSeconds < AppendSeconds; count++, sequence += size.Item)
            journal.TryAppend("s", sequence, [.. Enumerable.Range(0, size.Item).Select(i => Result("m/stage/unit", i))], DateTimeOffset.UtcNow);
        progress?.Invoke((size.Index + 1.0) / sizes.Count);
        return new AppendRate(size.Item, count * size.Item / clock.Elapsed.TotalSeconds, clock.Elapsed.TotalMilliseconds / count);
    })];

    /// <summary>Recovery of a sweep of so many results, 95 % of whose events are in its snapshot.</summary>
    /// <param name="folder">Where the file goes.</param>
    /// <param name="results">About how many; rounded to whole units.</param>
    /// <param name="replay">Whether to measure recovery without the snapshot too.</param>
    public static RecoveryTime Recovery(string folder, int results, bool replay)
    {
        var path = Path.Combine(folder, $"recover-{results}.db");
        var units = Math.Max(1, results / PerUnit);
        var (sequence, saving) = Fill(path, units);
        double? replayed = null;
        if (replay)
        {
            using var journal = SqliteJournal.Open(path);
            replayed = Time(() => SweepDecider.Evolve(SweepState.None, journal.Read("s", 0).Select(e => e.Event)));
        }
        var seconds = Time(() =>
        {
            using var journal = SqliteJournal.Open(path);
            if (journal.Recover("s").Sequence != sequence) throw new InvalidDataException("the recovered sweep is not the one that was recorded");
        });
        return new(units * PerUnit, sequence, new FileInfo(path).Length / 1e6, seconds, replayed, saving);
    }

    private static (long Sequence, double Saving) Fill(string path, int units)
    {
        using var journal = SqliteJournal.Open(path);
        var (state, sequence, saving) = (SweepState.None, 0L, 0.0);
        void Append(IReadOnlyList<SweepEvent> events)
        {
            journal.TryAppend("s", sequence, events, DateTimeOffset.UtcNow);
            (state, sequence) = (SweepDecider.Evolve(state, events), sequence + events.Count);
        }
        string[] ids = [.. Enumerable.Range(0, units).Select(u => $"m/stage/layer-{u:000000}")];
        Append([new SweepPlanned(Plan(units), "bench"), new SweepStarted(), new StageBegun("m/stage", "", ids)]);
        foreach (var some in ids.Index().Chunk(200))
        {
            Append([.. some.SelectMany(unit => (SweepEvent[])[new UnitClaimed(unit.Item, 1, "node"),
                .. Enumerable.Range(0, PerUnit).Select(i => Result(unit.Item, i)), new UnitCompleted(unit.Item, "node", 1)])]);
            var done = some[^1].Index + 1;
            // As a coordinator would have left it: the last snapshot a twentieth of all events ago.
            if (saving == 0 && done >= units * 0.95) saving = Time(() => journal.SaveSnapshot("s", new(state, sequence), DateTimeOffset.UtcNow));
        }
        return (sequence, saving);
    }

    private static SweepPlan Plan(int units) => new("bench", $"{units} units", 20, new("entity-tracking", 300, 7), new("float32", "cpu", 1, 1 << 30),
        [new("m", "/m", null, "fingerprint", 32, PerUnit, 1)], [new("m/stage", "bench", "m", new Dictionary<string, string>(), [])]);

    private static InterventionRecorded Result(string unit, int head) =>
        new(unit, $"5.{head}", -0.0123456789 * head, 0.00123456789, 300, 20, "a3f1c2d4e5f60718293a4b5c6d7e8f901a2b3c4d5e6f708192a3b4c5d6e7f809", "0.1.0", 0.0321);

    private static double Time(Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed.TotalSeconds;
    }
}
