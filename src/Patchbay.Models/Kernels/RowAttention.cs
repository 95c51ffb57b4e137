using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Kernels;

/// <summary>
/// Attention of some rows of some variants over the keys of a base run, with the keys and values of the variants' own
/// rows in the place of the base's. A variant is one altered copy of the base's N prompts; a plain forward pass is the
/// case of one variant with no rows of its own.
/// </summary>
public sealed record RowAttention
{
    /// <summary>Queries after the rotary embedding: (V, N, Dq, H, dh).</summary>
    public required Tensor Query { get; init; }

    /// <summary>Position of each query row, N × Dq; -1 marks padding, whose output is zero.</summary>
    public required int[] QueryPositions { get; init; }

    /// <summary>The base's keys after the rotary embedding, transposed: (prompts, Hkv, dh, Tp), Tp >= T padded with finite
    /// numbers to a multiple of 16.</summary>
    public required Tensor BaseKeyT { get; init; }

    /// <summary>The base's values: (prompts, Hkv, T, dh).</summary>
    public required Tensor BaseValue { get; init; }

    /// <summary>Which of the base's prompts each of the N is.</summary>
    public required int[] Prompts { get; init; }

    /// <summary>Keys after the rotary embedding of the variants' own rows, (V, N, Dk, Hk, dh) with Hk = Hkv or H; null:
    /// all keys and values are the base's.</summary>
    public Tensor? OwnKey { get; init; }

    /// <summary>Values of the variants' own rows, in the shape of <see cref="OwnKey"/>.</summary>
    public Tensor? OwnValue { get; init; }

    /// <summary>Position of each own row, N × Dk; -1 marks padding.</summary>
    public int[] OwnPositions { get; init; } = [];

    /// <summary>Key positions that a query row may not attend to, by (v·N + n)·Dq + j; null for none at all.</summary>
    public int[]?[]? Forbidden { get; init; }

    /// <summary>Heads' weighted sums: (V, N, Dq, H, dh). One pass per row on the CPU in float32, batched matrix products
    /// otherwise.</summary>
    public Tensor Run() => CpuKernels.Fits(Query) && BaseKeyT.shape[3] <= 32768 ? RunFused() : RunTorch();

    private int Variants => (int)Query.shape[0];
    private int Count => (int)Query.shape[1];
    private int QueryRows => (int)Query.shape[2];
    private int Heads => (int)Query.shape[3];
    private int HeadWidth => (int)Query.shape[4];
    private int OwnRows => OwnKey is null ? 0 : (int)OwnKey.shape[2];

