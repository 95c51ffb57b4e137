#if TORCH
using Patchbay.Experiments;
using Patchbay.Models;

namespace Patchbay.Tests;

/// <summary>How a test path-patches.</summary>
public sealed record PathRunOptions
{
    public IReadOnlyList<string> Groups { get; init; } = ["A", "B", "C", "D"];

    /// <summary>Heads of each group that the next one's paths end in; the last number holds for all further
    /// groups.</summary>
    public IReadOnlyList<int> TopK { get; init; } = [20, 5, 10, 5];

    public IReadOnlyList<Head>? Receivers { get; init; }

    public long? MemoryBytes { get; init; }

    public bool Reference { get; init; }
}

/// <summary>Path patching of all layers and groups in one go, as a sweep does it in units.</summary>
public static class PathRuns
{
    public static IReadOnlyList<PathScores> Run(
        Decoder model, PromptSet prompts, PathChain chain, PathRunOptions options,
        CancellationToken cancel = default)
    {
        var groups = chain.Select(options.Groups, options.Receivers is not null);
        using var session = new PathSession(model, prompts, groups, options.MemoryBytes, options.Reference);
        var found = new Dictionary<string, PathScores>();
        foreach (var group in groups)
        {
            var index = chain.Groups.TakeWhile(g => g.Name != group.ReceiversFrom).Count();
            IReadOnlyList<Head> receivers = group.ReceiversFrom is not { } from ? []
                : options.Receivers ?? found[from].Top(options.TopK[Math.Min(index, options.TopK.Count - 1)]);
            found[group.Name] = Scores(model, session, group, receivers, cancel);
        }
        return [.. options.Groups.Select(g => found[g])];
    }

    private static PathScores Scores(Decoder model, PathSession session, PathGroup group, IReadOnlyList<Head> receivers,
        CancellationToken cancel)
    {
        var (layers, heads) = (model.Config.Layers, model.Config.Heads);
        var scores = new PathScores(group, receivers, new double[layers, heads], new double[layers, heads],
            new double[layers, heads]);
        for (var layer = 0; layer < layers; layer++)
        {
            foreach (var (head, score, _) in session.ScoreLayer(group, receivers, layer, cancel: cancel))
            {
                scores.Scores[layer, head.Index] = score.Value;
                scores.StandardErrors[layer, head.Index] = score.Error;
                scores.Samples[layer, head.Index] = score.Samples;
            }
        }
        return scores;
    }

    /// <summary>Attribution patching's scores as matrices.</summary>
    public static PathScores Attribution(
        Decoder model, PromptSet prompts, PathGroup group, IReadOnlyList<Head> receivers,
        int steps,
        long? memoryBytes = null, CancellationToken cancel = default)
    {
        var (layers, heads) = (model.Config.Layers, model.Config.Heads);
        var scores = new PathScores(group, receivers, new double[layers, heads], new double[layers, heads],
            new double[layers, heads]);
        foreach (var (head, score, _) in AttributionPatching.Scores(model, prompts, group, receivers, steps, null,
            memoryBytes, cancel))
            (scores.Scores[head.Layer, head.Index], scores.StandardErrors[head.Layer, head.Index]) = (score.Value,
                score.Error);
        return scores;
    }

    /// <summary>How many prompts a model answers.</summary>
    public static Proportion Accuracy(Decoder model, PromptSet prompts) =>
        TaskAccuracy.Ask(model, prompts).Right is var right ? new(right.Count(r => r), right.Length) : default;
}
#endif
