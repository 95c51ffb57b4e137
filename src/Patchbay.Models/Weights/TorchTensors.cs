namespace Patchbay.Models.Weights;

/// <summary>Moves tensors between checkpoint files and torch, in pieces of at most 16 MiB.</summary>
public static class TorchTensors
{
    /// <summary>Bytes that are read, converted and written at once.</summary>
    public const int ChunkBytes = 16 << 20;

    /// <summary>Reads a stored tensor into a new one of the same shape, converted to <paramref name="dtype"/> piece by
    /// piece: beside the result there is never more than one piece in memory.</summary>
    public static Tensor Load(this StoredTensor stored, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        long[] shape = stored.IsTransposed ? [.. stored.Shape.Reverse()] : [.. stored.Shape];
        var result = empty(shape, dtype, device);
        var size = stored.Type.ByteSize();
        var longest = Math.Min(stored.Count, ChunkBytes / size);
        var flat = result.view(-1);
        var chunk = empty([longest], stored.Type.ToTorch(), CPU);
        for (var first = 0L; first < stored.Count; first += longest)
        {
            using var piece = NewDisposeScope();
            var count = Math.Min(longest, stored.Count - first);
            stored.CopyTo(first, chunk.bytes[..(int)(count * size)]);
            flat.narrow(0, first, count).copy_(chunk.narrow(0, 0, count));
        }
        return (stored.IsTransposed ? result.t().contiguous() : result).MoveToOuterDisposeScope();
    }

    /// <summary>A tensor as <see cref="SafetensorsWriter"/> takes it; it must live until it has been written.</summary>
    /// <exception cref="ArgumentException">Its dtype is one that checkpoints do not hold.</exception>
    public static TensorToWrite ToWrite(this Tensor tensor, string name) =>
        new(name, StoredTypes.FromTorch(tensor.dtype), tensor.shape, stream => Write(tensor, stream));

    private static void Write(Tensor tensor, Stream stream)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.detach().reshape(-1);
        var (count, longest) = (flat.numel(), ChunkBytes / flat.element_size());
        for (var first = 0L; first < count; first += longest)
        {
            using var piece = NewDisposeScope();
            stream.Write(flat.narrow(0, first, Math.Min(longest, count - first)).cpu().contiguous().bytes);
        }
    }
}
