namespace Patchbay.Models.Weights;

/// <summary>Number formats that checkpoints store.</summary>
public enum StoredType
{
    /// <summary>float64.</summary>
    Float64,

    /// <summary>float32.</summary>
    Float32,

    /// <summary>float16.</summary>
    Float16,

    /// <summary>bfloat16.</summary>
    BFloat16,

    /// <summary>int64.</summary>
    Int64,

    /// <summary>int32.</summary>
    Int32,

    /// <summary>int16.</summary>
    Int16,

    /// <summary>int8.</summary>
    Int8,

    /// <summary>uint8.</summary>
    UInt8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>A tensor in a checkpoint file, not read yet.</summary>
public abstract class StoredTensor
{
    /// <summary>Its name in the file.</summary>
    public required string Name { get; init; }

    /// <summary>The file's name, for error messages.</summary>
    public required string File { get; init; }

    /// <summary>Number format.</summary>
    public required StoredType Type { get; init; }

    /// <summary>Shape.</summary>
    public required long[] Shape { get; init; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (n, d) => n * d);

    /// <summary>Bytes of one element.</summary>
    public int ElementSize => Type switch
    {
        StoredType.Float64 or StoredType.Int64 => 8,
        StoredType.Float32 or StoredType.Int32 => 4,
        StoredType.Float16 or StoredType.BFloat16 or StoredType.Int16 => 2,
        _ => 1,
    };

    /// <summary>Copies elements from number <paramref name="first"/> on, in row-major order and little-endian, until
    /// <paramref name="destination"/> is full.</summary>
    public abstract void CopyTo(long first, Span<byte> destination);
}

/// <summary>An open checkpoint file: its tensors, readable until it is disposed.</summary>
public abstract class WeightFile : IDisposable
{
    /// <summary>Tensors by name.</summary>
    public abstract IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Closes the file.</summary>
    public abstract void Dispose();
}
