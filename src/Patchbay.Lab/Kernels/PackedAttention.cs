using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Patchbay.Models;
using Patchbay.Models.Kernels;

namespace Patchbay.Lab.Kernels;

/// <summary>
/// Causal attention of sequences that lie end to end, forward and backward, rotary embedding included: one sequence and
/// key/value head at a time, all of it in a core's cache, on the calling thread. Rows r of <c>qkv</c> hold q (H·dh), k (Hkv·dh) and v (Hkv·dh) before
/// the rotary embedding. dh must be a multiple of 16. The plain form is <see cref="Llama.Forward"/>.
/// </summary>
internal sealed unsafe class PackedAttention
{
    private readonly LlamaConfig config;
    private readonly int dh, heads, keyHeads, group, qkvWidth, zWidth;
    private readonly float scale;
    private float[] cos = [], sin = []; // (positions, dh/2)

    public PackedAttention(LlamaConfig config)
    {
        this.config = config;
        (dh, heads, keyHeads, group) = (config.HeadWidth, config.Heads, config.KeyValueHeads, config.GroupSize);
        (zWidth, qkvWidth) = (heads * dh, (heads + 2 * keyHeads) * dh);
        scale = 1f / MathF.Sqrt(dh);
    }

    /// <summary>Numbers of attention weights that a layer keeps for its backward pass: H · T · T', T' being T rounded up to
    /// 16, for each sequence.</summary>
    public long WeightCount(ReadOnlySpan<int> offsets)
    {
        var count = 0L;
        for (var n = 0; n + 1 < offsets.Length; n++)
            count += (long)heads * (offsets[n + 1] - offsets[n]) * Padded(offsets[n + 1] - offsets[n]);
        return count;
    }

    private static int Padded(int length) => (length + 15) / 16 * 16;

    /// <summary>z (R, H·dh) of all rows; keeps the weights.</summary>
    /// <param name="qkv">(R, (H + 2·Hkv)·dh).</param>
    /// <param name="offsets">First row of each sequence, and the number of rows.</param>
    /// <param name="weights">As many as <see cref="WeightCount"/> says.</param>
    /// <param name="z">(R, H·dh).</param>
    public void Forward(float* qkv, int[] offsets, float* weights, float* z)
    {
        Prepare(offsets);
        Each(offsets, (first, length, kv, at) =>
        {
            using var scratch = new Scratch(2 * dh * Padded(length) + length * dh);
            float* keyT = scratch.Take(dh * Padded(length)), rotated = scratch.Take(length * dh);
            float* rows = qkv + (long)first * qkvWidth;
            Rotate(rows + zWidth + kv * dh, qkvWidth, rotated, dh, length, 1);
            new Span<float>(keyT, dh * Padded(length)).Clear();
            SmallProduct.Transpose(rotated, dh, keyT, Padded(length), length, dh);
            for (var g = 0; g < group; g++)
            {
                var h = kv * group + g;
                float* p = weights + at + (long)g * length * Padded(length);
                Rotate(rows + h * dh, qkvWidth, rotated, dh, length, scale);
                for (var i = 0; i < length; i += 16)
                {
                    var count = Math.Min(16, length - i);
                    float* pi = p + (long)i * Padded(length);
                    SmallProduct.Multiply(rotated + i * dh, dh, 1, keyT, Padded(length), pi, Padded(length), count, i + 16, dh);
                    for (var r = 0; r < count; r++) CpuKernels.Softmax(pi + (long)r * Padded(length), i + r + 1, 1); // zero up to i + 16
                    SmallProduct.Multiply(pi, Padded(length), 1, rows + zWidth + (keyHeads + kv) * dh, qkvWidth,
                        z + (long)(first + i) * zWidth + h * dh, zWidth, count, dh, i + count);
                }
            }
        });
    }

