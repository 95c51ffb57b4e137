using System.Collections;
using System.Runtime.CompilerServices;
using static TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor on the CPU, in row-major order of its shape whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : unmanaged
{
    private readonly Tensor tensor;
    private readonly bool contiguous;

    internal TensorAccessor(Tensor tensor)
    {
        var expected = tensor.dtype switch
        {
            ScalarType.Byte => typeof(byte),
            ScalarType.Int8 => typeof(sbyte),
            ScalarType.Int16 => typeof(short),
            ScalarType.Int32 => typeof(int),
            ScalarType.Int64 => typeof(long),
            ScalarType.Float16 => typeof(Half),
            ScalarType.Float32 => typeof(float),
            ScalarType.Float64 => typeof(double),
            ScalarType.Bool => typeof(bool),
            _ => null,
        };
        if (expected != typeof(T)) throw new ArgumentException($"{typeof(T).Name} is not compatible with {tensor.dtype}.");
        this.tensor = tensor;
        contiguous = tensor.is_contiguous();
        Count = tensor.numel();
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    // Asked for at every use: throws once the tensor has been disposed.
    private T* Data => (T*)(Count == 0 ? 0 : Ptr(pt_data(tensor.Handle)));

    /// <summary>One index counts elements in row-major order; several are positions in the dimensions.</summary>
    public T this[params long[] indices]
    {
        get => Data[Offset(indices)];
        set => Data[Offset(indices)] = value;
    }

    private long Offset(long[] indices)
    {
        if (indices.Length == 1) return Offset(indices[0]);
        var (shape, stride) = (tensor.shape, tensor.stride());
        if (indices.Length != shape.Length) throw new ArgumentException($"{indices.Length} indices for {shape.Length} dimensions.");
        var offset = 0L;
        for (var i = 0; i < shape.Length; i++)
        {
            if ((ulong)indices[i] >= (ulong)shape[i]) throw OutOfRange($"Index {indices[i]} is outside dimension {i} of size {shape[i]}.");
            offset += indices[i] * stride[i];
        }

        return offset;
    }

    private long Offset(long index)
    {
        if ((ulong)index >= (ulong)Count) throw OutOfRange($"Index {index} is outside the tensor's {Count} elements.");
        if (contiguous) return index;
        var (shape, stride) = (tensor.shape, tensor.stride());
        var offset = 0L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            index = Math.DivRem(index, shape[i], out var position);
            offset += position * stride[i];
        }

        return offset;
    }

    // TorchSharp's type for it.
    private static IndexOutOfRangeException OutOfRange(string message) => new(message);

    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array);
        return array;
    }

    /// <summary>An array of as many dimensions as the tensor; of one element when it has none.</summary>
    public Array ToNDArray()
    {
        var shape = tensor.shape;
        if (shape.Length < 2) return ToArray();
        var flat = ToArray();
        var array = Array.CreateInstance(typeof(T), shape);
        fixed (T* source = flat)
        {
            var length = (long)flat.Length * sizeof(T);
            if (length > 0) Buffer.MemoryCopy(source, Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(array)), length, length);
        }

        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        if (Count == tensorIndex || target.Length == 0) return;
        Offset(tensorIndex);
        var count = (int)Math.Min(Count - tensorIndex, target.Length);
        using var copy = contiguous ? null : tensor.contiguous();
        var source = contiguous ? Data : (T*)Ptr(pt_data(copy!.Handle));
        new ReadOnlySpan<T>(source + tensorIndex, count).CopyTo(target);
        GC.KeepAlive(tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        if (Count == tensorIndex || source.Length == 0) return;
        Offset(tensorIndex);
        var count = (int)Math.Min(Count - tensorIndex, source.Length);
        if (contiguous) source[..count].CopyTo(new Span<T>(Data + tensorIndex, count));
        else for (var i = 0; i < count; i++) Data[Offset(tensorIndex + i)] = source[i];
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public static bool operator ==(TensorAccessor<T> left, TensorAccessor<T> right) => left.SequenceEqual(right);

    public static bool operator !=(TensorAccessor<T> left, TensorAccessor<T> right) => !(left == right);

    public override bool Equals(object? obj) => obj is TensorAccessor<T> other && this == other;

    public override int GetHashCode() => tensor.GetHashCode();

    public void Dispose()
    {
    }
}
