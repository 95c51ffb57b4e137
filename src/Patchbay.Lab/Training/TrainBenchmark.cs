using System.Diagnostics;
using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Speed of training steps, and of the plainest gradient in the same run.</summary>
/// <param name="Rows">Predictions per step.</param>
/// <param name="Threads">Threads to train on.</param>
/// <param name="PlainGflops">Rate of a plain float32 matrix product, the better of one measured before and one
/// after.</param>
/// <param name="Seconds">Median seconds of a step: gradient and optimizer.</param>
/// <param name="GradientSeconds">Median seconds of the gradient alone.</param>
/// <param name="Operations">Operations of a step's matrix products, attention's over all keys.</param>
/// <param name="PlainSeconds">Median seconds of the gradient by <see cref="Decoder.Forward"/> and autograd on all
/// sequences at once.</param>
public sealed record TrainBenchmark(
    int Rows, int Threads, double PlainGflops, double Seconds, double GradientSeconds, long Operations,
    double PlainSeconds)
{
    /// <summary>Rate of a whole step.</summary>
    public double Gflops => Operations / Seconds / 1e9;

    /// <summary>Share of a plain product's rate.</summary>
    public double ShareOfPlain => Gflops / PlainGflops;

    /// <summary>How many times faster than the plainest gradient the lab's is.</summary>
    public double Ratio => PlainSeconds / GradientSeconds;

    /// <summary>Measures.</summary>
    /// <param name="config">Shape of the model; its weights are random.</param>
    /// <param name="sequences">How many sequences a step has.</param>
    /// <param name="length">Ids of each.</param>
    /// <param name="repeats">Steps; the plainest gradient does a third, two at least.</param>
    /// <param name="threads">Threads to train on.</param>
    /// <param name="plainGflops">Measures a plain product, on as many threads.</param>
    public static TrainBenchmark Run(
        DecoderConfig config, int sequences, int length, int repeats, int threads, Func<double> plainGflops)
    {
        using var model = new Decoder(config, Initialization.Draw(config, 20));
        using var trainable = new FullTraining(config, model.Weights);
        using var optimizer = new Optimizer(trainable.Tensors, new());
        var gradient = new Gradient(config, trainable, threads);
        var batch = RandomBatch(config.Vocabulary, sequences, length);
        var plain = plainGflops();
        var steps = new List<double>();
        var gradients = Times(repeats, () => gradient.Compute(batch), seconds =>
        {
            var start = Stopwatch.GetTimestamp();
            optimizer.Step(1e-4);
            steps.Add(seconds + Stopwatch.GetElapsedTime(start).TotalSeconds);
        });
        plain = Math.Max(plain, plainGflops());
        var operations = 0L;
        var plainest = Times(Math.Max(2, repeats / 3), () =>
        {
            using var scope = NewDisposeScope();
            operations = PaddedReference.Compute(model, batch).Operations;
        });
        return new(batch.Rows, threads, plain, Median(steps), Median(gradients), operations, Median(plainest));
    }

    private static PackedBatch RandomBatch(int vocabulary, int sequences, int length)
    {
        var random = new SplitMix64(20);
        float[] weights = [0, .. Enumerable.Repeat(1f, length - 1)];
        return new([.. Enumerable.Range(0, sequences).Select(_ => new TrainingSequence(
            "random", [.. Enumerable.Range(0, length).Select(_ => random.Below(vocabulary))], weights))]);
    }

    /// <summary>Seconds of each time that some work is done, after a first that only makes its memory.</summary>
    private static List<double> Times(int repeats, Action work, Action<double>? afterwards = null)
    {
        work();
        var times = new List<double>();
        while (times.Count < repeats)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            afterwards?.Invoke(times[^1]);
        }
        return times;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
