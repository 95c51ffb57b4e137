using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>Reads a whole journal and says what is wrong with it; it goes on after what it finds.</summary>
public static class JournalVerifier
{
    /// <summary>Checks the file, every event, every snapshot and every artifact. Changes nothing.</summary>
    /// <param name="journal">An open journal.</param>
    /// <param name="progress">Told what is being checked and how much of all is done, in [0, 1]; or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public static JournalReport Verify(SqliteJournal journal, Action<string, double>? progress = null, CancellationToken cancellation = default)
    {
        var problems = new List<string>();
        progress?.Invoke("the file", 0);
        Try(problems, "", () => problems.AddRange(journal.Database.Guard(() => journal.Database.Strings("PRAGMA integrity_check(20)"))
            .Where(line => line != "ok").Select(line => $"SQLite finds the file damaged: {line}")));
        long all = 1, seen = 0;
        IReadOnlyList<string> sweeps = [];
        Try(problems, "", () =>
        {
            all = Math.Max(1, journal.Database.Guard(() => journal.Database.Long("SELECT count(*) FROM journal")));
            sweeps = Sweeps(journal);
        });
        var checks = new List<SweepCheck>();
        foreach (var sweep in sweeps)
        {
            checks.Add(new SweepWalk(journal, sweep, problems).Run(() =>
            {
                if (++seen % 1024 != 0) return;
                cancellation.ThrowIfCancellationRequested();
                progress?.Invoke(sweep, Math.Min(1, (double)seen / all));
            }));
        }
        var (artifacts, damaged) = Artifacts(journal, problems, progress, cancellation);
        return new(journal.Path, journal.Version, checks, artifacts, damaged, problems);
    }

    /// <summary>Also those whose first event is gone.</summary>
    private static List<string> Sweeps(SqliteJournal journal)
    {
        var prefix = SqliteJournal.PersistenceId("");
        return [.. journal.Database.Guard(() => journal.Database.Strings("SELECT persistence_id FROM journal GROUP BY persistence_id ORDER BY min(ordering)"))
            .Where(id => id.StartsWith(prefix, StringComparison.Ordinal)).Select(id => id[prefix.Length..])];
    }

    private static (int All, int Damaged) Artifacts(SqliteJournal journal, List<string> problems, Action<string, double>? progress,
        CancellationToken cancellation)
    {
        IReadOnlyList<string> hashes = [];
        Try(problems, "", () => hashes = journal.Artifacts.All());
        var damaged = 0;
        foreach (var hash in hashes)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Invoke("artifacts", 1);
            if (!Try(problems, "", () => journal.Artifacts.CopyTo(hash, Stream.Null))) damaged++;
        }
        return (hashes.Count, damaged);
    }

    /// <summary>Does something whose failure is a finding.</summary>
    internal static bool Try(List<string> problems, string before, Action work)
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
