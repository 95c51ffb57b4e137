namespace Patchbay.Models.Weights;

// What a pickle of tensors is made of. None is null; bool, long, BigInteger, double and string are themselves;
// a tuple is object?[], a list is List<object?>.

/// <summary>A dict or OrderedDict; keys are string or long, in order.</summary>
internal sealed class PickleDict
{
    private readonly Dictionary<object, object?> values = [];

    public IReadOnlyDictionary<object, object?> Values => values;

    public bool TryAdd(object key, object? value) => values.TryAdd(key, value);
}

/// <summary>One of the few names that a pickle may refer to.</summary>
/// <param name="Name">E.g. "torch.FloatStorage".</param>
/// <param name="Storage">The element type where the name is a storage's.</param>
internal sealed record PickleGlobal(string Name, StoredType? Storage = null)
{
    public const string OrderedDict = "collections.OrderedDict";
    public const string RebuildTensor = "torch._utils._rebuild_tensor_v2";
    public const string RebuildParameter = "torch._utils._rebuild_parameter";
    public const string Size = "torch.Size";

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyDictionary<string, PickleGlobal> All { get; } = new[]
    {
        new PickleGlobal(OrderedDict), new(RebuildTensor), new(RebuildParameter), new(Size),
        new("torch.DoubleStorage", StoredType.Float64), new("torch.FloatStorage", StoredType.Float32),
        new("torch.HalfStorage", StoredType.Float16), new("torch.BFloat16Storage", StoredType.BFloat16),
        new("torch.LongStorage", StoredType.Int64), new("torch.IntStorage", StoredType.Int32),
        new("torch.ShortStorage", StoredType.Int16), new("torch.CharStorage", StoredType.Int8),
        new("torch.ByteStorage", StoredType.UInt8), new("torch.BoolStorage", StoredType.Bool),
    }.ToDictionary(g => g.Name, StringComparer.Ordinal);
}

/// <summary>A run of elements that tensors are views of; its bytes stand elsewhere in the file, under its key.</summary>
/// <param name="Type">Type of its elements.</param>
/// <param name="Key">Its name.</param>
/// <param name="Count">Number of its elements.</param>
internal sealed record PickleStorage(StoredType Type, string Key, long Count);

/// <summary>A tensor: a view of a storage, checked to lie inside it.</summary>
/// <param name="Storage">What it is a view of.</param>
/// <param name="Offset">Its first element in the storage.</param>
/// <param name="Layout">Sizes and strides.</param>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, StridedLayout Layout);
