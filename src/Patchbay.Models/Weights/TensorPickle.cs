namespace Patchbay.Models.Weights;

/// <summary>Makes tensors of the arguments that torch.save writes for them; <c>bad</c> makes the exception of a refusal.</summary>
internal static class TensorPickle
{
    private const int MostDimensions = 8;

    /// <summary>A persistent id: ("storage", type, key, device, number of elements), in old files with a last None.</summary>
    public static PickleStorage Storage(object? id, Func<string, InvalidDataException> bad)
    {
        if (id is object?[] { Length: 6 } old && old[5] is null) id = old[..5];
        if (id is not object?[] parts
            || parts is not ["storage", PickleGlobal { Storage: { } type }, string key, string, long count])
            throw bad("refers to data that is not a plain storage");
        if (count < 0 || count > long.MaxValue / 16) throw bad($"has a storage of {count} elements");
        return new(type, key, count);
    }

    /// <summary>_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks[, metadata]).</summary>
    public static PickleTensor Tensor(object?[] arguments, Func<string, InvalidDataException> bad)
    {
        if (arguments is { Length: 7 } && arguments[6] is null) arguments = arguments[..6];
        if (arguments is not [PickleStorage storage, long offset, object?[] sizes, object?[] strides, bool, PickleDict { Values.Count: 0 }])
            throw bad("builds a tensor from arguments that torch.save does not write");
        var layout = new StridedLayout(Integers(sizes, bad), Integers(strides, bad));
        if (layout.Sizes.Length != layout.Strides.Length || layout.Sizes.Length > MostDimensions)
            throw bad($"has a tensor of {layout.Sizes.Length} sizes and {layout.Strides.Length} strides");
        if (offset < 0 || !Fits(layout, storage.Count - offset))
        {
            throw bad($"has a tensor of shape {Refusal.Shape(layout.Sizes)}, strides {Refusal.Shape(layout.Strides)} and offset " +
                $"{offset} that does not fit into its storage of {storage.Count} elements");
        }
        if (layout.Overlaps)
        {
            throw bad($"has a tensor of shape {Refusal.Shape(layout.Sizes)} and strides {Refusal.Shape(layout.Strides)}, " +
                "whose elements overlap");
        }
        return new(storage, offset, layout);
    }

    /// <summary>_rebuild_parameter(tensor, requires_grad, backward_hooks).</summary>
    public static PickleTensor Parameter(object?[] arguments, Func<string, InvalidDataException> bad) =>
        arguments is [PickleTensor tensor, bool, PickleDict { Values.Count: 0 }]
            ? tensor
            : throw bad("builds a parameter from arguments that torch.save does not write");

    /// <summary>Numbers from 0 up out of a tuple.</summary>
    public static long[] Integers(object?[] items, Func<string, InvalidDataException> bad)
    {
        if (items.Length > MostDimensions || items.Any(i => i is not >= 0L))
            throw bad($"has sizes that are not up to {MostDimensions} integers from 0 up");
        return [.. items.Cast<long>()];
    }

    // Sizes and the extent could overflow long: both are bounded by the storage before they are used.
    private static bool Fits(StridedLayout layout, long available)
    {
        if (layout.Sizes.Contains(0)) return available >= 0 && layout.Sizes.All(n => n <= int.MaxValue);
        Int128 count = 1, extent = 1;
        for (var i = 0; i < layout.Sizes.Length; i++)
        {
            count *= layout.Sizes[i];
            extent += ((Int128)layout.Sizes[i] - 1) * layout.Strides[i];
            if (extent > available || count > available) return false;
        }
        return extent <= available;
    }
}