    /// <summary>The plain form, from batched products and masks; any dtype, device and gradient.</summary>
    public Tensor RunTorch()
    {
        using var scope = NewDisposeScope();
        int V = Variants, N = Count, D = QueryRows, H = Heads, dh = HeadWidth, T = (int)BaseValue.shape[2];
        var hkv = (int)BaseValue.shape[1];
        var prompts = tensor(Array.ConvertAll(Prompts, p => (long)p)).to(Query.device);
        var keyT = BaseKeyT.index_select(0, prompts).narrow(-1, 0, T);
        var value = BaseValue.index_select(0, prompts);
        var q = Query / Math.Sqrt(dh);

        // Base keys: all variants of a prompt and key/value head share one product.
        var grouped = q.view(V, N, D, hkv, H / hkv, dh).permute(1, 3, 4, 0, 2, 5).reshape(N, hkv, -1, dh);
        var scores = grouped.matmul(keyT).view(N, hkv, H / hkv, V, D, T).permute(3, 0, 4, 1, 2, 5).reshape(V, N, D, H, T);
        scores = scores.masked_fill(Mask(BaseForbidden, T), double.NegativeInfinity);
        Tensor? ownValue = null;
        if (OwnKey is not null && OwnValue is not null)
        {
            var repeat = H / (int)OwnKey.shape[3];
            var ownKey = OwnKey.repeat_interleave(repeat, dim: 3).permute(0, 1, 3, 4, 2);       // (V, N, H, dh, Dk)
            ownValue = OwnValue.repeat_interleave(repeat, dim: 3).permute(0, 1, 3, 2, 4);       // (V, N, H, Dk, dh)
            var own = q.permute(0, 1, 3, 2, 4).matmul(ownKey).permute(0, 1, 3, 2, 4);           // (V, N, D, H, Dk)
            own = own.masked_fill(Mask(OwnForbidden, OwnRows), double.NegativeInfinity);
            scores = cat([scores, own], -1);
        }
        var weights = Llama.Softmax(scores);
        var over = weights.narrow(-1, 0, T).view(V, N, D, hkv, H / hkv, T).permute(1, 3, 4, 0, 2, 5).reshape(N, hkv, -1, T);
        var z = over.matmul(value).view(N, hkv, H / hkv, V, D, dh).permute(3, 0, 4, 1, 2, 5).reshape(V, N, D, H, dh);
        if (ownValue is not null)
            z = z + weights.narrow(-1, T, OwnRows).permute(0, 1, 3, 2, 4).matmul(ownValue).permute(0, 1, 3, 2, 4);
        return z.contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>True where a score is to be -inf, (V, N, D, 1, keys) from a rule per (v, n, query row, key).</summary>
    private Tensor Mask(Func<int, int, int, int, bool> forbidden, int keys)
    {
        int V = Forbidden is null ? 1 : Variants, N = Count, D = QueryRows;
        var mask = new bool[(long)V * N * D * keys];
        var i = 0;
        for (var v = 0; v < V; v++)
            for (var n = 0; n < N; n++)
                for (var j = 0; j < D; j++)
                    for (var k = 0; k < keys; k++) mask[i++] = forbidden(v, n, j, k);
        return tensor(mask).to(Query.device).view(V, N, D, 1, keys);
    }

    private bool BaseForbidden(int v, int n, int j, int key)
    {
        var p = QueryPositions[n * QueryRows + j];
        if (p < 0) return key != 0; // padding: attend to something, so that no NaN arises
        return key > p || IsForbidden(v, n, j, key) || OwnPositions.AsSpan(n * OwnRows, OwnRows).Contains(key);
    }

    private bool OwnForbidden(int v, int n, int j, int key)
    {
        int p = QueryPositions[n * QueryRows + j], at = OwnPositions[n * OwnRows + key];
        return p < 0 || at < 0 || at > p || IsForbidden(v, n, j, at);
    }

    private bool IsForbidden(int v, int n, int j, int position) =>
        Forbidden?[(v * Count + n) * QueryRows + j]?.Contains(position) ?? false;

    /// <summary>The fused form: each row's scores, softmax and weighted sum while they are in registers and L1.</summary>
    public unsafe Tensor RunFused()
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
            Q = CpuKernels.Pointer(Query),
            Z = CpuKernels.Pointer(z),
            KeyT = CpuKernels.Pointer(BaseKeyT),
            Value = CpuKernels.Pointer(BaseValue),
            OwnKey = OwnKey is null ? null : CpuKernels.Pointer(OwnKey),
            OwnValue = OwnValue is null ? null : CpuKernels.Pointer(OwnValue),
        };
        var work = (long)QueryRows * Heads * HeadWidth * shape.Tokens;
        CpuKernels.ForRows(Variants * Count, work, vn => Fused(shape, vn));
        CpuKernels.Keep(Query, z, BaseKeyT, BaseValue, OwnKey, OwnValue);
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
                CpuKernels.Softmax(scores, p + 1, 1f / MathF.Sqrt(s.HeadWidth));
                WeightedSum(scores, values, z, p + 1, s.HeadWidth);
            }
        }
    }

    /// <summary>scores[t] = q · keyT[:, t] for t below <paramref name="count"/> (and some garbage up to the padding).</summary>
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
        for (; i + 16 <= length; i += 16) sum = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(y + i), sum);
        var total = Vector512.Sum(sum);
        for (; i < length; i++) total += x[i] * y[i];
        return total;
    }

    /// <summary>z = sum over t of weights[t] * values[t].</summary>
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
}
