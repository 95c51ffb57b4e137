namespace Patchbay.Cluster.Dispatch;

/// <summary>
/// Which model actors of a node may compute, and which must free their checkpoint: so many units at a time, and what
/// the loaded models may take together is bounded. Of those that wait, the one whose model is furthest behind in its
/// sweep comes first; where memory runs short, the idle model that was used longest ago goes. What a model may take is
/// fixed by its sweep's plan, so none is asked how much it uses. No clock, no input or output, no chance.
/// </summary>
/// <param name="slots">Units that run at a time.</param>
/// <param name="memoryBytes">For loaded models together.</param>
public sealed class DeviceBroker(int slots, long memoryBytes)
{
    private readonly SortedDictionary<string, Entry> models = new(StringComparer.Ordinal);
    private long turn; // counts requests and grants: what came before

    /// <summary>What is to be told to model actors now.</summary>
    /// <param name="Granted">May run a unit.</param>
    /// <param name="Dismissed">Must free their checkpoint.</param>
    public sealed record Decision(IReadOnlyList<string> Granted, IReadOnlyList<string> Dismissed);

    /// <summary>Where a model stands: "cold", "waiting", "computing", "leaving" or "loaded".</summary>
    public string StateOf(string model) => !models.TryGetValue(model, out var entry) ? "cold"
        : entry.Leaving ? "leaving" : entry.Computes ? "computing" : entry.Waits ? "waiting"
        : entry.Resident ? "loaded" : "cold";

    /// <summary>An operator wants a model's memory back; false where it has none.</summary>
    public bool Dismiss(string model)
    {
        if (!models.TryGetValue(model, out var entry) || !entry.Resident) return false;
        entry.Leaving = true;
        return true;
    }

    /// <summary>A model actor has a unit to run, or a checkpoint to load. Asked twice, it waits once.</summary>
    public void Request(string model, long bytes, double share)
    {
        var entry = EntryOf(model);
        entry.Bytes = bytes;
        entry.Share = share;
        if (entry.Waits || entry.Computes) return;
        (entry.Waits, entry.Since) = (true, turn++);
    }

    /// <summary>A unit has ended; the model stays loaded.</summary>
    /// <param name="model">Which.</param>
    /// <param name="wanted">Whether a sweep has more units for it: then it is not exchanged for another.</param>
    public void Release(string model, bool wanted)
    {
        var entry = EntryOf(model);
        (entry.Computes, entry.Wanted, entry.Used) = (false, wanted, turn++);
    }

    /// <summary>No sweep has units for a model any more.</summary>
    public void Idle(string model)
    {
        if (models.TryGetValue(model, out var entry)) entry.Wanted = false;
    }

    /// <summary>A model's checkpoint is freed, or its actor is gone.</summary>
    public void Free(string model)
    {
        var entry = EntryOf(model);
        (entry.Resident, entry.Computes, entry.Leaving, entry.Wanted) = (false, false, false, false);
        if (!entry.Waits) models.Remove(model);
    }

    /// <summary>Grants what can be granted, and dismisses idle models where one that waits has no room.</summary>
    public Decision Decide()
    {
        List<string> granted = [], dismissed = [];
        foreach (var (model, entry) in models.Where(m => m.Value.Waits && !m.Value.Leaving)
            .OrderBy(m => m.Value.Share).ThenBy(m => m.Value.Since).ToArray())
        {
            if (models.Values.Count(m => m.Computes) >= slots) break;
            if (!entry.Resident && !MakeRoom(entry.Bytes, dismissed)) continue;
            (entry.Waits, entry.Computes, entry.Resident, entry.Used) = (false, true, true, turn++);
            granted.Add(model);
        }
        return new(granted, dismissed);
    }

    // Whether a model of so many bytes has room, alone at least; if not, the idle one used longest ago is to go.
    private bool MakeRoom(long bytes, List<string> dismissed)
    {
        var resident = models.Where(m => m.Value.Resident).ToArray();
        if (resident.Length == 0 || resident.Sum(m => m.Value.Bytes) + bytes <= memoryBytes) return true;
        if (resident.Any(m => m.Value.Leaving)) return false; // room is on its way
        var idle = resident.Where(m => !m.Value.Computes && !m.Value.Waits
            && !m.Value.Wanted).OrderBy(m => m.Value.Used).FirstOrDefault();
        if (idle.Value is null) return false;
        idle.Value.Leaving = true;
        dismissed.Add(idle.Key);
        return false;
    }

    private Entry EntryOf(string model)
    {
        if (!models.TryGetValue(model, out var entry)) models[model] = entry = new();
        return entry;
    }

    private sealed class Entry
    {
        public long Bytes { get; set; }

        public double Share { get; set; }

        public bool Waits { get; set; }

        public bool Computes { get; set; }

        public bool Resident { get; set; }

        public bool Wanted { get; set; }

        public bool Leaving { get; set; }

        public long Since { get; set; }

        public long Used { get; set; }
    }
}
