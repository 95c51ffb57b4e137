using System.Diagnostics;
using Patchbay.Lab.Data;
using Patchbay.Models.Weights;

namespace Patchbay.Lab.Training;

/// <summary>Trains a model step by step: the curriculum's batch, gradient, optimizer. All that the next step depends on
/// is in <see cref="Save"/>'s file, so that a training taken up again is the same, to the last bit.</summary>
internal sealed class Trainer : IDisposable
{
    private const string Counters = "counters", OldValues = "values";
    private readonly ITrainingData data;
    private readonly TrainingRecipe recipe;
    private readonly Trainable trainable;
    private readonly Gradient gradient;
    private readonly Optimizer optimizer;

    /// <summary>Trains <paramref name="trainable"/>, which stays the caller's, on one thread or two.</summary>
    /// <exception cref="NotSupportedException">The model is not a plain Llama.</exception>
    public Trainer(DecoderConfig config, Trainable trainable, ITrainingData data, TrainingRecipe recipe,
        int threads = 1)
    {
        PackedForward.Require(config);
        (this.data, this.recipe, this.trainable) = (data, recipe, trainable);
        gradient = new(config, trainable, threads);
        optimizer = new(trainable.Tensors, recipe.Optimizer);
    }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Index of the curriculum's stage.</summary>
    public int Stage { get; private set; }

    public bool InLastStage => Stage == data.Stages.Count - 1;

    /// <summary>Does one step.</summary>
    /// <exception cref="NotFiniteNumberException">Training diverged.</exception>
    public LogEntry Step()
    {
        using var scope = NewDisposeScope();
        var start = Stopwatch.GetTimestamp();
        var stage = data.Stages[Stage];
        var sequences = data.Batch(recipe.Seed, Steps, Stage, recipe.TokensPerStep);
        // less padding in a share of like lengths
        var batch = new PackedBatch([.. sequences.OrderBy(s => s.Ids.Length)]);
        var losses = gradient.Compute(batch);
        var loss = batch.Mean(losses);
        if (!double.IsFinite(loss))
            throw new NotFiniteNumberException(
                $"the loss is {loss} at step {Steps + 1}: training diverged; try a lower learning_rate");
        var rate = recipe.RateAt(Steps);
        var norm = optimizer.Step(rate);
        Steps++;
        var byKind = batch.MeanByKind(losses);
        if (!InLastStage && stage.Hardest is { } hardest
            && byKind.TryGetValue(hardest, out var hard) && hard < stage.Until) Stage++;
        return new(Steps, stage.Name, loss, byKind, rate, norm, batch.Rows,
            Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Writes all that the next step depends on, but for the recipe, to one file, whole or not at
    /// all.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(path,
        [
            .. State().Select(s => s.Tensor.detach().ToWrite(s.Name)),
            tensor(new[] { Steps, Stage }, device: CPU).ToWrite(Counters),
        ]);
    }

    /// <summary>Values and the optimizer's two means of everything that is trained.</summary>
    private IEnumerable<(string Name, Tensor Tensor)> State() =>
    [
        .. trainable.Tensors.Select(t => ($"{t.Name}.value", (Tensor)t.Value)),
        .. optimizer.Moments.Select(m => ($"{m.Name}.mean", m.Mean)),
        .. optimizer.Moments.Select(m => ($"{m.Name}.square", m.Square)),
    ];

    /// <summary>Goes on from what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, another model's or an earlier version's.</exception>
    public void Restore(string path)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var set = TensorSet.Open(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
        if (set.Tensors.ContainsKey(OldValues))
            throw new InvalidDataException($"{path} is the state of a run that an earlier version began, in another "
                + "layout: remove the run's folder, or give another, and begin anew.");
        foreach (var (name, to) in State())
        {
            if (!set.Tensors.TryGetValue(name, out var stored) || stored.Count != to.numel())
                throw new InvalidDataException($"{path}: tensor '{name}' must have {to.numel()} numbers, "
                    + $"found {stored?.Count ?? 0}: it is the state of another training.");
            to.copy_(stored.Load(to.dtype, to.device));
        }
        if (!set.Tensors.TryGetValue(Counters, out var counters)
            || counters.Count != 2 || counters.Type != StoredType.Int64)
            throw new InvalidDataException($"{path}: tensor '{Counters}' must have 2 whole numbers.");
        var numbers = counters.Load(ScalarType.Int64, CPU).data<long>().ToArray();
        (Steps, Stage) = (numbers[0], (int)numbers[1]);
        if (Stage < 0 || Stage >= data.Stages.Count || Steps < 0)
            throw new InvalidDataException(
                $"{path}: tensor '{Counters}' has step {Steps}, stage {Stage}, which cannot be.");
        optimizer.GoOnAfter(Steps);
    }

    public void Dispose() => optimizer.Dispose();
}
