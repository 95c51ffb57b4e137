using Patchbay.Lab.Data;
using Patchbay.Models.Weights;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Trains a model step by step: the curriculum's batch, gradient, optimizer. All that the next step depends on is in
/// <see cref="Save"/>'s file, so that a training taken up again is the same, to the last bit on one thread.</summary>
public sealed class Trainer : IDisposable
{
    private readonly ITrainingData data;
    private readonly TrainingRecipe recipe;
    private readonly Trainable trainable;
    private readonly Gradient gradient;
    private readonly AdamW optimizer;

    /// <summary>Trains <paramref name="trainable"/> of <paramref name="weights"/>, both the caller's.</summary>
    public Trainer(FlatWeights weights, Trainable trainable, ITrainingData data, TrainingRecipe recipe, int threads = 1)
    {
        (this.data, this.recipe, this.trainable) = (data, recipe, trainable);
        gradient = Gradient.For(weights, threads);
        optimizer = new(trainable.Values, trainable.Segments, recipe.Optimizer, threads);
    }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Index of the curriculum's stage.</summary>
    public int Stage { get; private set; }

    /// <summary>Whether the curriculum has come to its last stage.</summary>
    public bool InLastStage => Stage == data.Stages.Count - 1;

    /// <summary>Operations of matrix products so far.</summary>
    public long Operations => gradient.Operations;

    /// <summary>Does one step.</summary>
    public LogEntry Step()
    {
        using var scope = NewDisposeScope();
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var stage = data.Stages[Stage];
        var batch = new PackedBatch(data.Batch(recipe.Seed, Steps, Stage, recipe.TokensPerStep));
        var losses = gradient.Compute(batch);
        var loss = batch.Mean(losses);
        if (!double.IsFinite(loss))
            throw new NotFiniteNumberException($"the loss is {loss} at step {Steps + 1}: training diverged; try a lower learning_rate");
        var rate = recipe.RateAt(Steps);
        var norm = optimizer.Step(trainable.Gradient(gradient.Values), rate);
        trainable.Apply();
        Steps++;
        var byKind = batch.MeanByKind(losses);
        if (!InLastStage && stage.Hardest is { } hardest && byKind.TryGetValue(hardest, out var hard) && hard < stage.Until) Stage++;
        return new()
        {
            Step = Steps,
            Stage = stage.Name,
            Loss = loss,
            Losses = byKind,
            LearningRate = rate,
            GradientNorm = norm,
            Tokens = batch.Rows,
            Seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
    }

    /// <summary>How many questions are answered right: every token of an answer the likeliest, given those before it; or, where
    /// several answers are right, one drawn from the distribution, always by the same random numbers.</summary>
    public Proportion Evaluate(IReadOnlyList<Question> questions)
    {
        const int AtOnce = 128;
        var right = 0;
        var random = SplitMix64.For(0, "answers drawn");
        foreach (var some in questions.Chunk(AtOnce))
        {
            var batch = new PackedBatch([.. some.Select(q =>
                new TrainingSequence("question", [.. q.Ids, .. q.Answer], new float[q.Ids.Length + q.Answer.Length]))]);
            using var logits = gradient.Logits(batch);
            var best = Array.ConvertAll(logits.argmax(-1).cpu().data<long>().ToArray(), i => (int)i);
            right += some.Where((q, n) => q.Others.Count > 0
                ? random.NextDouble() < Probability(logits, batch.Offsets[n + 1] - 1, [.. q.Answer, .. q.Others])
                : best.AsSpan(batch.Offsets[n + 1] - q.Answer.Length, q.Answer.Length).SequenceEqual(q.Answer)).Count();
        }
        return new(right, questions.Count);
    }

    /// <summary>What the distribution of a row gives to all of some ids together.</summary>
    private static double Probability(Tensor logits, int row, int[] ids)
    {
        using var scope = NewDisposeScope();
        var distribution = logits.select(0, row).softmax(-1, ScalarType.Float64);
        return distribution.index_select(0, tensor(Array.ConvertAll(ids, id => (long)id)).to(logits.device)).sum().item<double>();
    }

    /// <summary>Writes all that the next step depends on, beside the recipe, to one file, whole or not at all.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(path,
        [
            trainable.Values.ToWrite("values"), optimizer.Mean.ToWrite("mean"), optimizer.Square.ToWrite("square"),
            tensor(new[] { Steps, Stage, optimizer.Steps }).ToWrite("counters"),
        ]);
    }

    /// <summary>Goes on from what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or of another model.</exception>
    public void Restore(string path)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var set = TensorSet.Open(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
        foreach (var (name, to) in new[] { ("values", trainable.Values), ("mean", optimizer.Mean), ("square", optimizer.Square) })
        {
            if (!set.Tensors.TryGetValue(name, out var stored) || stored.Count != to.numel())
                throw new InvalidDataException($"{path}: tensor '{name}' must have {to.numel()} numbers, found {stored?.Count ?? 0}: it is the state of another training.");
            to.copy_(stored.Load(to.dtype, to.device));
        }
        if (!set.Tensors.TryGetValue("counters", out var counters) || counters.Count != 3 || counters.Type != StoredType.Int64)
            throw new InvalidDataException($"{path}: tensor 'counters' must have 3 whole numbers.");
        var bytes = new byte[24];
        counters.CopyTo(0, bytes);
        var numbers = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(bytes);
        (Steps, Stage, optimizer.Steps) = (numbers[0], (int)numbers[1], numbers[2]);
        if (Stage < 0 || Stage >= data.Stages.Count || Steps < 0)
            throw new InvalidDataException($"{path}: tensor 'counters' has step {Steps}, stage {Stage}, which cannot be.");
        trainable.Apply();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        gradient.Dispose();
        optimizer.Dispose();
    }
}
