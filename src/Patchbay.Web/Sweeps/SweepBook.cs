using System.Diagnostics;
using Patchbay.Journal;

namespace Patchbay.Web.Sweeps;

/// <summary>All sweeps of a journal as pages show them. The journal is asked at most twice a second, however many
/// pages are open. A sweep is read for the first time beside what else is asked, one after the other: of a million
/// results that takes seconds.</summary>
internal sealed class SweepBook(ClusterNode node, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500), Patience = TimeSpan.FromMilliseconds(500);
    private readonly Lock alone = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private Task<bool> reading = Task.FromResult(true); // the last that was begun
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

    /// <summary>All sweeps that have been read, the newest first.</summary>
    /// <param name="beingRead">Ids of those that are being read for the first time.</param>
    /// <param name="patience">How long they are waited for together; where null, as long as who looks at a page
    /// waits.</param>
    public IReadOnlyList<SweepSeen> All(out IReadOnlyList<string> beingRead, TimeSpan? patience = null)
    {
        var (shares, found, missing) = (node.Shares, new List<SweepSeen>(), new List<string>());
        var entries = Ids().Reverse().Select(EntryOf).ToArray();
        var began = time.GetTimestamp();
        foreach (var entry in entries)
        {
            var left = (patience ?? Patience) - time.GetElapsedTime(began);
            if (!IsRead(entry, left > TimeSpan.Zero ? left : TimeSpan.Zero)) missing.Add(entry.Id);
            else if (Readable(entry, shares) is { } sweep) found.Add(sweep);
        }
        beingRead = missing;
        return found;
    }

    /// <summary>A sweep; null where there is none of this id, or it has not been read yet.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="isBeingRead">Whether it is being read for the first time.</param>
    /// <param name="patience">How long it is waited for; where null, as long as who looks at a page waits.</param>
    /// <exception cref="JournalException">Its events are damaged, or another version's.</exception>
    public SweepSeen? Find(string id, out bool isBeingRead, TimeSpan? patience = null)
    {
        var entry = EntryOf(id);
        isBeingRead = !IsRead(entry, patience ?? Patience);
        return isBeingRead ? null : Seen(entry, node.Shares);
    }

    /// <summary>Something has just been recorded of a sweep: who asks for it next gets that.</summary>
    public void Renew(string id)
    {
        lock (alone)
            if (entries.TryGetValue(id, out var entry)) entry.Followed = null;
    }

    // One that cannot be read does not keep the others from being shown.
    private SweepSeen? Readable(Entry entry, IReadOnlyDictionary<(string Sweep, string Unit), double> shares)
    {
        string? why = null;
        try
        {
            return Seen(entry, shares);
        }
        catch (JournalException e)
        {
            why = e.Message;
            return null;
        }
        finally
        {
            lock (alone)
            {
                if (why is null) unreadable.Remove(entry.Id);
                else unreadable[entry.Id] = why;
            }
        }
    }

    private IReadOnlyList<string> Ids()
    {
        lock (alone)
        {
            if (known is { } last && time.GetElapsedTime(last.Read) < Fresh) return last.Ids;
            IReadOnlyList<string> ids = known?.Ids ?? [];
            Ask(journal => ids = journal.Sweeps());
            known = (ids, time.GetTimestamp());
            return ids;
        }
    }

    private Entry EntryOf(string id)
    {
        lock (alone)
        {
            if (entries.TryGetValue(id, out var entry)) return entry;
            entry = new(id, history => FirstAsync(history, reading));
            reading = entry.First;
            return entries[id] = entry;
        }
    }

    private static bool IsRead(Entry entry, TimeSpan patience) => Task.WaitAny([entry.First], patience) == 0;

    private async Task<bool> FirstAsync(SweepHistory history, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        var exists = false;
        Ask(journal => exists = history.Follow(journal));
        return exists;
    }

    // What could not be read, or is not there, is asked for anew the next time.
    private SweepSeen? Seen(Entry entry, IReadOnlyDictionary<(string Sweep, string Unit), double> shares)
    {
        lock (alone)
        {
            if (!entry.First.IsCompletedSuccessfully || !entry.First.Result)
            {
                if (entries.GetValueOrDefault(entry.Id) == entry) entries.Remove(entry.Id);
                return entry.First.GetAwaiter().GetResult() ? throw new UnreachableException() : null;
            }
            if (entry.Followed is not { } last || time.GetElapsedTime(last) >= Fresh)
            {
                Ask(journal => entry.History.Follow(journal));
                entry.Followed = time.GetTimestamp();
            }
            return entry.History.Seen(time.GetUtcNow(), shares);
        }
    }

    // While another process holds the journal, or its server is away, pages show what was read last.
    private void Ask(Action<SqlJournal> ask)
    {
        try
        {
            using var journal = SqlJournal.Open(node.Options.Journal, readOnly: true);
            ask(journal);
            lock (alone) trouble = null;
        }
        catch (JournalException e) when (e.Fault is JournalFault.Busy or JournalFault.Unreachable)
        {
            lock (alone) trouble = e.Message;
        }
    }

    private sealed class Entry
    {
        public Entry(string id, Func<SweepHistory, Task<bool>> first)
        {
            (Id, History) = (id, new(id));
            First = first(History);
        }

        public string Id { get; }

        public SweepHistory History { get; }

        /// <summary>Ends when all that was there is read: false where there is no such sweep.</summary>
        public Task<bool> First { get; }

        /// <summary>When it was last asked for more; null where it is to be asked at once.</summary>
        public long? Followed { get; set; }
    }
}
