using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>Goes through one sweep's events and snapshots for <see cref="JournalVerifier"/>.</summary>
internal sealed class SweepWalk(SqliteJournal journal, string sweep, List<string> problems)
{
    private readonly HashSet<string> completed = new(StringComparer.Ordinal);
    private readonly Dictionary<long, StoredSnapshot> snapshots = [];
    private SweepState state = SweepState.None;
    private bool rebuilt = true;
    private long events, results, gaps, damaged, last;
    private int completedTwice, snapshotsWrong;

    public SweepCheck Run(Action step)
    {
        JournalVerifier.Try(problems, $"the snapshots of sweep {sweep} cannot be read: ", () =>
        {
            foreach (var stored in journal.Database.Guard(() => journal.Snapshots(sweep))) snapshots[stored.Sequence] = stored;
        });
        var readable = JournalVerifier.Try(problems, "", () => journal.Database.Guard(() =>
        {
            journal.ReadRows(sweep, 0, row =>
            {
                step();
                Take(row);
            });
            return true;
        }));
        if (!readable)
        {
            problems[^1] = $"sweep {sweep} can only be read up to event {last}: {problems[^1]}";
            rebuilt = false;
        }
        foreach (var stored in snapshots.Values.Where(s => s.Sequence > last && readable))
            WrongSnapshot($"the snapshot after event {stored.Sequence} of sweep {sweep} is newer than its last event, {last}: events were lost");
        return new(sweep, state.Status, events, results, gaps, damaged, completedTwice, rebuilt, snapshots.Count, snapshotsWrong);
    }

    private void Take(EventRow row)
    {
        if (row.Sequence > last + 1)
        {
            gaps += row.Sequence - last - 1;
            var which = row.Sequence == last + 2 ? $"event {last + 1}" : $"events {last + 1} to {row.Sequence - 1}";
            Broken($"sweep {sweep} lacks {which}");
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
        var id = SqliteJournal.PersistenceId(sweep);
        var where = $"the snapshot after event {last} of sweep {sweep}";
        if (SnapshotCodec.IsOlder(stored.Manifest)) return;
        if (stored.Manifest != SnapshotCodec.Manifest)
            WrongSnapshot($"{where} is of a form '{stored.Manifest}' that this Patchbay does not know: it reads the events instead");
        else if (SnapshotCodec.TryDecode(id, stored) is not { } kept)
            WrongSnapshot($"{where} is not what was written: the events are read instead");
        else if (rebuilt && !SnapshotCodec.Encode(id, last, kept).AsSpan().SequenceEqual(SnapshotCodec.Encode(id, last, state)))
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
