namespace Patchbay.Models.Weights;

/// <summary>One tensor of a checkpoint file: what the header says of it, and its elements on demand.</summary>
public sealed class StoredTensor
{
    // Elements that lie apart are picked out of all that lie between them: one read each would take long.
    private const long ShortRun = 4096, LargestWindow = 1 << 30; // bytes

    private readonly OpenFile file;
    private readonly StridedLayout? layout;

    internal StoredTensor(
        OpenFile file, string name, StoredType type, IReadOnlyList<long> shape, long offset,
        StridedLayout? layout = null, bool isTransposed = false)
    {
        IsTransposed = isTransposed;
        (this.file, Offset) = (file, offset);
        (Name, Type, Shape) = (name, type, shape);
        Count = shape.Contains(0) ? 0 : shape.Aggregate(1L, (count, size) => checked(count * size));
        this.layout = layout is { IsContiguous: false } ? layout : null;
    }

    /// <summary>The tensor's name in the checkpoint, e.g. "model.norm.weight".</summary>
    public string Name { get; }

    /// <summary>Type of the stored elements.</summary>
    public StoredType Type { get; }

    /// <summary>Sizes, first dimension first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>Bytes of all elements.</summary>
    public long ByteLength => Count * Type.ByteSize();

    // Where its first element stands in the file.
    internal long Offset { get; }

    /// <summary>Whether elements come in the order of the transposed matrix, column by column.</summary>
    internal bool IsTransposed { get; }

    /// <summary>Part of this tensor under another name and with a shape of its own: <paramref name="strides"/> tells
    /// where its elements lie, from element <paramref name="first"/> on.</summary>
    internal StoredTensor View(
        string name, IReadOnlyList<long> shape, long first, StridedLayout strides, bool isTransposed)
    {
        if (layout is not null)
            throw Refusal.Because(File, $"tensor {Name} is stored with gaps, expected one without, as it is fused");
        return new(file, name, Type, shape, Offset + first * Type.ByteSize(), strides, isTransposed);
    }

    /// <summary>Path of the file that holds the elements.</summary>
    public string File => file.Path;

    /// <summary>Name, type and shape: "model.norm.weight BF16 (128)".</summary>
    public override string ToString() => $"{Name} {Type.SafetensorsName()} {Shown(Shape)}";

    /// <summary>Copies elements in row-major order of <see cref="Shape"/>, little-endian, as many as fill
    /// <paramref name="destination"/> (whose length in bytes is a multiple of an element's), from element
    /// <paramref name="firstElement"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The elements asked for are not all there.</exception>
    public void CopyTo(long firstElement, Span<byte> destination)
    {
        var size = Type.ByteSize();
        var count = Math.DivRem(destination.Length, size, out var rest);
        if (rest != 0 || firstElement < 0 || firstElement > Count - count)
            throw new ArgumentOutOfRangeException(nameof(firstElement),
                $"{destination.Length} bytes from element {firstElement} on were asked of {this}.");
        if (count == 0) return;
        if (layout is null) file.Read(Offset + firstElement * size, destination, What);
        else CopyStrided(layout, firstElement, destination);
    }

    /// <summary>A shape as people write it: "(32, 128)".</summary>
    internal static string Shown(IReadOnlyList<long> shape) => shape.Count <= 16
        ? $"({string.Join(", ", shape)})"
        : $"({string.Join(", ", shape.Take(16))}, … {shape.Count} dimensions)";

    private string What => $"tensor {Refusal.Quote(Name)}";

    private void CopyStrided(StridedLayout strided, long firstElement, Span<byte> destination)
    {
        var (size, extent) = (Type.ByteSize(), strided.Extent * Type.ByteSize());
        var window = strided.RunAt(0).Run * size < ShortRun && extent <= LargestWindow
            ? file.Read(Offset, extent, What) : null;
        while (!destination.IsEmpty)
        {
            var (start, run) = strided.RunAt(firstElement);
            var taken = destination[..(int)Math.Min(run * size, destination.Length)];
            if (window is null) file.Read(Offset + start * size, taken, What);
            else window.AsSpan((int)(start * size), taken.Length).CopyTo(taken);
            destination = destination[taken.Length..];
            firstElement += taken.Length / size;
        }
    }
}

/// <summary>Where the elements of a view lie, counted in elements from its first one.</summary>
/// <param name="Sizes">Sizes whose product is the number of elements, and whose row-major order is theirs.</param>
/// <param name="Strides">Distance of neighbours along each, not negative.</param>
internal sealed record StridedLayout(long[] Sizes, long[] Strides)
{
    /// <summary>Elements between the first and the last one, both included; 0 for an empty view.</summary>
    public long Extent => Sizes.Contains(0) ? 0 : 1 + Strides.Zip(Sizes).Sum(d => checked((d.Second - 1) * d.First));

    /// <summary>Whether the view, and as many elements as its sizes tell, fit into so many elements. Both could
    /// overflow a long: they are bounded before they are used.</summary>
    public bool Fits(long available)
    {
        if (Sizes.Contains(0)) return available >= 0 && Sizes.All(n => n <= int.MaxValue);
        Int128 count = 1, extent = 1;
        for (var i = 0; i < Sizes.Length; i++)
        {
            count *= Sizes[i];
            extent += ((Int128)Sizes[i] - 1) * Strides[i];
            if (extent > available || count > available) return false;
        }
        return extent <= available;
    }

    public bool IsContiguous => Sizes.Contains(0) || InnerRun(out var outer) >= 0 && outer == 0;

    /// <summary>Whether two different indices name the same element.</summary>
    public bool Overlaps
    {
        get
        {
            if (Sizes.Contains(0)) return false;
            var extent = 1L;
            foreach (var (stride, size) in Strides.Zip(Sizes).Where(d => d.Second > 1).OrderBy(d => d.First))
            {
                if (stride < extent) return true;
                extent += (size - 1) * stride;
            }
            return false;
        }
    }

    /// <summary>Where element <paramref name="index"/> (row-major) lies, and how many follow without a gap.</summary>
    public (long Start, long Run) RunAt(long index)
    {
        var run = InnerRun(out var outer);
        index = Math.DivRem(index, run, out var start);
        var left = run - start;
        for (var i = outer - 1; i >= 0; i--)
        {
            index = Math.DivRem(index, Sizes[i], out var position);
            start += position * Strides[i];
        }
        return (start, left);
    }

    // Elements of the last dimensions that lie one after another; outer is the number of dimensions before these.
    private long InnerRun(out int outer)
    {
        var run = 1L;
        for (outer = Sizes.Length; outer > 0; outer--)
        {
            if (Sizes[outer - 1] == 1) continue;
            if (Strides[outer - 1] != run) break;
            run *= Sizes[outer - 1];
        }
        return run;
    }
}
