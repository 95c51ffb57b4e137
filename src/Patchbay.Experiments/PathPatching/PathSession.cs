namespace Patchbay.Experiments;

/// <summary>One head's score.</summary>
/// <param name="Head">Which.</param>
/// <param name="Score">Mean over prompts of (p_patched - p_clean) / p_clean.</param>
/// <param name="LeftOut">Indices of the prompts that have no such change and are left out of the mean.</param>
public readonly record struct HeadScore(Head Head, Estimate Score, IReadOnlyList<int> LeftOut)
{
    /// <summary>The mean over those prompts alone that the model answers right; null where there are none, or where
    /// that was not asked.</summary>
    public Estimate? OfRight { get; init; }

    /// <summary>The median over prompts.</summary>
    public Estimate? Median { get; init; }

    /// <summary>A head's score of its changes, prompt by prompt.</summary>
    /// <exception cref="InvalidDataException">No prompt has a change.</exception>
    internal static HeadScore Of(Head head, double[] changes, PromptSet prompts, IReadOnlyList<bool>? isRight = null)
    {
        var (mean, leftOut) = RelativeChange.Mean(changes, prompts);
        if (isRight is null) return new(head, mean, leftOut);
        double[] right = [.. changes.Where((change, n) => isRight[n] && double.IsFinite(change))];
        return new(head, mean, leftOut)
        {
            OfRight = right.Length == 0 ? null : Estimate.Mean(right),
            Median = Estimate.Median([.. changes.Where(double.IsFinite)]),
        };
    }
}

/// <summary>
/// Path patching (<see cref="PathPatching"/>) in pieces of one layer, in any order. Base runs and counterfactual
/// activations are made when the first piece needs them: once where all prompts fit the memory budget, otherwise batch
/// after batch, anew for each piece. What a piece gives does not depend on the pieces before it.
/// </summary>
public sealed class PathSession : IDisposable
{
    private readonly Decoder model;
    private readonly PromptSet prompts;
    private readonly string[] names;
    private readonly int from; // first position at which any variant differs
    private readonly bool reference;
    private readonly BaseRuns<PathBatch> runs;

    /// <summary>Plans memory; runs nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts, all those that a score is the mean of.</param>
    /// <param name="groups">All groups that will be asked for: base runs keep what they need together.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="reference">Whether whole forward passes are run in place of the cone.</param>
    /// <exception cref="InvalidDataException">A prompt, group or the memory does not fit.</exception>
    public PathSession(Decoder model, PromptSet prompts, IReadOnlyList<PathGroup> groups, long? memoryBytes,
        bool reference = false)
    {
        (this.model, this.prompts, this.reference) = (model, prompts, reference);
        names = [.. groups.Select(g => g.Position).Distinct()];
        from = names.Min(name => prompts.CleanPositions(name).Min());
        runs = new(model, prompts, from, names.Length, memoryBytes, Make);
    }

    internal int BatchCount => runs.Batches.Count;

    /// <summary>A batch, made ready; the one open before is freed.</summary>
    internal PathBatch Open(int index) => runs.Open(index);

    /// <summary>Scores all heads of one layer.</summary>
    /// <param name="group">The group.</param>
    /// <param name="receivers">The heads that its paths end in; empty for the logits.</param>
    /// <param name="layer">The senders' layer.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each chunk of senders.</param>
    /// <exception cref="InvalidDataException">A receiver does not exist, or no prompt has a score.</exception>
    public IReadOnlyList<HeadScore> ScoreLayer(PathGroup group, IReadOnlyList<Head> receivers, int layer,
        Action<double>? progress = null,
        CancellationToken cancel = default)
    {
        PathPatching.Check(receivers, model.Config);
        Head[] senders = [.. Enumerable.Range(0, model.Config.Heads).Select(h => new Head(layer, h))];
        var effects = new List<double[,]>(); // (senders, prompts of one batch)
        var right = new List<bool>();
        for (var b = 0; b < BatchCount; b++)
        {
            cancel.ThrowIfCancellationRequested();
            var batch = b;
            effects.Add(PathPatching.Effects(Open(b), group, receivers, senders, part =>
                progress?.Invoke((batch + part) / BatchCount), cancel));
            right.AddRange(Open(b).IsRight);
        }
        return [.. senders.Select((head, s) => HeadScore.Of(head,
            [.. effects.SelectMany(e => Enumerable.Range(0, e.GetLength(1)).Select(n => e[s, n]))], prompts, right))];
    }

    /// <summary>Frees base runs and activations.</summary>
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
            IsRight = [.. evaluator.BaseMetric(Answers.Right(part.Prompts)).Select(r => r != 0)],
            ReadingBytes = plan.ChunkBytes / 4,
            Positions = names.ToDictionary(name => name, part.At),
            Z = names.Zip(z).ToDictionary(pair => pair.First, pair => pair.Second),
        };
    }
}
