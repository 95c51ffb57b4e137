using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A number given to an operation; made by implicit conversion. Holds nothing native, unlike TorchSharp's.</summary>
public sealed class Scalar : IDisposable
{
    internal static readonly Sc Absent = new(0, 3);
    internal static readonly Sc One = new(1, 0);
    internal readonly Sc Value;

    private Scalar(long bits, long kind, ScalarType type) => (Value, Type) = (new Sc(bits, kind), type);

    public ScalarType Type { get; }

    public static implicit operator Scalar(byte value) => new(value, 0, ScalarType.Int64);

    public static implicit operator Scalar(sbyte value) => new(value, 0, ScalarType.Int64);

    public static implicit operator Scalar(short value) => new(value, 0, ScalarType.Int64);

    public static implicit operator Scalar(int value) => new(value, 0, ScalarType.Int64);

    public static implicit operator Scalar(long value) => new(value, 0, ScalarType.Int64);

    public static implicit operator Scalar(Half value) => (double)value;

    public static implicit operator Scalar(float value) => (double)value;

    public static implicit operator Scalar(double value) => new(BitConverter.DoubleToInt64Bits(value), 1, ScalarType.Float64);

    public static implicit operator Scalar(bool value) => new(value ? 1 : 0, 2, ScalarType.Bool);

    internal bool IsIntegral => Value.Kind == 0;

    internal double AsDouble => Value.Kind == 1 ? BitConverter.Int64BitsToDouble(Value.Bits) : Value.Bits;

    internal long AsLong => Value.Kind == 1 ? checked((long)AsDouble) : Value.Bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Sc Maybe(Scalar? value) => value is null ? Absent : value.Value;

    public void Dispose()
    {
    }
}

public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this int value) => value;

    public static Scalar ToScalar(this long value) => value;

    public static Scalar ToScalar(this float value) => value;

    public static Scalar ToScalar(this double value) => value;

    public static Scalar ToScalar(this bool value) => value;

    public static float ToSingle(this Scalar value) => (float)value.AsDouble;

    public static double ToDouble(this Scalar value) => value.AsDouble;

    public static int ToInt32(this Scalar value) => checked((int)value.AsLong);

    public static long ToInt64(this Scalar value) => value.AsLong;

    public static bool ToBoolean(this Scalar value) => value.AsDouble != 0;
}
