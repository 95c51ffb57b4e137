using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>What was found of one sweep.</summary>
/// <param name="Sweep">Its id.</param>
/// <param name="Events">Events read.</param>
/// <param name="Results">Intervention results among them.</param>
/// <param name="Status">Its state, rebuilt from all events; null where it could not be.</param>
public sealed record VerifiedSweep(string Sweep, long Events, long Results, SweepStatus? Status);

/// <summary>What a journal's verification found.</summary>
/// <param name="Sweeps">Each sweep.</param>
/// <param name="Artifacts">Artifacts read.</param>
/// <param name="Problems">What is wrong, a sentence each; empty where all is well.</param>
public sealed record JournalReport(IReadOnlyList<VerifiedSweep> Sweeps, int Artifacts, IReadOnlyList<string> Problems);

/// <summary>Reads all that a journal holds: pages, events and their hashes, numbers without gaps, states and snapshots, artifacts.</summary>
public static class JournalVerifier
{
    /// <summary>Verifies a journal; it does not stop at the first problem.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each sweep and artifact.</param>
    public static JournalReport Verify(SqliteJournal journal, Action<double>? progress = null, CancellationToken cancel = default)
    {
        var problems = new List<string>();
        Pages(journal, problems);
        var sweeps = Guarded(problems, journal.Sweeps) ?? [];
        var artifacts = new ArtifactStore(journal);
        var names = Guarded(problems, artifacts.Names) ?? [];
        var verified = new List<VerifiedSweep>();
        foreach (var sweep in sweeps)
        {
            cancel.ThrowIfCancellationRequested();
            if (Guarded(problems, () => Sweep(journal, sweep, problems)) is { } found) verified.Add(found);
            progress?.Invoke(verified.Count / (double)(sweeps.Count + names.Count));
        }
        foreach (var name in names)
        {
            cancel.ThrowIfCancellationRequested();
            Guarded(problems, () => artifacts.Get(name));
        }
        Orphans(journal, sweeps, problems);
        return new(verified, names.Count, problems);
    }

    private static void Pages(SqliteJournal journal, List<string> problems) => Guarded(problems, () => journal.Try(() =>
    {
        using var reader = journal.Command("PRAGMA integrity_check(20)").ExecuteReader();
        while (reader.Read())
            if (reader.GetString(0) is not "ok" and var found) problems.Add($"{journal.Path}: {found}");
        return "";
    }));

    /// <summary>Every event of a sweep, one by one, so that one that is damaged does not hide the others.</summary>
    private static VerifiedSweep Sweep(SqliteJournal journal, string sweep, List<string> problems)
    {
        var id = SqliteJournal.SweepPrefix + sweep;
        var snapshot = Guarded(problems, () => journal.Snapshot(sweep));
        var (count, results, expected, state) = (0L, 0L, 1L, (SweepState?)SweepState.None);
        var completed = new HashSet<string>(StringComparer.Ordinal);
        journal.Try(() =>
        {
            using var reader = journal.Command("SELECT sequence_number, manifest, message FROM journal WHERE persistence_id = @id ORDER BY sequence_number", ("@id", id)).ExecuteReader();
            while (reader.Read())
            {
                var sequence = reader.GetInt64(0);
                if (sequence != expected) problems.Add($"{journal.Path}: events {expected} to {sequence - 1} of {id} are missing");
                if (sequence != expected) state = null;
                expected = sequence + 1;
                count++;
                var happened = Guarded(problems, () => EventFormat.Read(journal.Path, id, sequence, reader.GetString(1), reader.GetFieldValue<byte[]>(2)));
                if (happened is InterventionRecorded) results++;
                if (happened is UnitCompleted unit && !completed.Add(unit.Unit)) problems.Add($"{journal.Path}: unit {unit.Unit} of {id} was completed twice");
                state = happened is null || state is null ? null : Rebuilt(journal.Path, id, sequence, state, happened, problems);
                if (snapshot?.Sequence == sequence && state is not null && !SnapshotFormat.Write(state).AsSpan().SequenceEqual(SnapshotFormat.Write(snapshot.State)))
                    problems.Add($"{journal.Path}: the snapshot of {id} at event {sequence} is not what its events give");
            }
            return "";
        });
        if (snapshot is not null && snapshot.Sequence >= expected) problems.Add($"{journal.Path}: events {expected} to {snapshot.Sequence} of {id}, which a snapshot holds, are missing");
        return new(sweep, count, results, state?.Status);
    }

    private static SweepState? Rebuilt(string path, string id, long sequence, SweepState state, SweepEvent happened, List<string> problems)
    {
        try
        {
            return SweepDecider.Evolve(state, happened);
        }
        catch (Exception e) when (e is KeyNotFoundException or ArgumentException or NullReferenceException)
        {
            problems.Add($"{path}: event {sequence} of {id}, a {happened.GetType().Name}, does not fit those before it");
            return null;
        }
    }

    private static void Orphans(SqliteJournal journal, IReadOnlyList<string> sweeps, List<string> problems) => Guarded(problems, () => journal.Try(() =>
    {
        using var reader = journal.Command("SELECT DISTINCT persistence_id FROM journal").ExecuteReader();
        var known = sweeps.Select(s => SqliteJournal.SweepPrefix + s).ToHashSet();
        while (reader.Read())
            if (!known.Contains(reader.GetString(0))) problems.Add($"{journal.Path}: the first event of {reader.GetString(0)} is missing");
        return "";
    }));

    private static T? Guarded<T>(List<string> problems, Func<T> action) where T : class?
    {
        try
        {
            return action();
        }
        catch (JournalException e)
        {
            problems.Add(e.Message);
            return null;
        }
    }
}
