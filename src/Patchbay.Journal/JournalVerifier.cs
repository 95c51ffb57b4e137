using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>What a check of one sweep found.</summary>
/// <param name="Sweep">Its id.</param>
/// <param name="Status">Where it stands after the last event that could be applied.</param>
/// <param name="Events">Events that are there.</param>
/// <param name="Results">Results among them.</param>
/// <param name="Gaps">Events that are missing before the last one.</param>
/// <param name="Damaged">Events that are not what was written, or of a kind that this Patchbay does not know.</param>
/// <param name="CompletedTwice">Units that were recorded as done more than once.</param>
/// <param name="Rebuilt">Whether the state can be made anew from all events.</param>
/// <param name="Snapshots">Snapshots that are there.</param>
/// <param name="SnapshotsWrong">Those that cannot be used, or differ from what the events before them make.</param>
public sealed record SweepCheck(string Sweep, SweepStatus Status, long Events, long Results, long Gaps, long Damaged,
    int CompletedTwice, bool Rebuilt, int Snapshots, int SnapshotsWrong);

/// <summary>What a check of a whole journal found.</summary>
/// <param name="Path">Where the journal is.</param>
/// <param name="Version">Version of its tables.</param>
/// <param name="Sweeps">Each sweep, oldest first.</param>
/// <param name="Artifacts">Artifacts that are there.</param>
/// <param name="ArtifactsDamaged">Those that are not what was put in.</param>
/// <param name="Problems">All that is wrong, each in a sentence.</param>
public sealed record JournalReport(string Path, int Version, IReadOnlyList<SweepCheck> Sweeps, int Artifacts,
    int ArtifactsDamaged, IReadOnlyList<string> Problems)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool Sound => Problems.Count == 0;
}

/// <summary>Reads a whole journal and says what is wrong with it; it goes on after what it finds.</summary>
public static class JournalVerifier
{
    /// <summary>Checks the database, every event, every snapshot and every artifact. Changes nothing.</summary>
    /// <param name="journal">An open journal.</param>
    /// <param name="progress">Told what is being checked and how much of all is done, in [0, 1]; or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public static JournalReport Verify(
        SqlJournal journal, Action<string, double>? progress = null, CancellationToken cancellation = default)
    {
        var (database, problems) = (journal.Database, new List<string>());
        progress?.Invoke("the database", 0);
        Try(problems, () => problems.AddRange(
            database.Problems()));
        long all = 1, seen = 0;
        IReadOnlyList<string> sweeps = [], hashes = [];
        Try(problems, () =>
        {
            all = Math.Max(1, database.Long("SELECT count(*) FROM journal"));
            // Also those whose first event is gone.
            sweeps = journal.Sweeps(
                "SELECT persistence_id FROM journal GROUP BY persistence_id ORDER BY min(ordering)");
        });
        var checks = new List<SweepCheck>();
        foreach (var sweep in sweeps)
        {
            checks.Add(new SweepWalk(journal, sweep, problems).Check(() =>
            {
                if (++seen % 1024 != 0) return;
                cancellation.ThrowIfCancellationRequested();
                progress?.Invoke(sweep, Math.Min(1, (double)seen / all));
            }));
        }
        Try(problems, () => hashes = journal.Artifacts.All());
        var damaged = 0;
        foreach (var hash in hashes)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Invoke("artifacts", 1);
            if (!Try(problems, () => journal.Artifacts.CopyTo(hash, Stream.Null))) damaged++;
        }
        return new(journal.Place.ToString(), journal.Version, checks, hashes.Count, damaged, problems);
    }

    /// <summary>Does something whose failure is a finding.</summary>
    internal static bool Try(List<string> problems, Action work, string before = "")
    {
        try
        {
            work();
            return true;
        }
        catch (JournalException e)
        {
            problems.Add(before + e.Message);
            return false;
        }
    }
}

/// <summary>Goes through one sweep's events and snapshots, and adds what is wrong to the problems.</summary>
internal sealed class SweepWalk(SqlJournal journal, string sweep, List<string> problems)
{
    private readonly HashSet<string> completed = new(StringComparer.Ordinal);
    private Dictionary<long, StoredSnapshot> snapshots = [];
    private SweepState state = SweepState.None;
    private bool rebuilt = true;
    private long events, results, gaps, damaged, last;
    private int completedTwice, snapshotsWrong;

    /// <summary>Reads all; <paramref name="step"/> is called before each event.</summary>
    public SweepCheck Check(Action step)
    {
        JournalVerifier.Try(problems,
            () => snapshots = journal.Snapshots(sweep).ToDictionary(s => s.Sequence),
            $"the snapshots of sweep {sweep} cannot be read: ");
        var readable = JournalVerifier.Try(problems, () => journal.ReadRows(sweep, 0, row =>
        {
            step();
            CheckRow(row);
        }));
        if (!readable)
        {
            problems[^1] = $"sweep {sweep} can only be read up to event {last}: {problems[^1]}";
            rebuilt = false;
        }
        foreach (var stored in snapshots.Values.Where(s => s.Sequence > last && readable))
        {
            WrongSnapshot($"the snapshot after event {stored.Sequence} of sweep {sweep} is newer than its last event, "
                + $"{last}: events were lost");
        }
        return new(sweep, state.Status, events, results, gaps, damaged, completedTwice, rebuilt, snapshots.Count,
            snapshotsWrong);
    }

    private void CheckRow(EventRow row)
    {
        if (row.Sequence > last + 1)
        {
            gaps += row.Sequence - last - 1;
            Broken($"sweep {sweep} lacks "
                + (row.Sequence == last + 2 ? $"event {last + 1}" : $"events {last + 1} to {row.Sequence - 1}"));
        }
        last = row.Sequence;
        events++;
        try
        {
            Apply(journal.Decode(sweep, row.Sequence, row));
        }
        catch (JournalException e)
        {
            damaged++;
            Broken(e.Message);
        }
        if (snapshots.TryGetValue(last, out var stored)) Compare(stored);
    }

    private void Apply(SweepEvent happened)
    {
        if (happened is InterventionRecorded) results++;
        if (happened is UnitCompleted done && !completed.Add(done.Unit))
        {
            completedTwice++;
            problems.Add($"unit {done.Unit} of sweep {sweep} is recorded as done a second time by event {last}");
        }
        if (!rebuilt) return;
        try
        {
            state = SweepDecider.Evolve(state, happened);
        }
        catch (Exception e) when (e is KeyNotFoundException or ArgumentException or InvalidOperationException)
        {
            Broken($"event {last} of sweep {sweep} does not go with those before it: {e.Message}");
        }
    }

    private void Compare(StoredSnapshot stored)
    {
        if (SnapshotCodec.IsOlder(stored.Manifest)) return;
        var id = SqlJournal.PersistenceId(sweep);
        var where = $"the snapshot after event {last} of sweep {sweep}";
        if (stored.Manifest != SnapshotCodec.Manifest)
            WrongSnapshot($"{where} is of a form '{stored.Manifest}' that this Patchbay does not know: "
                + "it reads the events instead");
        else if (SnapshotCodec.TryDecode(id, stored) is not { } kept)
            WrongSnapshot($"{where} is not what was written: the events are read instead");
        else if (rebuilt && !SnapshotCodec.Encode(id, last, kept).SequenceEqual(SnapshotCodec.Encode(id, last, state)))
            WrongSnapshot($"{where} differs from what the events make");
    }

    private void Broken(string problem)
    {
        problems.Add(problem);
        rebuilt = false;
    }

    private void WrongSnapshot(string problem)
    {
        problems.Add(problem);
        snapshotsWrong++;
    }
}
