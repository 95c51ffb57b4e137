using System.Text;
using System.Text.RegularExpressions;
using PickleDict = System.Collections.Generic.Dictionary<object, object?>;

namespace Patchbay.Models.Weights;

// What a pickle of tensors is made of. None is null; bool, long, BigInteger, double and string are themselves; a tuple
// is object?[], a list is List<object?>, a dict or OrderedDict is Dictionary<object, object?> with string or long keys.

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

/// <summary>A run of elements that tensors are views of; its bytes stand in the file under its key.</summary>
internal sealed record PickleStorage(StoredType Type, string Key, long Count);

/// <summary>A tensor: a view of a storage from its element <paramref name="Offset"/> on, inside it.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, StridedLayout Layout);

/// <summary>Makes tensors of the arguments that torch.save writes; <c>bad</c> makes a refusal's exception.</summary>
internal static partial class PickleTensors
{
    private const int MostDimensions = 8;

    /// <summary>A persistent id: ("storage", type, key, device, number of elements[, None in old files]).</summary>
    public static PickleStorage Storage(object? id, Func<string, InvalidDataException> bad)
    {
        if (id is object?[] { Length: 6 } old && old[5] is null) id = old[..5];
        if (id is not object?[] parts
            || parts is not ["storage", PickleGlobal { Storage: { } type }, string key, string device, long count]
            || !Device().IsMatch(device))
            throw bad("refers to data that is not a plain storage");
        if (count < 0 || count > long.MaxValue / 16) throw bad($"has a storage of {count} elements");
        return new(type, key, count);
    }

    /// <summary>_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks[, metadata]).</summary>
    public static PickleTensor Tensor(object?[] arguments, Func<string, InvalidDataException> bad)
    {
        if (arguments is { Length: 7 } && arguments[6] is null) arguments = arguments[..6];
        if (arguments is not [PickleStorage storage, long offset, object?[] sizes, object?[] strides, bool,
            PickleDict { Count: 0 }])
            throw bad("builds a tensor from arguments that torch.save does not write");
        var layout = new StridedLayout(Integers(sizes, bad), Integers(strides, bad));
        if (layout.Sizes.Length != layout.Strides.Length || layout.Sizes.Length > MostDimensions)
            throw bad($"has a tensor of {layout.Sizes.Length} sizes and {layout.Strides.Length} strides");
        var (shape, steps) = (StoredTensor.Shown(layout.Sizes), StoredTensor.Shown(layout.Strides));
        if (offset < 0 || !layout.Fits(storage.Count - offset))
            throw bad($"has a tensor of shape {shape}, strides {steps} and offset {offset} that does not fit into " +
                $"its storage of {storage.Count} elements");
        if (layout.Overlaps) throw bad($"has a tensor of shape {shape} and strides {steps}, whose elements overlap");
        return new(storage, offset, layout);
    }

    /// <summary>_rebuild_parameter(tensor, requires_grad, backward_hooks).</summary>
    public static PickleTensor Parameter(object?[] arguments, Func<string, InvalidDataException> bad) =>
        arguments is [PickleTensor tensor, bool, PickleDict { Count: 0 }]
            ? tensor
            : throw bad("builds a parameter from arguments that torch.save does not write");

    /// <summary>Numbers from 0 up out of a tuple.</summary>
    public static long[] Integers(object?[] items, Func<string, InvalidDataException> bad)
    {
        if (items.Length > MostDimensions || items.Any(i => i is not >= 0L))
            throw bad($"has sizes that are not up to {MostDimensions} integers from 0 up");
        return [.. items.Cast<long>()];
    }

    // What torch writes for the devices that it has; the data are loaded to where the caller says all the same.
    [GeneratedRegex(@"\A(cpu|(cuda|mps|xpu|xla|hpu|npu|privateuseone)(:\d{1,3})?)\z")]
    private static partial Regex Device();
}

/// <summary>The bytes of a pickle, read forward through a small buffer.</summary>
internal sealed class PickleInput(OpenFile file, long start, long end)
{
    // Most bytes that Take gives at once: a string in a pickle may not be longer.
    private const int Longest = 1 << 16;

    private readonly byte[] buffer = new byte[(int)Math.Min(Longest, Math.Max(0, end - start))];
    private int position, filled;
    private long bufferOffset = start;

    public OpenFile File => file;

    /// <summary>Where in the file the next byte is.</summary>
    public long Position => bufferOffset + position;

    public byte Next() => Take(1)[0];

    /// <summary>The next bytes; valid until the next call.</summary>
    public ReadOnlySpan<byte> Take(long count)
    {
        if (count > Longest)
            throw file.Refuse(
                $"the pickle has a string of {count} bytes at byte {Position}, expected at most {Longest}");
        if (count > filled - position) Refill(count);
        position += (int)count;
        return buffer.AsSpan(position - (int)count, (int)count);
    }

    /// <summary>The text up to the next line feed, at most 200 bytes of it.</summary>
    public string Line()
    {
        var line = new StringBuilder();
        for (var b = Next(); b != '\n'; b = Next())
        {
            if (line.Length == 200)
                throw file.Refuse($"the pickle has a name that does not end at byte {Position}");
            line.Append((char)b);
        }
        return line.ToString();
    }

    private void Refill(long needed)
    {
        if (needed > end - Position) throw file.Refuse($"the pickle is cut off at byte {end}");
        bufferOffset = Position;
        position = 0;
        filled = (int)Math.Min(buffer.Length, end - bufferOffset);
        file.Read(bufferOffset, buffer.AsSpan(0, filled), "pickle");
    }
}
