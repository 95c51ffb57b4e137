using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Patchbay.Models.Kernels;

// The kernel: each query row's scores, softmax and weighted sum in one pass, over base and own rows where they lie.
public sealed partial record RowAttention
{
    // Each row's scores, softmax and weighted sum while they are in registers and L1; all tensors float32.
    private unsafe Tensor RunFused()
    {
        var z = empty_like(Query);
        var shape = new FusedShape
        {
            Count = Count,
            QueryRows = QueryRows,
            OwnRows = OwnRows,
            Heads = Heads,
            HeadWidth = HeadWidth,
            KeyValueHeads = (int)BaseValue.shape[1],
            Tokens = (int)BaseValue.shape[2],
            Padded = (int)BaseKeyT.shape[3],
            OwnHeads = OwnKey is null ? Heads : (int)OwnKey.shape[3],
            Q = Pointer(Query),
            Z = Pointer(z),
            KeyT = Pointer(BaseKeyT),
            Value = Pointer(BaseValue),
            OwnKey = OwnKey is null ? null : Pointer(OwnKey),
            OwnValue = OwnValue is null ? null : Pointer(OwnValue),
        };
        var work = (long)QueryRows * Heads * HeadWidth * shape.Tokens;
        ForRows(Variants * Count, work, vn => Fused(shape, vn));
        foreach (var used in new[] { Query, z, BaseKeyT, BaseValue, OwnKey, OwnValue }) GC.KeepAlive(used);
        return z;
    }

    private unsafe struct FusedShape
    {
        public int Count, QueryRows, OwnRows, Heads, OwnHeads, KeyValueHeads, HeadWidth, Tokens, Padded;
        public float* Q, Z, KeyT, Value, OwnKey, OwnValue;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private unsafe void Fused(in FusedShape s, int vn)
    {
        var n = vn % s.Count;
        var own = OwnPositions.AsSpan(n * s.OwnRows, s.OwnRows);
        var scores = stackalloc float[s.Padded];
        var values = stackalloc float*[s.Padded];
        for (var h = 0; h < s.Heads; h++)
        {
            var kv = (long)Prompts[n] * s.KeyValueHeads + h / (s.Heads / s.KeyValueHeads);
            float* keyT = s.KeyT + kv * s.HeadWidth * s.Padded, value = s.Value + kv * s.Tokens * s.HeadWidth;
            var first = ((long)vn * s.OwnRows * s.OwnHeads + h / (s.Heads / s.OwnHeads)) * s.HeadWidth;
            long step = (long)s.OwnHeads * s.HeadWidth;
            for (var t = 0; t < s.Tokens; t++) values[t] = value + (long)t * s.HeadWidth;
            for (var j = 0; j < s.OwnRows; j++)
                if (own[j] >= 0) values[own[j]] = s.OwnValue + first + j * step;
            for (var j = 0; j < s.QueryRows; j++)
            {
                var row = ((long)vn * s.QueryRows + j) * s.Heads + h;
                float* q = s.Q + row * s.HeadWidth, z = s.Z + row * s.HeadWidth;
                var p = QueryPositions[n * s.QueryRows + j];
                new Span<float>(z, s.HeadWidth).Clear();
                if (p < 0) continue;
                Scores(q, keyT, scores, s.HeadWidth, s.Padded, p + 1);
                for (var i = 0; i < s.OwnRows; i++)
                    if (own[i] >= 0 && own[i] <= p) scores[own[i]] = Dot(q, s.OwnKey + first + i * step, s.HeadWidth);
                if (Forbidden?[(long)vn * s.QueryRows + j] is { } forbidden)
                    foreach (var t in forbidden) scores[t] = float.NegativeInfinity;
                Softmax(scores, p + 1, 1f / MathF.Sqrt(s.HeadWidth));
                WeightedSum(scores, values, z, p + 1, s.HeadWidth);
            }
        }
    }

