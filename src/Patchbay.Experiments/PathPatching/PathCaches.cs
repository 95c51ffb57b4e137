namespace Patchbay.Experiments;

/// <summary>One batch of prompts made ready: the evaluator on its base run, and the counterfactuals' z where senders
/// need it.</summary>
internal sealed class PathBatch : IDisposable
{
    /// <summary>Evaluates variants of the clean prompts.</summary>
    public required IVariantEvaluator Evaluator { get; init; }

    /// <summary>Positions of each name in the clean prompts.</summary>
    public required IReadOnlyDictionary<string, Positions> Positions { get; init; }

    /// <summary>Counterfactual z by position name and layer: (N, H, dh).</summary>
    public required IReadOnlyDictionary<string, Tensor[]> Z { get; init; }

    /// <summary>Probability of the answer (the sum over all right ones), of rows of logits.</summary>
    public required Metric AnswerProbability { get; init; }

    /// <summary>That probability in the clean run, per prompt.</summary>
    public required double[] Clean { get; init; }

    /// <summary>Last position of each prompt: where holding ends.</summary>
    public Positions End => Evaluator.Prompts.Last;

    /// <summary>Bytes that recorded projections may take.</summary>
    public required long ReadingBytes { get; init; }

    /// <summary>The counterfactual z of a sender: (N, dh).</summary>
    public Tensor CounterfactualZ(string position, Head sender) => Z[position][sender.Layer].select(1, sender.Index);

    /// <summary>Senders evaluated together: as many as their receivers' projections fit the memory for, and no more
    /// than make large products (4096 rows of one position a prompt), so that progress is seen and an interruption
    /// heard.</summary>
    public int SendersAtOnce(int receivers)
    {
        var z = Z.Values.First()[0];
        var each = Math.Max(1, receivers) * z.shape[0] * z.shape[2] * z.ElementSize;
        return (int)Math.Clamp(ReadingBytes / each, 1, Math.Max(1, 4096 / z.shape[0]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Evaluator.Dispose();
        foreach (var z in Z.Values.SelectMany(layers => layers)) z.Dispose();
    }
}

/// <summary>
/// Base runs and counterfactual activations for path patching. Where all prompts fit the memory budget they are made
/// once; otherwise batch after batch, anew for each piece.
/// </summary>
internal sealed class PathCaches : IDisposable
{
    private readonly Llama model;
    private readonly string[] names;
    private readonly int from; // first position at which any variant differs
    private readonly bool reference;
    private readonly BaseRuns<PathBatch> runs;

    /// <summary>Plans memory; runs nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="groups">All groups that will be asked for.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="reference">Whether whole forward passes are run in place of the cone.</param>
    public PathCaches(Llama model, PromptSet prompts, IReadOnlyList<PathGroup> groups, long? memoryBytes,
        bool reference = false)
    {
        (this.model, this.reference) = (model, reference);
        names = [.. groups.Select(g => g.Position).Distinct()];
        from = names.Min(name => prompts.CleanPositions(name).Min());
        runs = new(model, prompts, from, names.Length, memoryBytes, Make);
    }

    /// <summary>Number of batches.</summary>
    public int BatchCount => runs.Batches.Count;

    /// <summary>A batch, made ready; the one open before is freed.</summary>
    public PathBatch Open(int index) => runs.Open(index);

    /// <inheritdoc/>
    public void Dispose() => runs.Dispose();

    private PathBatch Make(BatchPrompts part, MemoryPlan plan)
    {
        var counterfactual = new PaddedPrompts([.. part.Prompts.Select(p => p.Counterfactual.Ids)]);
        var z = BaseRun.CaptureZ(model, counterfactual, [.. names.Select(part.Set.CounterfactualPositions)]);
        IVariantEvaluator evaluator = reference
            ? new ReferenceEvaluator(model, part.Clean)
            : new ConeEvaluator(BaseRun.Create(model, part.Clean, from), plan.ChunkBytes * 3 / 4);
        var metric = Answers.Probability(part.Prompts);
        return new PathBatch
        {
            Evaluator = evaluator,
            AnswerProbability = metric,
            Clean = evaluator.BaseMetric(metric),
            ReadingBytes = plan.ChunkBytes / 4,
            Positions = names.ToDictionary(name => name, part.At),
            Z = names.Zip(z).ToDictionary(pair => pair.First, pair => pair.Second),
        };
    }
}
