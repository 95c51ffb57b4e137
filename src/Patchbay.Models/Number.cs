using System.Collections.Concurrent;

namespace Patchbay.Models;

/// <summary>Numbers as libtorch takes them, kept for good. TorchSharp makes a <see cref="Scalar"/> of every number that
/// an operation is given (even the 1 of x + y) and keeps it alive by nothing while libtorch reads it: a garbage
/// collection at that instant frees it, and the operation fails or computes with another number (docs/torch.md). So a
/// number goes into an operation by way of this class, or in a `using` of its own.</summary>
public static class Number
{
    private static readonly ConcurrentDictionary<double, Scalar> Fractions = [];
    private static readonly ConcurrentDictionary<long, Scalar> Integers = [];

    /// <summary>1, the factor of a plain sum.</summary>
    public static Scalar One { get; } = Of(1);

    /// <summary>Minus infinity, for what is masked.</summary>
    public static Scalar Never { get; } = Of(double.NegativeInfinity);

    /// <summary>A number that does not vary without end: each is kept.</summary>
    public static Scalar Of(double value) => Fractions.GetOrAdd(value, number => number.ToScalar());

    /// <summary>A whole number, likewise; it leaves whole what it is added to.</summary>
    public static Scalar Of(long value) => Integers.GetOrAdd(value, number => number.ToScalar());
}

/// <summary>Numbers of rows, positions or tokens as libtorch indexes by them.</summary>
public static class RowIndex
{
    /// <summary>(n) int64 on a device, in the current dispose scope.</summary>
    public static Tensor Of(IEnumerable<int> numbers, Device device) => Of(numbers.Select(n => (long)n), device);

    /// <inheritdoc cref="Of(IEnumerable{int}, Device)"/>
    public static Tensor Of(IEnumerable<long> numbers, Device device) => tensor(numbers.ToArray(), device: device);

    /// <summary>0, 1, ..., count - 1: (count) int64 on a device, in the current dispose scope.</summary>
    public static Tensor Below(long count, Device device) =>
        arange(Number.Of(0), Number.Of(count), Number.One, ScalarType.Int64, device);
}
