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
    /// <summary>Bytes of one element.</summary>
    public static int ByteSize(this StoredType type) => type switch
    {
        StoredType.Float64 or StoredType.Int64 => 8,
        StoredType.Float32 or StoredType.Int32 => 4,
        StoredType.Float16 or StoredType.BFloat16 or StoredType.Int16 => 2,
        _ => 1,
    };

    /// <summary>Whether elements are floating-point numbers, as weights must be.</summary>
    public static bool IsFloat(this StoredType type) => type <= StoredType.BFloat16;

    /// <summary>The type's name in a .safetensors header, e.g. "BF16".</summary>
    public static string SafetensorsName(this StoredType type) => type switch
    {
        StoredType.Float64 => "F64",
        StoredType.Float32 => "F32",
        StoredType.Float16 => "F16",
        StoredType.BFloat16 => "BF16",
        StoredType.Int64 => "I64",
        StoredType.Int32 => "I32",
        StoredType.Int16 => "I16",
        StoredType.Int8 => "I8",
        StoredType.UInt8 => "U8",
        _ => "BOOL",
    };

    /// <summary>The type of that name in a .safetensors header, or null.</summary>
    public static StoredType? FromSafetensorsName(string name)
    {
        foreach (var type in Enum.GetValues<StoredType>())
            if (type.SafetensorsName() == name) return type;
        return null;
    }
}
