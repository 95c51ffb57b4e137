namespace Patchbay.Models.Weights;

/// <summary>Python's None.</summary>
internal sealed class PickleNone
{
    public static readonly PickleNone Value = new();

    private PickleNone()
    {
    }
}

/// <summary>One of the allowed names, for instance <c>torch.HalfStorage</c>.</summary>
internal sealed record PickleGlobal(string Name, StoredType? Storage = null);

/// <summary>A tuple, or a <c>torch.Size</c>.</summary>
internal sealed class PickleTuple(object[] items)
{
    public object[] Items { get; } = items;
}

/// <summary>A list.</summary>
internal sealed class PickleList
{
    public List<object>? Items { get; private set; }

    public void Add(ReadOnlySpan<object> items) => (Items ??= []).AddRange(items);
}

/// <summary>A dict or an OrderedDict: its pairs as they were written, duplicates included.</summary>
internal sealed class PickleDict(bool ordered)
{
    private List<(object Key, object Value)>? pairs;

    public bool Ordered { get; } = ordered;

    public int Count => pairs?.Count ?? 0;

    public IEnumerable<(object Key, object Value)> Pairs => pairs ?? [];

    public void Add(object key, object value) => (pairs ??= []).Add((key, value));

    public object? Find(string key) => Pairs.FirstOrDefault(p => p.Key is string name && name == key).Value;
}

/// <summary>A storage the pickle points at: its bytes lie elsewhere in the file.</summary>
internal sealed record PickleStorage(StoredType Type, string Key, long Count)
{
    public int ElementSize { get; } = Type switch
    {
        StoredType.Float64 or StoredType.Int64 => 8,
        StoredType.Float32 or StoredType.Int32 => 4,
        StoredType.Float16 or StoredType.BFloat16 or StoredType.Int16 => 2,
        _ => 1,
    };
}

/// <summary>A tensor as the pickle describes it, not checked against its storage yet.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);