    // scores[t] = q · keyT[:, t] for t below count (and some garbage up to the padding).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static unsafe void Scores(float* q, float* keyT, float* scores, int dh, int padded, int count)
    {
        var t = 0;
        for (; t + 64 <= padded && t < count; t += 64)
        {
            Vector512<float> a = default, b = default, c = default, d = default;
            for (var i = 0; i < dh; i++)
            {
                var x = Vector512.Create(q[i]);
                var k = keyT + (long)i * padded + t;
                a = Vector512.FusedMultiplyAdd(x, Vector512.Load(k), a);
                b = Vector512.FusedMultiplyAdd(x, Vector512.Load(k + 16), b);
                c = Vector512.FusedMultiplyAdd(x, Vector512.Load(k + 32), c);
                d = Vector512.FusedMultiplyAdd(x, Vector512.Load(k + 48), d);
            }
            a.Store(scores + t);
            b.Store(scores + t + 16);
            c.Store(scores + t + 32);
            d.Store(scores + t + 48);
        }
        for (; t < count; t += 16)
        {
            Vector512<float> a = default;
            for (var i = 0; i < dh; i++)
                a = Vector512.FusedMultiplyAdd(Vector512.Create(q[i]), Vector512.Load(keyT + (long)i * padded + t), a);
            a.Store(scores + t);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static unsafe float Dot(float* x, float* y, int length)
    {
        Vector512<float> sum = default;
        var i = 0;
        for (; i + 16 <= length; i += 16)
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(y + i), sum);
        var total = Vector512.Sum(sum);
        for (; i < length; i++) total += x[i] * y[i];
        return total;
    }

    // z = sum over t of weights[t] * values[t].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static unsafe void WeightedSum(float* weights, float** values, float* z, int count, int dh)
    {
        var i = 0;
        for (; i + 64 <= dh; i += 64)
        {
            Vector512<float> a = default, b = default, c = default, d = default;
            for (var t = 0; t < count; t++)
            {
                var w = Vector512.Create(weights[t]);
                var v = values[t] + i;
                a = Vector512.FusedMultiplyAdd(w, Vector512.Load(v), a);
                b = Vector512.FusedMultiplyAdd(w, Vector512.Load(v + 16), b);
                c = Vector512.FusedMultiplyAdd(w, Vector512.Load(v + 32), c);
                d = Vector512.FusedMultiplyAdd(w, Vector512.Load(v + 48), d);
            }
            a.Store(z + i);
            b.Store(z + i + 16);
            c.Store(z + i + 32);
            d.Store(z + i + 48);
        }
        for (; i + 16 <= dh; i += 16)
        {
            Vector512<float> a = default;
            for (var t = 0; t < count; t++)
                a = Vector512.FusedMultiplyAdd(Vector512.Create(weights[t]), Vector512.Load(values[t] + i), a);
            a.Store(z + i);
        }
        for (; i < dh; i++)
            for (var t = 0; t < count; t++) z[i] += weights[t] * values[t][i];
    }

    // scores := softmax(scores * scale) over the first count; whole vectors are used, so that what lies behind, up to a
    // multiple of 16, becomes zero.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // at its best from the first call
    private static unsafe void Softmax(float* scores, int count, float scale)
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

    // Runs body for each row, on as many threads as libtorch uses once there is enough work (width elements a row).
    private static void ForRows(int rows, long width, Action<int> body)
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

    /// <summary>Address of a contiguous float32 CPU tensor, which the caller keeps alive.</summary>
    /// <exception cref="ArgumentException">It is not contiguous.</exception>
    private static unsafe float* Pointer(Tensor x)
    {
        if (!x.is_contiguous()) throw new ArgumentException("a kernel needs a contiguous tensor");
        if (x.numel() * 4 < int.MaxValue) return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(x.bytes));
        using var first = x.view(-1).narrow(0, 0, 1); // a span cannot be longer than 2 GiB, an address can
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}
