using Patchbay.Journal;

namespace Patchbay.Web.Sweeps;

/// <summary>All sweeps of a journal as pages show them. The journal is asked at most twice a second, however many
/// pages are open.</summary>
internal sealed class SweepBook(ClusterNode node, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);
    private readonly Lock alone = new();
    private readonly Dictionary<string, (SweepHistory History, long Read)> histories = new(StringComparer.Ordinal);
    private (IReadOnlyList<string> Ids, long Read)? known;

    /// <summary>Why the journal could not be read just now, in a sentence, or null.</summary>
    public string? Trouble { get; private set; }

    /// <summary>All sweeps, the newest first.</summary>
    public IReadOnlyList<SweepSeen> All()
    {
        lock (alone) return [.. Ids().Reverse().Select(Of).OfType<SweepSeen>()];
    }

    /// <summary>A sweep, or null where there is none of this id.</summary>
    public SweepSeen? Find(string id)
    {
        lock (alone) return Of(id);
    }

    private IReadOnlyList<string> Ids()
    {
        if (known is { } last && time.GetElapsedTime(last.Read) < Fresh) return last.Ids;
        IReadOnlyList<string> ids = known?.Ids ?? [];
        Ask(journal => ids = journal.Sweeps());
        known = (ids, time.GetTimestamp());
        return ids;
    }

    private SweepSeen? Of(string id)
    {
        var isKnown = histories.TryGetValue(id, out var entry);
        if (!isKnown) entry = (new(id), 0);
        if (!isKnown || time.GetElapsedTime(entry.Read) >= Fresh)
        {
            var exists = isKnown;
            Ask(journal => exists = entry.History.Follow(journal));
            if (!exists) return null;
            histories[id] = (entry.History, time.GetTimestamp());
        }
        return entry.History.Seen(time.GetUtcNow(), node.Shares);
    }

    // While another process holds the journal, or its server is away, pages show what was read last.
    private void Ask(Action<SqlJournal> ask)
    {
        try
        {
            using var journal = SqlJournal.Open(node.Options.Journal, readOnly: true);
            ask(journal);
            Trouble = null;
        }
        catch (JournalException e) when (e.Fault is JournalFault.Busy or JournalFault.Unreachable)
        {
            Trouble = e.Message;
        }
    }
}
