namespace Patchbay.Experiments;

/// <summary>One head's score.</summary>
/// <param name="Head">Which.</param>
/// <param name="Score">Mean over prompts of (p_patched - p_clean) / p_clean.</param>
public readonly record struct HeadScore(Head Head, Estimate Score);

/// <summary>
/// Path patching (<see cref="PathPatching"/>) in pieces of one layer, in any order: base runs and counterfactual
/// activations are made once, when the first piece needs them. What a piece gives does not depend on the pieces before
/// it.
/// </summary>
public sealed class PathSession : IDisposable
{
    private readonly Llama model;
    private readonly PathCaches caches;

    /// <summary>Plans memory; runs nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts, all those that a score is the mean of.</param>
    /// <param name="groups">All groups that will be asked for: base runs keep what they need together.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="reference">Whether whole forward passes are run in place of the cone.</param>
    /// <exception cref="InvalidDataException">A prompt, group or the memory does not fit.</exception>
    public PathSession(Llama model, PromptSet prompts, IReadOnlyList<PathGroup> groups, long? memoryBytes,
        bool reference = false)
    {
        prompts.CheckVocabulary(model.Config.Vocabulary);
        this.model = model;
        caches = new PathCaches(model, prompts, groups, memoryBytes, reference);
    }

    /// <summary>Scores all heads of one layer.</summary>
    /// <param name="group">The group.</param>
    /// <param name="receivers">The heads that its paths end in; empty for the logits.</param>
    /// <param name="layer">The senders' layer.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each chunk of senders.</param>
    public IReadOnlyList<HeadScore> ScoreLayer(PathGroup group, IReadOnlyList<Head> receivers, int layer,
        Action<double>? progress = null,
        CancellationToken cancel = default)
    {
        PathPatching.Check(receivers, model.Config);
        Head[] senders = [.. Enumerable.Range(0, model.Config.Heads).Select(h => new Head(layer, h))];
        var effects = new List<double[,]>(); // (senders, prompts of one batch)
        for (var b = 0; b < caches.BatchCount; b++)
        {
            cancel.ThrowIfCancellationRequested();
            var batch = b;
            effects.Add(PathPatching.Effects(caches.Open(b), group, receivers, senders, part =>
                progress?.Invoke((batch + part) / caches.BatchCount), cancel));
        }
        return [.. senders.Select((head, s) => new HeadScore(head,
            Estimate.Mean([.. effects.SelectMany(e => Enumerable.Range(0, e.GetLength(1)).Select(n => e[s, n]))])))];
    }

    /// <summary>Frees base runs and activations.</summary>
    public void Dispose() => caches.Dispose();
}