    /// <summary>Gradient of q, k and v before the rotary embedding, from that of z.</summary>
    /// <param name="qkv">As given to <see cref="Forward"/>.</param>
    /// <param name="offsets">As given to <see cref="Forward"/>.</param>
    /// <param name="weights">As <see cref="Forward"/> left them; they are changed.</param>
    /// <param name="dz">(R, H·dh).</param>
    /// <param name="dqkv">(R, (H + 2·Hkv)·dh), written.</param>
    public void Backward(float* qkv, int[] offsets, float* weights, float* dz, float* dqkv)
    {
        Prepare(offsets);
        Each(offsets, (first, length, kv, at) =>
        {
            var padded = Padded(length);
            using var scratch = new Scratch(dh * padded + 16 * padded + 6 * length * dh);
            float* valueT = scratch.Take(dh * padded), dp = scratch.Take(16 * padded);
            float* key = scratch.Take(length * dh), query = scratch.Take(length * dh);
            float* dKey = scratch.Take(length * dh), dQuery = scratch.Take(length * dh);
            float* rows = qkv + (long)first * qkvWidth, dRows = dqkv + (long)first * qkvWidth;
            float* dValue = dRows + zWidth + (keyHeads + kv) * dh;
            Rotate(rows + zWidth + kv * dh, qkvWidth, key, dh, length, 1);
            new Span<float>(valueT, dh * padded).Clear();
            SmallProduct.Transpose(rows + zWidth + (keyHeads + kv) * dh, qkvWidth, valueT, padded, length, dh);
            for (var g = 0; g < group; g++)
            {
                var h = kv * group + g;
                float* p = weights + at + (long)g * length * padded, dzh = dz + (long)first * zWidth + h * dh;
                Rotate(rows + h * dh, qkvWidth, query, dh, length, scale);
                // dV += Pᵀ dZ: column block t of P, rows from t on, the earlier ones being zero there.
                for (var t = 0; t < length; t += 16)
                {
                    SmallProduct.Multiply(p + (long)t * padded + t, 1, padded, dzh + (long)t * zWidth, zWidth,
                        dValue + (long)t * qkvWidth, qkvWidth, Math.Min(16, length - t), dh, length - t, g > 0);
                }
                for (var i = 0; i < length; i += 16)
                {
                    var count = Math.Min(16, length - i);
                    float* pi = p + (long)i * padded;
                    SmallProduct.Multiply(dzh + (long)i * zWidth, zWidth, 1, valueT, padded, dp, padded, count, i + 16, dh);
                    for (var r = 0; r < count; r++) SoftmaxBackward(pi + (long)r * padded, dp + r * padded, i + 16);
                    SmallProduct.Multiply(pi, padded, 1, key, dh, dQuery + i * dh, dh, count, dh, i + count);
                }
                for (var t = 0; t < length; t += 16)
                {
                    SmallProduct.Multiply(p + (long)t * padded + t, 1, padded, query + t * dh, dh,
                        dKey + t * dh, dh, Math.Min(16, length - t), dh, length - t, g > 0);
                }
                Rotate(dQuery, dh, dRows + h * dh, qkvWidth, length, scale, back: true);
            }
            Rotate(dKey, dh, dRows + zWidth + kv * dh, qkvWidth, length, 1, back: true);
        });
    }

    private delegate void Body(int first, int length, int keyHead, long weights);

    /// <summary>Every sequence and key/value head.</summary>
    private void Each(int[] offsets, Body body)
    {
        var weights = 0L;
        for (var n = 0; n + 1 < offsets.Length; n++)
        {
            var length = offsets[n + 1] - offsets[n];
            for (var kv = 0; kv < keyHeads; kv++, weights += (long)group * length * Padded(length)) body(offsets[n], length, kv, weights);
        }
    }

    private void Prepare(int[] offsets)
    {
        var longest = 0;
        for (var n = 0; n + 1 < offsets.Length; n++) longest = Math.Max(longest, offsets[n + 1] - offsets[n]);
        var half = dh / 2;
        if (cos.Length >= longest * half) return;
        var frequencies = Rotary.Frequencies(config);
        (cos, sin) = (new float[longest * half], new float[longest * half]);
        for (var p = 0; p < longest; p++)
        {
            for (var i = 0; i < half; i++) (sin[p * half + i], cos[p * half + i]) = MathF.SinCos(p * frequencies[i]);
        }
    }

    /// <summary>Copies rows with the rotary embedding (or its inverse) and a factor: row t is at position t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Rotate(float* from, nint fromRow, float* to, nint toRow, int length, float factor, bool back = false)
    {
        var half = dh / 2;
        fixed (float* c = cos, s = sin)
        {
            for (var t = 0; t < length; t++, from += fromRow, to += toRow)
            {
                float* ct = c + t * half, st = s + t * half;
                var sign = back ? -factor : factor;
                for (var i = 0; i < half; i += 8)
                {
                    Vector256<float> a = Vector256.Load(from + i), b = Vector256.Load(from + half + i);
                    Vector256<float> vc = Vector256.Load(ct + i) * factor, vs = Vector256.Load(st + i) * sign;
                    (a * vc - b * vs).Store(to + i);
                    (b * vc + a * vs).Store(to + half + i);
                }
            }
        }
    }

    /// <summary>p := p ∘ (dp - Σ p dp), the gradient of the scores from the weights p and their gradient dp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxBackward(float* p, float* dp, int whole)
    {
        Vector512<float> sum = default;
        for (var t = 0; t < whole; t += 16) sum = Vector512.FusedMultiplyAdd(Vector512.Load(p + t), Vector512.Load(dp + t), sum);
        var total = Vector512.Create(Vector512.Sum(sum));
        for (var t = 0; t < whole; t += 16) (Vector512.Load(p + t) * (Vector512.Load(dp + t) - total)).Store(p + t);
    }

    /// <summary>Memory of one thread's one task, from a pool.</summary>
    private ref struct Scratch
    {
        private readonly float* start;
        private float* next;

        public Scratch(int count) => start = next = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);

        public float* Take(int count)
        {
            var taken = next;
            next += count;
            return taken;
        }

        public readonly void Dispose() => NativeMemory.AlignedFree(start);
    }
}
