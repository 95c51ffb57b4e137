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

    /// <summary>RMSNorm: x (rows, d), weight (d) -> (rows, d).</summary>
    public static Tensor Norm(Tensor x, Tensor weight, double epsilon)
    {
        int d = (int)weight.shape[0], rows = (int)(x.numel() / d);
        var y = empty_like(x);
        float* px = Pointer(x), pw = Pointer(weight), py = Pointer(y);
        ForRows(rows, d, r => NormRow(px + (long)r * d, pw, py + (long)r * d, d, (float)epsilon));
        Keep(x, weight, y);
        return y;
    }

    /// <summary>gate := silu(gate) * up, in place; both (rows, f).</summary>
    public static void SwiGlu(Tensor gate, Tensor up)
    {
        int f = (int)gate.shape[^1], rows = (int)(gate.numel() / f);
        float* pg = Pointer(gate), pu = Pointer(up);
        ForRows(rows, f, r => SwiGluRow(pg + (long)r * f, pu + (long)r * f, f));
        Keep(gate, up);
    }

    /// <summary>Rotary embedding in place: x (rows, heads, dh), one position per row, tables (positions, dh/2).</summary>
    public static void Rope(Tensor x, ReadOnlyMemory<int> positions, Tensor cos, Tensor sin)
    {
        int heads = (int)x.shape[^2], dh = (int)x.shape[^1], half = dh / 2, rows = (int)(x.numel() / heads / dh);
        float* px = Pointer(x), pc = Pointer(cos), ps = Pointer(sin);
        ForRows(rows, heads * dh, r =>
        {
            var p = Math.Max(0, positions.Span[r % positions.Length]);
            for (var h = 0; h < heads; h++)
                RopeHead(px + ((long)r * heads + h) * dh, pc + (long)p * half, ps + (long)p * half, half);
        });
        Keep(x, cos, sin);
    }

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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static void NormRow(float* x, float* w, float* y, int d, float epsilon)
    {
        Vector512<float> s0 = default, s1 = default;
        var i = 0;
        for (; i + 32 <= d; i += 32)
        {
            var a = Vector512.Load(x + i);
            var b = Vector512.Load(x + i + 16);
            s0 = Vector512.FusedMultiplyAdd(a, a, s0);
            s1 = Vector512.FusedMultiplyAdd(b, b, s1);
        }
        var sum = Vector512.Sum(s0 + s1);
        for (; i < d; i++) sum += x[i] * x[i];
        var scale = 1f / MathF.Sqrt(sum / d + epsilon);
        var vscale = Vector512.Create(scale);
        for (i = 0; i + 16 <= d; i += 16) (Vector512.Load(x + i) * vscale * Vector512.Load(w + i)).Store(y + i);
        for (; i < d; i++) y[i] = x[i] * scale * w[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static void SwiGluRow(float* g, float* u, int f)
    {
        var i = 0;
        for (; i + 16 <= f; i += 16)
        {
            var x = Vector512.Load(g + i);
            (x * Vector512.Load(u + i) / (Vector512<float>.One + Vector512.Exp(-x))).Store(g + i);
        }
        for (; i < f; i++) g[i] = g[i] * u[i] / (1 + MathF.Exp(-g[i]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static void RopeHead(float* x, float* c, float* s, int half)
    {
        var i = 0;
        for (; i + 16 <= half; i += 16)
        {
            Vector512<float> a = Vector512.Load(x + i), b = Vector512.Load(x + half + i);
            Vector512<float> vc = Vector512.Load(c + i), vs = Vector512.Load(s + i);
            (a * vc - b * vs).Store(x + i);
            (b * vc + a * vs).Store(x + half + i);
        }
        for (; i < half; i++)
        {
            float a = x[i], b = x[half + i];
            x[i] = a * c[i] - b * s[i];
            x[half + i] = b * c[i] + a * s[i];
        }
    }
}
