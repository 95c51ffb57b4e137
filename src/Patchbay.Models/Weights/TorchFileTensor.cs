namespace Patchbay.Models.Weights;

/// <summary>A tensor over a mapped storage: an offset and strides, read out row by row.</summary>
internal sealed class TorchFileTensor : StoredTensor
{
    /// <summary>The mapped file.</summary>
    public required TorchFileMap Map { get; init; }

    /// <summary>Where its first element lies in the file.</summary>
    public required long Start { get; init; }

    /// <summary>Elements to step over for each dimension.</summary>
    public required long[] Strides { get; init; }

    public override void CopyTo(long first, Span<byte> destination)
    {
        var (count, rest) = Math.DivRem(destination.Length, ElementSize);
        if (rest != 0) throw new ArgumentException("The room is not a whole number of elements.", nameof(destination));
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Count - count);
        if (IsContiguous()) Map.Read(Start + (first * ElementSize), destination);
        else CopyRows(first, count, destination);
    }

    private bool IsContiguous()
    {
        var expected = 1L;
        for (var d = Shape.Length - 1; d >= 0; d--)
        {
            if (Shape[d] != 1 && Strides[d] != expected) return false;
            expected *= Shape[d];
        }
        return true;
    }

    /// <summary>Copies what <paramref name="count"/> elements cover of each row of the last dimension.</summary>
    private void CopyRows(long first, int count, Span<byte> destination)
    {
        var (length, stride) = (Shape[^1], Strides[^1]);
        for (var done = 0; done < count;)
        {
            var (row, column) = Math.DivRem(first + done, length);
            var pieces = (int)Math.Min(length - column, count - done);
            var from = Start + ((RowOffset(row) + (column * stride)) * ElementSize);
            var to = destination[(done * ElementSize)..];
            if (stride == 1) Map.Read(from, to[..(pieces * ElementSize)]);
            else Map.Gather(from, ElementSize, pieces, stride * ElementSize, to);
            done += pieces;
        }
    }

    private long RowOffset(long row)
    {
        var offset = 0L;
        for (var d = Shape.Length - 2; d >= 0; d--)
        {
            (row, var index) = Math.DivRem(row, Shape[d]);
            offset += index * Strides[d];
        }
        return offset;
    }
}
