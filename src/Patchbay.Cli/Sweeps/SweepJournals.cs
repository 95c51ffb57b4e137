using System.CommandLine;

namespace Patchbay.Cli.Sweeps;

/// <summary>How commands find a sweep in a journal.</summary>
internal static class SweepJournals
{
    /// <summary>The argument that names a sweep.</summary>
    public static Argument<string> Id() => new("ID") { Description = "Id of the sweep, as `pbm sweep list` shows it" };

    /// <summary>A sweep by its id.</summary>
    /// <exception cref="FileNotFoundException">There is none; the message lists those that there are.</exception>
    public static RecoveredSweep Find(ISweepJournal journal, string id,
        Action<DateTimeOffset, SweepState>? seen = null)
    {
        var recovered = journal.Recover(id, seen);
        if (recovered.State.Status != SweepStatus.None) return recovered;
        var ids = journal.Sweeps();
        throw new FileNotFoundException($"there is no sweep '{id}': " + (ids.Count == 0 ? "no study has been run here"
            : $"there is {string.Join(", ", ids)}"));
    }

    /// <summary>Closes a journal that has something to close.</summary>
    public static void Close(ISweepJournal journal) => (journal as IDisposable)?.Dispose();
}
