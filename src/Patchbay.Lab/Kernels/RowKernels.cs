using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Patchbay.Lab.Kernels;

/// <summary>What lies between a transformer's matrix products, forward and backward, one pass over memory each; float32, row by
/// row, on the calling thread. Widths must be multiples of 16.</summary>
internal static unsafe class RowKernels
{
    /// <summary>RMSNorm: y = x · s · w, s = (mean x² + eps)^-1/2; keeps s of each row.</summary>
    public static void Norm(float* x, float* w, float* y, float* s, int rows, int d, float epsilon)
    {
        for (var r = 0; r < rows; r++) s[r] = NormRow(x + (long)r * d, w, y + (long)r * d, d, epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float NormRow(float* x, float* w, float* y, int d, float epsilon)
    {
        Vector512<float> sum = default;
        for (var i = 0; i < d; i += 16)
        {
            var v = Vector512.Load(x + i);
            sum = Vector512.FusedMultiplyAdd(v, v, sum);
        }
        var s = 1f / MathF.Sqrt(Vector512.Sum(sum) / d + epsilon);
        var vs = Vector512.Create(s);
        for (var i = 0; i < d; i += 16) (Vector512.Load(x + i) * vs * Vector512.Load(w + i)).Store(y + i);
        return s;
    }

    /// <summary>Backward of <see cref="Norm"/>: dx += s · (dy∘w) - x · s³ / d · Σ dy∘w∘x, and dw = Σ over rows of dy∘x · s.</summary>
    public static void NormBackward(float* x, float* w, float* s, float* dy, float* dx, float* dw, int rows, int d, bool addToDx)
    {
        new Span<float>(dw, d).Clear();
        for (var r = 0; r < rows; r++)
            NormRowBackward(x + (long)r * d, w, s[r], dy + (long)r * d, dx + (long)r * d, dw, d, addToDx);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormRowBackward(float* x, float* w, float s, float* dy, float* dx, float* dw, int d, bool add)
    {
        Vector512<float> dot = default, vs = Vector512.Create(s);
        for (var i = 0; i < d; i += 16)
        {
            var yx = Vector512.Load(dy + i) * Vector512.Load(x + i);
            dot = Vector512.FusedMultiplyAdd(yx, Vector512.Load(w + i), dot);
            Vector512.FusedMultiplyAdd(yx, vs, Vector512.Load(dw + i)).Store(dw + i);
        }
        var back = Vector512.Create(-s * s * s / d * Vector512.Sum(dot));
        for (var i = 0; i < d; i += 16)
        {
            var own = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), back, Vector512.Load(dy + i) * Vector512.Load(w + i) * vs);
            (add ? Vector512.Load(dx + i) + own : own).Store(dx + i);
        }
    }

    /// <summary>a = silu(g) ∘ u; rows of gu hold g (f), then u (f).</summary>
    public static void SwiGlu(float* gu, float* a, int rows, int f)
    {
        for (var r = 0; r < rows; r++) SwiGluRow(gu + 2L * r * f, a + (long)r * f, f);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGluRow(float* gu, float* a, int f)
    {
        for (var i = 0; i < f; i += 16)
        {
            var g = Vector512.Load(gu + i);
            (g * Vector512.Load(gu + f + i) / (Vector512<float>.One + Vector512.Exp(-g))).Store(a + i);
        }
    }

    /// <summary>Backward of <see cref="SwiGlu"/>: gu := its gradient, from da.</summary>
    public static void SwiGluBackward(float* gu, float* da, int rows, int f)
    {
        for (var r = 0; r < rows; r++) SwiGluRowBackward(gu + 2L * r * f, da + (long)r * f, f);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGluRowBackward(float* gu, float* da, int f)
    {
        var one = Vector512<float>.One;
        for (var i = 0; i < f; i += 16)
        {
            Vector512<float> g = Vector512.Load(gu + i), u = Vector512.Load(gu + f + i), d = Vector512.Load(da + i);
            var sigmoid = one / (one + Vector512.Exp(-g));
            var silu = g * sigmoid;
            (d * u * (sigmoid + silu * (one - sigmoid))).Store(gu + i);
            (d * silu).Store(gu + f + i);
        }
    }

    /// <summary>Cross-entropy of each row, and its gradient in the logits' place: losses[r] = -log softmax(logits[r])[target],
    /// logits := weight · (softmax - one-hot).</summary>
    public static void CrossEntropy(
        float* logits, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, Span<float> losses, int vocabulary)
    {
        for (var r = 0; r < targets.Length; r++)
            losses[r] = CrossEntropyRow(logits + (long)r * vocabulary, targets[r], weights[r], vocabulary);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float CrossEntropyRow(float* x, int target, float weight, int count)
    {
        var max = Max(x, count);
        var own = x[target] - max;
        Vector512<float> sums = default, vmax = Vector512.Create(max);
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            var e = Vector512.Exp(Vector512.Load(x + i) - vmax);
            e.Store(x + i);
            sums += e;
        }
        var sum = Vector512.Sum(sums);
        for (; i < count; i++) sum += x[i] = MathF.Exp(x[i] - max);
        var factor = weight / sum;
        var vfactor = Vector512.Create(factor);
        for (i = 0; i + 16 <= count; i += 16) (Vector512.Load(x + i) * vfactor).Store(x + i);
        for (; i < count; i++) x[i] *= factor;
        x[target] -= weight;
        return MathF.Log(sum) - own;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Max(float* x, int count)
    {
        var max = x[0];
        var i = 0;
        if (count >= 16)
        {
            var v = Vector512.Load(x);
            for (i = 16; i + 16 <= count; i += 16) v = Vector512.Max(v, Vector512.Load(x + i));
            for (var j = 0; j < 16; j++) max = MathF.Max(max, v[j]);
        }
        for (; i < count; i++) max = MathF.Max(max, x[i]);
        return max;
    }

    /// <summary>x[r] = embedding[ids[r]]; all (.., d).</summary>
    public static void Gather(float* embedding, int[] ids, float* x, int d)
    {
        for (var r = 0; r < ids.Length; r++)
            new ReadOnlySpan<float>(embedding + (long)ids[r] * d, d).CopyTo(new Span<float>(x + (long)r * d, d));
    }

    /// <summary>embedding[ids[r]] += dx[r], in the order of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScatterAdd(float* embedding, int[] ids, float* dx, int d)
    {
        for (var r = 0; r < ids.Length; r++)
        {
            float* to = embedding + (long)ids[r] * d, from = dx + (long)r * d;
            for (var i = 0; i < d; i += 16) (Vector512.Load(to + i) + Vector512.Load(from + i)).Store(to + i);
        }
    }
}
