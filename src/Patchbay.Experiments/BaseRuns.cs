namespace Patchbay.Experiments;

/// <summary>Some prompts of one base run, with their named positions.</summary>
/// <param name="prompts">The prompts.</param>
/// <param name="first">Index of the first among all prompts.</param>
internal sealed class BatchPrompts(IReadOnlyList<Prompt> prompts, int first)
{
    private readonly Dictionary<string, Positions> positions = [];

    public IReadOnlyList<Prompt> Prompts => prompts;

    /// <summary>Index of the first among all prompts.</summary>
    public int First => first;

    /// <summary>The same prompts, and what can be asked of a set.</summary>
    public PromptSet Set { get; } = new(prompts);

    /// <summary>Their tokens.</summary>
    public PaddedPrompts Clean { get; } = new([.. prompts.Select(p => p.Clean.Ids)]);

    /// <summary>A named position of every prompt.</summary>
    /// <exception cref="InvalidDataException">A prompt has none of this name.</exception>
    public Positions At(string name)
    {
        if (!positions.TryGetValue(name, out var at)) positions[name] = at = Set.CleanPositions(name);
        return at;
    }
}

/// <summary>What is made of base runs of many prompts, in as many batches as fit the memory. That of one batch is
/// kept until another's is needed.</summary>
/// <typeparam name="T">What is made of a batch; it owns the base run.</typeparam>
internal sealed class BaseRuns<T> : IDisposable where T : class, IDisposable
{
    private readonly Func<BatchPrompts, MemoryPlan, T> make;
    private readonly MemoryPlan plan;
    private (int Index, T Made)? open;

    /// <summary>Plans memory; runs nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="from">First position at which variants differ.</param>
    /// <param name="captures">Positions at which the counterfactual's z is kept.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="make">Runs a batch.</param>
    /// <exception cref="InvalidDataException">A token or the memory does not fit.</exception>
    public BaseRuns(Decoder model, PromptSet prompts, int from, int captures, long? memoryBytes,
        Func<BatchPrompts, MemoryPlan, T> make)
    {
        prompts.CheckVocabulary(model.Config.Vocabulary);
        this.make = make;
        var tokens = prompts.Prompts.Max(p => p.Clean.Ids.Length);
        plan = MemoryPlan.For(model, prompts.Count, tokens, from, captures, memoryBytes);
        Batches = [.. prompts.Prompts.Chunk(plan.PromptsPerBatch)
            .Select((some, i) => new BatchPrompts(some, i * plan.PromptsPerBatch))];
    }

    /// <summary>The batches, in the order of the prompts.</summary>
    public IReadOnlyList<BatchPrompts> Batches { get; }

    /// <summary>What is made of a batch; that of the batch open before is freed.</summary>
    public T Open(int index)
    {
        if (open?.Index == index) return open.Value.Made;
        Dispose();
        open = (index, make(Batches[index], plan));
        return open.Value.Made;
    }

    public void Dispose()
    {
        open?.Made.Dispose();
        open = null;
    }
}

/// <summary>Evaluates variants over many prompts, in as many base runs as fit the memory; a base run is kept until
/// another is needed.</summary>
internal sealed class PromptBatches : IDisposable
{
    private readonly BaseRuns<ConeEvaluator> runs;

    /// <summary>Plans memory; runs nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="from">First position at which variants differ.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="make">Makes a base run.</param>
    public PromptBatches(Decoder model, PromptSet prompts, int from, long? memoryBytes,
        Func<BatchPrompts, BaseRun> make) =>
        runs = new(model, prompts, from, captures: 0, memoryBytes, (batch, plan) => new(make(batch), plan.ChunkBytes));

    /// <summary>A number for every variant and prompt.</summary>
    /// <param name="variants">The same variants for every batch.</param>
    /// <param name="metric">The number.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each batch.</param>
    public double[,] Evaluate(Func<BatchPrompts, IReadOnlyList<Variant>> variants, Func<IReadOnlyList<Prompt>,
        Metric> metric,
        Action<double>? progress = null, CancellationToken cancel = default)
    {
        double[,]? all = null;
        var done = 0;
        for (var b = 0; b < runs.Batches.Count; b++)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = TorchSharp.torch.NewDisposeScope();
            var batch = runs.Batches[b];
            var some = variants(batch);
            var values = runs.Open(b).Evaluate(some, metric(batch.Prompts));
            all ??= new double[some.Count, runs.Batches.Sum(x => x.Prompts.Count)];
            for (var v = 0; v < some.Count; v++)
                for (var n = 0; n < batch.Prompts.Count; n++) all[v, done + n] = values[v, n];
            done += batch.Prompts.Count;
            progress?.Invoke((b + 1.0) / runs.Batches.Count);
        }
        return all!;
    }

    public void Dispose() => runs.Dispose();
}

/// <summary>Variants, and the batches to evaluate them over.</summary>
/// <param name="Batches">The batches.</param>
/// <param name="Variants">The same variants for every batch.</param>
internal sealed record PlannedVariants(PromptBatches Batches, Func<BatchPrompts, IReadOnlyList<Variant>> Variants)
{
    /// <summary>The most probable token, for every variant and prompt.</summary>
    public int[][] Tokens(Action<double>? progress = null, CancellationToken cancel = default)
    {
        var tokens = Batches.Evaluate(Variants, _ => Answers.Token, progress, cancel);
        return [.. Enumerable.Range(0, tokens.GetLength(0))
            .Select(v => Enumerable.Range(0, tokens.GetLength(1)).Select(n => (int)tokens[v, n]).ToArray())];
    }

    /// <summary>Whether the most probable token is the answer, for every variant and prompt.</summary>
    public bool[][] Answered(Action<double>? progress = null, CancellationToken cancel = default)
    {
        var right = Batches.Evaluate(Variants, Answers.Right, progress, cancel);
        return [.. Enumerable.Range(0, right.GetLength(0))
            .Select(v => Enumerable.Range(0, right.GetLength(1)).Select(n => right[v, n] != 0).ToArray())];
    }
}
