using System.Diagnostics;
using Patchbay.Lab.Data;
using Patchbay.Models;
using Patchbay.Tasks;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Speed of training steps, the fused way and by autograd in the same run.</summary>
/// <param name="Rows">Predictions per step.</param>
/// <param name="Threads">Threads of an operation.</param>
/// <param name="PlainGflops">Rate of a plain float32 matrix product, the better of one measured before and one after.</param>
/// <param name="Seconds">Median seconds of a step: gradient and optimizer.</param>
/// <param name="GradientSeconds">Median seconds of the gradient alone.</param>
/// <param name="Operations">Operations of a step's matrix products.</param>
/// <param name="AutogradSeconds">Seconds of the gradient by autograd; the median.</param>
public sealed record TrainBenchmark(
    int Rows, int Threads, double PlainGflops, double Seconds, double GradientSeconds, long Operations, double AutogradSeconds)
{
    /// <summary>Rate of a whole step.</summary>
    public double Gflops => Operations / Seconds / 1e9;

    /// <summary>Share of a plain product's rate.</summary>
    public double ShareOfPlain => Gflops / PlainGflops;

    /// <summary>How many times faster than autograd the gradient is.</summary>
    public double Ratio => AutogradSeconds / GradientSeconds;

    /// <summary>Measures.</summary>
    /// <param name="config">Shape of the model; its weights are random.</param>
    /// <param name="sequences">How many sequences a step has.</param>
    /// <param name="length">Ids of each.</param>
    /// <param name="repeats">Steps of the fused way; autograd does a third, two at least.</param>
    /// <param name="threads">Threads to train on.</param>
    /// <param name="plainGflops">Measures a plain product, on as many threads.</param>
    public static TrainBenchmark Run(LlamaConfig config, int sequences, int length, int repeats, int threads, Func<double> plainGflops)
    {
        using var scope = NewDisposeScope();
        using var weights = new FlatWeights(config);
        Initialization.Draw(weights, 20);
        var random = new SplitMix64(20);
        var batch = new PackedBatch([.. Enumerable.Range(0, sequences).Select(_ => new TrainingSequence("random",
            [.. Enumerable.Range(0, length).Select(_ => random.Below(config.Vocabulary))], [0, .. Enumerable.Repeat(1f, length - 1)]))]);
        using var gradient = new FusedGradient(weights, threads);
        using var optimizer = new AdamW(weights.Values, DirectTraining.All(weights).Segments, new(), threads);
        var plain = plainGflops();
        gradient.Compute(batch); // makes its memory
        var before = gradient.Operations;
        var (steps, gradients) = (new double[repeats], new double[repeats]);
        for (var i = 0; i < repeats; i++)
        {
            var start = Stopwatch.GetTimestamp();
            gradient.Compute(batch);
            gradients[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            optimizer.Step(gradient.Values, 1e-4);
            steps[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        plain = Math.Max(plain, plainGflops());
        using var autograd = new AutogradGradient(weights);
        autograd.Compute(batch);
        var slow = new double[Math.Max(2, repeats / 3)];
        for (var i = 0; i < slow.Length; i++)
        {
            var start = Stopwatch.GetTimestamp();
            autograd.Compute(batch);
            slow[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return new(batch.Rows, threads, plain, Median(steps), Median(gradients), (gradient.Operations - before) / repeats, Median(slow));
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
