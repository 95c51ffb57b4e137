namespace Patchbay.Models.Weights;

/// <summary>The two forms of a PyTorch checkpoint: where each keeps its pickle and the bytes of its storages.</summary>
internal static class TorchFileForms
{
    private static readonly Int128 LegacyMagic = new(0x1950, 0xa86a20f9469cfc6c);

    /// <summary>Reads a zip file: <c>prefix/data.pkl</c> and <c>prefix/data/key</c>.</summary>
    public static Dictionary<string, StoredTensor> ReadZip(TorchFileMap map)
    {
        var entries = new TorchFileZip(map).Entries;
        var pickles = entries.Keys.Where(n => n.EndsWith("/data.pkl", StringComparison.Ordinal)).Take(2).ToArray();
        if (pickles is not [var pickle]) throw map.Fail($"the zip file has {(pickles.Length == 0 ? "no" : "more than one")} data.pkl, expected one");
        var prefix = pickle[..^"data.pkl".Length];
        CheckByteOrder(map, entries, prefix + "byteorder");
        var storages = new Dictionary<string, PickleStorage>();
        var (start, length) = entries[pickle];
        var top = new PickleReader(new PickleInput(map, "data.pkl", start, length), storages).Read();
        var places = storages.Values.ToDictionary(s => s.Key, s => Place(map, entries, prefix, s));
        return TorchFileDict.Read(map, top, places);
    }

    /// <summary>Reads pickles in sequence, then the storages in the order of the last one.</summary>
    public static Dictionary<string, StoredTensor> ReadLegacy(TorchFileMap map)
    {
        var input = new PickleInput(map, "the magic number", 0, map.Length);
        var storages = new Dictionary<string, PickleStorage>();
        if (Next(input, "the magic number", []) is not Int128 magic || magic != LegacyMagic)
            throw input.Fail("another value than 0x1950a86a20f9469cfc6c");
        if (Next(input, "the protocol number", []) is not 1001L) throw input.Fail("another value than 1001");
        if (Next(input, "the system's description", []) is not PickleDict system || system.Find("little_endian") is not true)
            throw input.Fail("no little_endian that is true");
        var top = Next(input, "the pickle", storages);
        if (Next(input, "the list of storages", []) is not PickleList keys) throw input.Fail("another value than a list");
        return TorchFileDict.Read(map, top, Places(input, keys, storages));
    }

    private static object Next(PickleInput input, string part, Dictionary<string, PickleStorage> storages)
    {
        input.Part = part;
        return new PickleReader(input, storages).Read();
    }

    private static Dictionary<string, long> Places(
        PickleInput input, PickleList keys, Dictionary<string, PickleStorage> storages)
    {
        var places = new Dictionary<string, long>();
        foreach (var key in keys.Items ?? [])
        {
            if (key is not string name || !storages.TryGetValue(name, out var storage))
                throw input.Fail("a key that no tensor has");
            input.Part = $"storage {TorchFileMap.Quote(name)}";
            var count = input.Int64();
            if (count != storage.Count) throw input.Fail($"{count} elements, expected {storage.Count}");
            if (!places.TryAdd(name, input.Position)) throw input.Fail("two places in the list of storages");
            if (count > input.Left / storage.ElementSize)
                throw input.Fail($"{count} elements of {storage.ElementSize} bytes, the file has {input.Left} bytes left");
            input.Skip(count * storage.ElementSize);
        }
        var missing = storages.Keys.FirstOrDefault(k => !places.ContainsKey(k));
        if (missing is not null) throw input.Fail($"no place for storage {TorchFileMap.Quote(missing)}, expected it in the list of storages");
        return places;
    }

    private static long Place(TorchFileMap map, IReadOnlyDictionary<string, (long Start, long Length)> entries,
        string prefix, PickleStorage storage)
    {
        if (!entries.TryGetValue($"{prefix}data/{storage.Key}", out var entry))
            throw map.Fail($"storage {TorchFileMap.Quote(storage.Key)} has no zip entry, expected one in data/");
        if (storage.Count > entry.Length / storage.ElementSize)
            throw map.Fail($"storage {TorchFileMap.Quote(storage.Key)} has {storage.Count} elements of {storage.ElementSize} bytes, its zip entry has {entry.Length} bytes");
        return entry.Start;
    }

    private static void CheckByteOrder(
        TorchFileMap map, IReadOnlyDictionary<string, (long Start, long Length)> entries, string name)
    {
        if (!entries.TryGetValue(name, out var entry)) return;
        Span<byte> order = stackalloc byte[6];
        if (entry.Length == order.Length) map.Read(entry.Start, order);
        if (!order.SequenceEqual("little"u8)) throw map.Fail("byteorder has another value than \"little\", expected that");
    }
}
