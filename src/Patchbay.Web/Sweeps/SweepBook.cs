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

    private readonly SortedDictionary<string, string> unreadable = new(StringComparer.Ordinal);
    private string? trouble;

    /// <summary>Why the journal, or a sweep of it, could not be read when it was last asked, in a sentence, or
    /// null.</summary>
    public string? Trouble
    {
        get
        {
            lock (alone) return trouble ?? unreadable.Values.FirstOrDefault();
        }
    }

    /// <summary>All sweeps, the newest first.</summary>
    public IReadOnlyList<SweepSeen> All()
    {
        var shares = node.Shares;
        lock (alone) return [.. Ids().Reverse().Select(id => Readable(id, shares)).OfType<SweepSeen>()];
    }

    /// <summary>A sweep, or null where there is none of this id.</summary>
    /// <exception cref="JournalException">Its events are damaged, or another version's.</exception>
    public SweepSeen? Find(string id)
    {
        var shares = node.Shares;
        lock (alone) return Of(id, shares);
    }

    // One that cannot be read does not keep the others from being shown.
    private SweepSeen? Readable(string id, IReadOnlyDictionary<(string Sweep, string Unit), double> shares)
    {
        try
        {
            var sweep = Of(id, shares);
            unreadable.Remove(id);
            return sweep;
        }
        catch (JournalException e)
        {
            unreadable[id] = e.Message;
            return null;
        }
    }

    private IReadOnlyList<string> Ids()
    {
        if (known is { } last && time.GetElapsedTime(last.Read) < Fresh) return last.Ids;
        IReadOnlyList<string> ids = known?.Ids ?? [];
        Ask(journal => ids = journal.Sweeps());
        known = (ids, time.GetTimestamp());
        return ids;
    }

    private SweepSeen? Of(string id, IReadOnlyDictionary<(string Sweep, string Unit), double> shares)
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
        return entry.History.Seen(time.GetUtcNow(), shares);
    }

    // While another process holds the journal, or its server is away, pages show what was read last.
    private void Ask(Action<SqlJournal> ask)
    {
        try
        {
            using var journal = SqlJournal.Open(node.Options.Journal, readOnly: true);
            ask(journal);
            trouble = null;
        }
        catch (JournalException e) when (e.Fault is JournalFault.Busy or JournalFault.Unreachable)
        {
            trouble = e.Message;
        }
    }
}
