using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models;

/// <summary>From stored tensors to libtorch's.</summary>
internal static class TensorReading
{
    /// <summary>Bytes read and converted at a time.</summary>
    private const int ChunkBytes = 16 << 20;

    /// <summary>
    /// Reads a tensor into one of a given dtype and device, a chunk at a time, so that beside the result only a chunk is held.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not stored as floating-point numbers.</exception>
    public static Tensor Read(StoredTensor stored, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        var source = TypeOf(stored);
        var result = empty(stored.Shape, dtype: dtype, device: device);
        var flat = result.view(-1);
        var count = stored.Count;
        var elements = Math.Max(1, ChunkBytes / stored.ElementSize);
        for (long first = 0; first < count; first += elements)
        {
            using var chunk = NewDisposeScope();
            var size = Math.Min(elements, count - first);
            var raw = empty([size], dtype: source);
            stored.CopyTo(first, raw.bytes);
            flat.narrow(0, first, size).copy_(raw);
        }
        return result.MoveToOuterDisposeScope();
    }

    private static ScalarType TypeOf(StoredTensor stored) => stored.Type switch
    {
        StoredType.Float64 => ScalarType.Float64,
        StoredType.Float32 => ScalarType.Float32,
        StoredType.Float16 => ScalarType.Float16,
        StoredType.BFloat16 => ScalarType.BFloat16,
        _ => throw new InvalidDataException($"{stored.File}: tensor '{stored.Name}': expected floating-point numbers, found {stored.Type}"),
    };
}
