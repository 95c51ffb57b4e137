using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;

namespace Patchbay.Experiments;

/// <summary>Some prompts of one base run, with their named positions: one array per name, which all variants share.</summary>
/// <param name="prompts">The prompts.</param>
/// <param name="first">Index of the first among all prompts.</param>
internal sealed class BatchPrompts(IReadOnlyList<Prompt> prompts, int first)
{
    private readonly Dictionary<string, int[]> positions = [];
    private readonly PromptSet set = new(prompts);

    /// <summary>The prompts.</summary>
    public IReadOnlyList<Prompt> Prompts => prompts;

    /// <summary>Index of the first among all prompts.</summary>
    public int First => first;

    /// <summary>Their tokens.</summary>
    public PaddedPrompts Clean { get; } = new([.. prompts.Select(p => p.Clean.Ids)]);

    /// <summary>A named position of every prompt.</summary>
    /// <exception cref="InvalidDataException">A prompt has none of this name.</exception>
    public int[] At(string name)
    {
        if (!positions.TryGetValue(name, out var at)) positions[name] = at = set.CleanPositions(name);
        return at;
    }
}

/// <summary>Evaluates variants over many prompts, in as many base runs as fit the memory; a base run is kept until another is needed.</summary>
internal sealed class PromptBatches : IDisposable
{
    private readonly Func<BatchPrompts, BaseRun> make;
    private readonly MemoryPlan plan;
    private readonly BatchPrompts[] batches;
    private (int Index, ConeEvaluator Evaluator)? open;

    /// <summary>Plans memory; runs nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="from">First position at which variants differ.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="make">Makes a base run.</param>
    public PromptBatches(Llama model, PromptSet prompts, int from, long? memoryBytes, Func<BatchPrompts, BaseRun> make)
    {
        prompts.CheckVocabulary(model.Config.Vocabulary);
        this.make = make;
        plan = MemoryPlan.For(model, prompts.Count, prompts.Prompts.Max(p => p.Clean.Ids.Length), from, 0, memoryBytes);
        batches = [.. prompts.Prompts.Chunk(plan.PromptsPerBatch).Select((some, i) => new BatchPrompts(some, i * plan.PromptsPerBatch))];
    }

    /// <summary>A number for every variant and prompt.</summary>
    /// <param name="variants">The same variants for every batch.</param>
    /// <param name="metric">The number.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each batch.</param>
    public double[,] Evaluate(Func<BatchPrompts, IReadOnlyList<Variant>> variants, Func<IReadOnlyList<Prompt>, Metric> metric,
        Action<double>? progress = null, CancellationToken cancel = default)
    {
        double[,]? all = null;
        var done = 0;
        for (var b = 0; b < batches.Length; b++)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = TorchSharp.torch.NewDisposeScope();
            var batch = batches[b];
            var some = variants(batch);
            var values = Open(b).Evaluate(some, metric(batch.Prompts));
            all ??= new double[some.Count, batches.Sum(x => x.Prompts.Count)];
            for (var v = 0; v < some.Count; v++)
                for (var n = 0; n < batch.Prompts.Count; n++) all[v, done + n] = values[v, n];
            done += batch.Prompts.Count;
            progress?.Invoke((b + 1.0) / batches.Length);
        }
        return all!;
    }

    /// <inheritdoc/>
    public void Dispose() => open?.Evaluator.Dispose();

    private ConeEvaluator Open(int index)
    {
        if (open?.Index == index) return open.Value.Evaluator;
        open?.Evaluator.Dispose();
        open = null;
        open = (index, new ConeEvaluator(make(batches[index]), plan.ChunkBytes));
        return open.Value.Evaluator;
    }
}

/// <summary>Variants, and the batches to evaluate them over.</summary>
/// <param name="Batches">The batches.</param>
/// <param name="Variants">The same variants for every batch.</param>
internal sealed record PlannedVariants(PromptBatches Batches, Func<BatchPrompts, IReadOnlyList<Variant>> Variants)
{
    /// <summary>Whether the most probable token is the answer, for every variant and prompt.</summary>
    public bool[][] Answered(Action<double>? progress = null, CancellationToken cancel = default)
    {
        var right = Batches.Evaluate(Variants, Answers.Right, progress, cancel);
        return [.. Enumerable.Range(0, right.GetLength(0))
            .Select(v => Enumerable.Range(0, right.GetLength(1)).Select(n => right[v, n] != 0).ToArray())];
    }
}
