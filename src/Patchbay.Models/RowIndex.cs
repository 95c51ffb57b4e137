using static TorchSharp.torch;

namespace Patchbay.Models;

/// <summary>Numbers of rows, positions or tokens as libtorch indexes by them.</summary>
public static class RowIndex
{
    /// <summary>(n) int64 on a device, in the current dispose scope.</summary>
    public static Tensor Of(IEnumerable<int> numbers, Device device) =>
        tensor(numbers.Select(n => (long)n).ToArray(), device: device);

    /// <summary>0, 1, ... below <paramref name="count"/>: (count) int64 on a device, in the current dispose
    /// scope.</summary>
    public static Tensor Below(long count, Device device) =>
        arange(Number.Of(0), Number.Of(count), Number.One, ScalarType.Int64, device);
}
