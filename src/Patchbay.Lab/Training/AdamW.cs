using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>A stretch of a flat list of numbers that is trained.</summary>
/// <param name="Offset">Of its first number.</param>
/// <param name="Count">How many numbers.</param>
/// <param name="Decays">Whether weight decay applies: to matrices, not to norms and embeddings.</param>
/// <param name="Rate">Its learning rate, relative to the others'.</param>
public sealed record Segment(long Offset, long Count, bool Decays, double Rate = 1);

/// <summary>Constants of <see cref="AdamW"/>.</summary>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of squared gradients.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="WeightDecay">Share of learning rate by which a weight shrinks.</param>
/// <param name="Clip">Largest norm of a gradient; a larger one is scaled down to it.</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.01, double Clip = 1);

/// <summary>AdamW (Loshchilov and Hutter 2019) with the gradient's norm clipped, over segments of one flat tensor: one pass in
/// float32 on the CPU, libtorch's operations otherwise.</summary>
public sealed class AdamW : IDisposable
{
    private readonly Tensor values;
    private readonly IReadOnlyList<Segment> segments;
    private readonly AdamWOptions options;
    private readonly int threads;

    /// <summary>Trains <paramref name="segments"/> of <paramref name="values"/>, which stay the caller's.</summary>
    public AdamW(Tensor values, IReadOnlyList<Segment> segments, AdamWOptions options, int threads = 1)
    {
        (this.values, this.segments, this.options, this.threads) = (values, segments, options, threads);
        Mean = zeros_like(values).DetachFromDisposeScope();
        Square = zeros_like(values).DetachFromDisposeScope();
    }

    /// <summary>Decaying mean of gradients, in the shape of the values.</summary>
    public Tensor Mean { get; }

    /// <summary>Decaying mean of squared gradients.</summary>
    public Tensor Square { get; }

    /// <summary>Steps done.</summary>
    public long Steps { get; set; }

    /// <summary>Changes the values by one step.</summary>
    /// <returns>The gradient's norm before clipping.</returns>
    public double Step(Tensor gradient, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var fused = CpuKernels.Fits(values);
        var norm = Math.Sqrt(fused ? SumOfSquares(gradient) : segments.Sum(s => Of(gradient, s).square().sum(0L).item<double>()));
        var scale = norm > options.Clip ? options.Clip / norm : 1;
        Steps++;
        var bias = 1 / (1 - Math.Pow(options.Beta1, Steps));
        var correction = 1 / Math.Sqrt(1 - Math.Pow(options.Beta2, Steps));
        if (fused) StepFused(gradient, scale, learningRate, bias, correction);
        else foreach (var s in segments) StepPlain(gradient, s, scale, learningRate * s.Rate, bias, correction);
        return norm;
    }

    private static Tensor Of(Tensor flat, Segment s) => flat.narrow(0, s.Offset, s.Count).to(ScalarType.Float64);

    private void StepPlain(Tensor gradient, Segment s, double scale, double rate, double bias, double correction)
    {
        using var scope = NewDisposeScope();
        Tensor Part(Tensor flat) => flat.narrow(0, s.Offset, s.Count);
        var (x, g, m, v) = (Part(values), Part(gradient) * scale, Part(Mean), Part(Square));
        m.mul_(options.Beta1).add_(g * (1 - options.Beta1));
        v.mul_(options.Beta2).add_(g.square() * (1 - options.Beta2));
        if (s.Decays) x.mul_(1 - rate * options.WeightDecay);
        x.sub_(m * (rate * bias) / (v.sqrt() * correction + options.Epsilon));
    }

    private const int Block = 1 << 16;

    /// <summary>Every block of every segment, on the threads; no sum is made across blocks but by the caller.</summary>
    private void EachBlock(Action<int, Segment, long, int> body)
    {
        var blocks = segments.SelectMany(s => Enumerable.Range(0, (int)((s.Count + Block - 1) / Block))
            .Select(b => (Segment: s, From: s.Offset + (long)b * Block, Count: (int)Math.Min(Block, s.Count - (long)b * Block)))).ToArray();
        Parallel.For(0, blocks.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            body(i, blocks[i].Segment, blocks[i].From, blocks[i].Count));
    }

    private unsafe double SumOfSquares(Tensor gradient)
    {
        var g = CpuKernels.Pointer(gradient);
        var sums = new double[segments.Sum(s => (s.Count + Block - 1) / Block)];
        EachBlock((i, _, from, count) => sums[i] = Squares(g + from, count));
        CpuKernels.Keep(gradient);
        return sums.Sum();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Squares(float* x, int count)
    {
        Vector512<float> sum = default;
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            var v = Vector512.Load(x + i);
            sum = Vector512.FusedMultiplyAdd(v, v, sum);
        }
        var total = Vector512.Sum(sum);
        for (; i < count; i++) total += x[i] * x[i];
        return total;
    }

    private unsafe void StepFused(Tensor gradient, double scale, double learningRate, double bias, double correction)
    {
        float* x = CpuKernels.Pointer(values), g = CpuKernels.Pointer(gradient), m = CpuKernels.Pointer(Mean), v = CpuKernels.Pointer(Square);
        EachBlock((_, s, from, count) =>
        {
            var rate = learningRate * s.Rate;
            var shrink = s.Decays ? (float)(1 - rate * options.WeightDecay) : 1;
            Update(x + from, g + from, m + from, v + from, count, (float)scale, shrink, (float)(rate * bias), (float)correction);
        });
        CpuKernels.Keep(values, gradient, Mean, Square);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private unsafe void Update(float* x, float* g, float* m, float* v, int count, float scale, float shrink, float rate, float correction)
    {
        float b1 = (float)options.Beta1, b2 = (float)options.Beta2, epsilon = (float)options.Epsilon;
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            var gradient = Vector512.Load(g + i) * scale;
            var mean = Vector512.Load(m + i) * b1 + gradient * (1 - b1);
            var square = Vector512.Load(v + i) * b2 + gradient * gradient * (1 - b2);
            mean.Store(m + i);
            square.Store(v + i);
            var step = mean * rate / (Vector512.Sqrt(square) * correction + Vector512.Create(epsilon));
            (Vector512.Load(x + i) * shrink - step).Store(x + i);
        }
        for (; i < count; i++)
        {
            var gradient = g[i] * scale;
            m[i] = m[i] * b1 + gradient * (1 - b1);
            v[i] = v[i] * b2 + gradient * gradient * (1 - b2);
            x[i] = x[i] * shrink - m[i] * rate / (MathF.Sqrt(v[i]) * correction + epsilon);
        }
    }

    /// <summary>Frees the two means.</summary>
    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
    }
}
