using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Kernels;

/// <summary>
/// Row-wise operations of a transformer fused into one pass over memory, for float32 on the CPU. A matrix product of
/// 500 rows is over in milliseconds, and libtorch's separate passes (square, mean, rsqrt, multiply, ...) would take a
/// third of that again. Each has the plain torch form beside it, in <see cref="Llama"/>, used for every other dtype and
/// device and whenever gradients are wanted; tests compare the two.
/// </summary>
public static unsafe class CpuKernels
{
    /// <summary>Whether <paramref name="x"/> can be read by these kernels: float32, CPU, no gradient wanted.</summary>
    public static bool Fits(Tensor x) =>
        x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && !is_grad_enabled();

    /// <summary>Address of a contiguous float32 CPU tensor's first element. The caller keeps the tensor alive.</summary>
    /// <exception cref="ArgumentException">It is not contiguous.</exception>
    public static float* Pointer(Tensor x)
    {
        if (!x.is_contiguous()) throw new ArgumentException("a kernel needs a contiguous tensor");
        if (x.numel() * 4 < int.MaxValue) return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(x.bytes));
        using var first = x.view(-1).narrow(0, 0, 1); // a span cannot be longer than 2 GiB, an address can
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>Runs <paramref name="body"/> for each row, on as many threads as libtorch uses once there is enough work
    /// (<paramref name="width"/> elements a row).</summary>
    public static void ForRows(int rows, long width, Action<int> body)
    {
        var threads = get_num_threads();
        if (threads == 1 || rows * width < 65536)
        {
            for (var r = 0; r < rows; r++) body(r);
            return;
        }
        var block = Math.Max(1, (rows + 4 * threads - 1) / (4 * threads));
        Parallel.For(0, (rows + block - 1) / block, new ParallelOptions { MaxDegreeOfParallelism = threads }, b =>
        {
            for (var r = b * block; r < Math.Min(rows, (b + 1) * block); r++) body(r);
        });
    }

    /// <summary>Keeps tensors from being collected while their addresses are in use.</summary>
    public static void Keep(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (var t in tensors) GC.KeepAlive(t);
    }

    /// <summary>scores := softmax(scores * scale) over the first <paramref name="count"/>; whole vectors are used, so that what lies
    /// behind, up to a multiple of 16, becomes zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    public static void Softmax(float* scores, int count, float scale)
    {
        var whole = (count + 15) / 16 * 16;
        for (var t = count; t < whole; t++) scores[t] = float.NegativeInfinity;
        var vmax = Vector512.Load(scores);
        for (var t = 16; t < whole; t += 16) vmax = Vector512.Max(vmax, Vector512.Load(scores + t));
        var max = vmax[0];
        for (var i = 1; i < 16; i++) max = MathF.Max(max, vmax[i]);
        vmax = Vector512.Create(max);
        Vector512<float> vscale = Vector512.Create(scale), sum = default;
        for (var t = 0; t < whole; t += 16)
        {
            var e = Vector512.Exp((Vector512.Load(scores + t) - vmax) * vscale);
            e.Store(scores + t);
            sum += e;
        }
        var inverse = Vector512.Create(1f / Vector512.Sum(sum));
        for (var t = 0; t < whole; t += 16) (Vector512.Load(scores + t) * inverse).Store(scores + t);
    }
}
