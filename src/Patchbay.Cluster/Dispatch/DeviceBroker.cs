namespace Patchbay.Cluster.Dispatch;

/// <summary>
/// Which model actors of a node may compute and on which device, and which must free their checkpoint: so many units at
/// a time, and what the loaded models of a device may take together is bounded. Of those that wait, the one whose model
/// is furthest behind in its sweep comes first; where memory runs short, the idle model that was used longest ago goes.
/// A model for any GPU comes on the one with most memory left. What a model may take is fixed by its sweep's plan, so
/// none is asked how much it uses. No clock, no input or output, no chance.
/// </summary>
/// <param name="slots">Units that run at a time.</param>
/// <param name="devices">The devices, with the memory of each for loaded models together; another, asked for all the
/// same, counts as the largest of them.</param>
public sealed class DeviceBroker(int slots, IReadOnlyDictionary<string, long> devices)
{
    private readonly SortedDictionary<string, Entry> models = new(StringComparer.Ordinal);
    private long turn; // counts requests and grants: what came before

    /// <summary>What is to be told to model actors now.</summary>
    /// <param name="Granted">May run a unit, each on a device.</param>
    /// <param name="Dismissed">Must free their checkpoint.</param>
    public sealed record Decision(IReadOnlyList<(string Model, string Device)> Granted,
        IReadOnlyList<string> Dismissed);

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
    /// <param name="model">Which.</param>
    /// <param name="device">"cpu", "cuda:1", or "cuda" for any GPU.</param>
    /// <param name="bytes">Memory that it takes.</param>
    /// <param name="share">How much of its sweep is done.</param>
    public void Request(string model, string device, long bytes, double share)
    {
        var entry = EntryOf(model);
        entry.Bytes = bytes;
        if (!entry.Resident) (entry.Wished, entry.Device) = (device, device);
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
        List<(string, string)> granted = [];
        List<string> dismissed = [];
        foreach (var (model, entry) in models.Where(m => m.Value.Waits && !m.Value.Leaving)
            .OrderBy(m => m.Value.Share).ThenBy(m => m.Value.Since).ToArray())
        {
            if (models.Values.Count(m => m.Computes) >= slots) break;
            if (!entry.Resident && !FindRoom(entry, dismissed)) continue;
            (entry.Waits, entry.Computes, entry.Resident, entry.Used) = (false, true, true, turn++);
            granted.Add((model, entry.Device));
        }
        return new(granted, dismissed);
    }

    // The device for a model that is not loaded: that which has most left; false where none has room yet.
    private bool FindRoom(Entry entry, List<string> dismissed)
    {
        entry.Device = devices.Keys.Where(d => Serves(d, entry.Wished)).OrderByDescending(d => Memory(d) - Taken(d))
            .ThenBy(d => d, StringComparer.Ordinal).FirstOrDefault() ?? entry.Wished;
        return MakeRoom(entry.Device, entry.Bytes, dismissed);
    }

    /// <summary>Whether a device is what was wished for: "cuda" is any GPU.</summary>
    public static bool Serves(string device, string wished) =>
        device == wished || (wished == "cuda" && device.StartsWith("cuda:", StringComparison.Ordinal));

    private IEnumerable<KeyValuePair<string, Entry>> On(string device) =>
        models.Where(m => m.Value.Resident && m.Value.Device == device);

    private long Taken(string device) => On(device).Sum(m => m.Value.Bytes);

    private long Memory(string device) => devices.TryGetValue(device, out var bytes) ? bytes
        : devices.Values.DefaultIfEmpty(long.MaxValue).Max();

    // Whether a model of so many bytes has room, alone at least; if not, the idle one used longest ago is to go.
    private bool MakeRoom(string device, long bytes, List<string> dismissed)
    {
        var resident = On(device).ToArray();
        if (resident.Length == 0 || Taken(device) + bytes <= Memory(device)) return true;
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
        public string Wished { get; set; } = "cpu";

        public string Device { get; set; } = "cpu";

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
