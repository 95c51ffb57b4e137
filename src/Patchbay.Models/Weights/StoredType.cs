namespace Patchbay.Models.Weights;

/// <summary>Type of a stored tensor's elements, little-endian.</summary>
public enum StoredType
{
    /// <summary>8 bytes, IEEE 754.</summary>
    Float64,
    /// <summary>4 bytes, IEEE 754.</summary>
    Float32,
    /// <summary>2 bytes, IEEE 754.</summary>
    Float16,
    /// <summary>The upper 2 bytes of a Float32.</summary>
    BFloat16,
    /// <summary>8 bytes.</summary>
    Int64,
    /// <summary>4 bytes.</summary>
    Int32,
    /// <summary>2 bytes.</summary>
    Int16,
    /// <summary>1 byte, signed.</summary>
    Int8,
    /// <summary>1 byte, unsigned.</summary>
    UInt8,
    /// <summary>1 byte, 0 or 1.</summary>
    Bool,
}

/// <summary>What is known of each <see cref="StoredType"/>.</summary>
public static class StoredTypes
{
    // In the order of the enumeration.
    private static readonly (int Bytes, string Safetensors, ScalarType Torch)[] Table =
    [
        (8, "F64", ScalarType.Float64), (4, "F32", ScalarType.Float32),
        (2, "F16", ScalarType.Float16), (2, "BF16", ScalarType.BFloat16),
        (8, "I64", ScalarType.Int64), (4, "I32", ScalarType.Int32), (2, "I16", ScalarType.Int16),
        (1, "I8", ScalarType.Int8), (1, "U8", ScalarType.Byte), (1, "BOOL", ScalarType.Bool),
    ];

    /// <summary>Bytes of one element.</summary>
    public static int ByteSize(this StoredType type) => Table[(int)type].Bytes;

    /// <summary>Whether elements are floating-point numbers, as weights must be.</summary>
    public static bool IsFloat(this StoredType type) => type <= StoredType.BFloat16;

    /// <summary>The type's name in a .safetensors header, e.g. "BF16".</summary>
    public static string SafetensorsName(this StoredType type) => Table[(int)type].Safetensors;

    /// <summary>All names in .safetensors headers.</summary>
    internal static IEnumerable<string> SafetensorsNames => Table.Select(t => t.Safetensors);

    /// <summary>The type of that name in a .safetensors header, or null.</summary>
    internal static StoredType? FromSafetensorsName(string name) =>
        Array.FindIndex(Table, t => t.Safetensors == name) is >= 0 and var at ? (StoredType)at : null;

    /// <summary>Torch's name for a stored type.</summary>
    internal static ScalarType ToTorch(this StoredType type) => Table[(int)type].Torch;

    /// <summary>The stored type of a torch dtype.</summary>
    /// <exception cref="ArgumentException">The dtype is one that checkpoints do not hold.</exception>
    internal static StoredType FromTorch(ScalarType dtype) =>
        Array.FindIndex(Table, t => t.Torch == dtype) is >= 0 and var at
            ? (StoredType)at
            : throw new ArgumentException($"Tensors of {dtype} are not stored.", nameof(dtype));
}
