namespace Patchbay.Models.Weights;

/// <summary>What the allowed globals mean, with every argument checked.</summary>
internal sealed class PickleCalls(PickleInput input, Dictionary<string, PickleStorage> storages)
{
    private const int MaximumRank = 64;

    private static readonly Dictionary<string, PickleGlobal> Allowed = new PickleGlobal[]
    {
        new("collections.OrderedDict"),
        new("torch._utils._rebuild_tensor_v2"),
        new("torch._utils._rebuild_parameter"),
        new("torch.Size"),
        new("torch.DoubleStorage", StoredType.Float64),
        new("torch.FloatStorage", StoredType.Float32),
        new("torch.HalfStorage", StoredType.Float16),
        new("torch.BFloat16Storage", StoredType.BFloat16),
        new("torch.LongStorage", StoredType.Int64),
        new("torch.IntStorage", StoredType.Int32),
        new("torch.ShortStorage", StoredType.Int16),
        new("torch.CharStorage", StoredType.Int8),
        new("torch.ByteStorage", StoredType.UInt8),
        new("torch.BoolStorage", StoredType.Bool),
    }.ToDictionary(g => g.Name);

    /// <summary>An allowed global; any other is refused by name.</summary>
    public PickleGlobal Global(string module, string name)
    {
        var full = $"{module}.{name}";
        if (Allowed.TryGetValue(full, out var global)) return global;
        var shown = TorchFileMap.Quote(full).Trim('"');
        throw input.Fail($"global {shown}, which is refused because a checkpoint may hold only tensors");
    }

    /// <summary>Calls an allowed function.</summary>
    public object Call(PickleGlobal function, object[] arguments) => (function.Name, arguments) switch
    {
        ("collections.OrderedDict", []) => new PickleDict(ordered: true),
        ("torch.Size", [PickleTuple size]) => new PickleTuple([.. Lengths(size, "torch.Size").Cast<object>()]),
        ("torch._utils._rebuild_tensor_v2", [PickleStorage storage, long offset, PickleTuple size, PickleTuple strides,
            bool, var hooks, .. var rest]) when IsEmpty(hooks) && (rest is [] || (rest is [var more] && IsEmpty(more)))
            => Tensor(storage, offset, size, strides),
        ("torch._utils._rebuild_parameter", [PickleTensor tensor, bool, var hooks]) when IsEmpty(hooks) => tensor,
        _ => throw input.Fail($"a call of {function.Name} with arguments that are not the expected ones before byte {input.Position}"),
    };

    /// <summary>The storage that a persistent id names.</summary>
    public PickleStorage Storage(object id)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal { Storage: { } type }, string key, string, long count, .. var view] }
            || view is not ([] or [PickleNone]))
            throw input.Fail($"a persistent id before byte {input.Position} that is not a storage");
        if (count < 0) throw input.Fail($"storage {TorchFileMap.Quote(key)} of {count} elements, expected none or more");
        var storage = new PickleStorage(type, key, count);
        if (!storages.TryAdd(key, storage) && storages[key] != storage)
            throw input.Fail($"storage {TorchFileMap.Quote(key)} twice, with different types or lengths");
        return storages[key];
    }

    private static bool IsEmpty(object value) => value is PickleNone or PickleDict { Count: 0 };

    private PickleTensor Tensor(PickleStorage storage, long offset, PickleTuple size, PickleTuple strides) =>
        new(storage, offset, Lengths(size, "a tensor's size"), Lengths(strides, "a tensor's strides"));

    private long[] Lengths(PickleTuple tuple, string what)
    {
        if (tuple.Items.Length > MaximumRank)
            throw input.Fail($"{tuple.Items.Length} numbers for {what}, expected at most {MaximumRank}");
        return [.. tuple.Items.Select(i => i as long? ?? throw input.Fail($"what is not an integer in {what}"))];
    }
}
