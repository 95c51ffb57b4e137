using System.Diagnostics;
using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments;

/// <summary>How to run path patching.</summary>
public sealed record PathPatchingOptions
{
    /// <summary>Groups wanted, by name.</summary>
    public IReadOnlyList<string> Groups { get; init; } = ["A", "B", "C", "D"];

    /// <summary>How many of each group's most negative heads become the next group's receivers, in the chain's order; the last
    /// number holds for all further groups.</summary>
    public IReadOnlyList<int> TopK { get; init; } = [20, 5, 10, 5];

    /// <summary>Receivers of every group that has any, in place of the strongest heads of the group before it.</summary>
    public IReadOnlyList<Head>? Receivers { get; init; }

    /// <summary>Resident memory to stay within, in bytes, or null for what is free.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Evaluate with whole forward passes (<see cref="ReferenceEvaluator"/>) in place of the cone.</summary>
    public bool Reference { get; init; }

    /// <summary>Senders scored, or null for all heads (a benchmark takes a few of the reference's).</summary>
    public Func<Head, bool>? Senders { get; init; }
}

/// <summary>All that path patching found.</summary>
/// <param name="Groups">Scores per group.</param>
/// <param name="CleanProbability">Probability of the answer at the last token, per prompt.</param>
/// <param name="Correct">Whether the answer is the most probable of all tokens, per prompt.</param>
/// <param name="Seconds">Time taken in all.</param>
/// <param name="CacheSeconds">Of which base runs and counterfactual activations.</param>
/// <param name="Batches">Batches the prompts were run in.</param>
public sealed record PathPatchingResult(IReadOnlyList<PathScores> Groups, double[] CleanProbability, bool[] Correct, double Seconds,
    double CacheSeconds, int Batches);

/// <summary>How far path patching is.</summary>
/// <param name="Group">Group under way.</param>
/// <param name="Fraction">Share of all senders of all groups and batches that is done.</param>
public readonly record struct PathPatchingProgress(string Group, double Fraction);

/// <summary>
/// Path patching (Wang et al. 2022; here as Prakash et al. 2024, appendix): how much the probability of the correct answer
/// changes when one head's output at one position is taken from a counterfactual prompt, but only through given receivers.
///
/// One intervention for sender (l, h), sender position P, receivers R with composition c in {q, k, v}:
/// 1. clean and counterfactual prompts run, z kept;
/// 2. clean again with z[l] at (P, h) from the counterfactual, every other head's z at positions >= P held at its clean value,
///    MLPs recomputed; each receiver's c-projection at P is recorded;
/// 3. without receivers step 2's output is the patched one; otherwise clean once more, nothing held, only the receivers'
///    c-projection at P replaced by what was recorded.
/// The score is the mean over prompts of (p_patched - p_clean) / p_clean; strongly negative means important. Senders at or
/// above every receiver's layer score exactly 0.
/// </summary>
public static class PathPatching
{
    /// <summary>Scores every head of a model in each group asked for.</summary>
    /// <exception cref="InvalidDataException">A prompt, group or the memory budget does not fit.</exception>
    public static PathPatchingResult Run(Llama model, PromptSet prompts, PathChain chain, PathPatchingOptions options,
        IProgress<PathPatchingProgress>? progress = null, CancellationToken cancel = default)
    {
        prompts.CheckVocabulary(model.Config.Vocabulary);
        var clock = Stopwatch.StartNew();
        var groups = chain.Select(options.Groups, options.Receivers is not null);
        using var caches = new PathCaches(model, prompts, groups, options);
        var found = new Dictionary<string, PathScores>();
        var senders = Senders(model.Config, options);
        foreach (var group in groups)
        {
            var started = clock.Elapsed.TotalSeconds;
            var receivers = ReceiversOf(group, found, chain, options);
            Check(receivers, model.Config);
            var effects = new List<double[,]>(); // (senders, prompts of one batch)
            for (var b = 0; b < caches.BatchCount; b++)
            {
                var before = found.Count * caches.BatchCount + b;
                void Report(double part) => progress?.Report(new(group.Name, (before + part) / (groups.Count * caches.BatchCount)));
                Report(0);
                cancel.ThrowIfCancellationRequested();
                effects.Add(Effects(caches.Open(b), group, receivers, senders, Report, cancel));
            }
            found[group.Name] = Scores(group, receivers, model.Config, senders, effects,
                clock.Elapsed.TotalSeconds - started);
        }
        progress?.Report(new(groups[^1].Name, 1));
        return new PathPatchingResult([.. options.Groups.Select(g => found[g])], caches.CleanProbability, caches.Correct,
            clock.Elapsed.TotalSeconds, caches.Seconds, caches.BatchCount);
    }

    /// <summary>Relative change of the answer's probability by [sender, prompt of the batch].</summary>
    internal static double[,] Effects(PathBatch batch, PathGroup group, IReadOnlyList<Head> receivers, IReadOnlyList<Head> senders,
        Action<double>? progress = null, CancellationToken cancel = default)
    {
        using var scope = NewDisposeScope();
        var effects = new double[senders.Count, batch.Evaluator.Prompts.Count];
        var reach = receivers.Count == 0 ? int.MaxValue : receivers.Max(r => r.Layer);
        var able = Enumerable.Range(0, senders.Count).Where(s => senders[s].Layer < reach).ToArray();
        foreach (var some in able.Chunk(batch.SendersAtOnce(receivers.Count)))
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var patched = some.Select(s => Sent(batch, group, senders[s])).ToArray();
            if (receivers.Count > 0) patched = Received(batch, group, receivers, patched);
            var p = batch.Evaluator.Evaluate(patched, batch.AnswerProbability);
            for (var i = 0; i < some.Length; i++)
                for (var n = 0; n < batch.Clean.Length; n++)
                    effects[some[i], n] = (p[i, n] - batch.Clean[n]) / batch.Clean[n];
            progress?.Invoke((Array.IndexOf(able, some[^1]) + 1.0) / able.Length);
        }
        return effects;
    }

    /// <summary>Step 2: the sender's z from the counterfactual, all else from P on held.</summary>
    private static Variant Sent(PathBatch batch, PathGroup group, Head sender)
    {
        var at = batch.Positions[group.Position];
        return new Variant
        {
            Edits = [new HeadEdit(Site.Z, sender, at, batch.CounterfactualZ(group.Position, sender))],
            Holds = [new Hold(at, batch.End)],
        };
    }

    /// <summary>Step 3: each receiver's projection at P replaced by what it is in step 2.</summary>
    private static Variant[] Received(PathBatch batch, PathGroup group, IReadOnlyList<Head> receivers, Variant[] sent)
    {
        var at = batch.Positions[group.Position];
        var readings = batch.Evaluator.Read(sent, [.. receivers.Select(r => new Probe(group.Composition, r, at))]);
        return
        [
            .. sent.Select((variant, s) => new Variant
            {
                Edits =
                [
                    .. receivers.Index().Where(r => r.Item.Layer > variant.FirstLayer)
                        .Select(r => new HeadEdit(group.Composition, r.Item, at, readings[r.Index].select(0, s))),
                ],
            }),
        ];
    }

    private static IReadOnlyList<Head> ReceiversOf(PathGroup group, Dictionary<string, PathScores> found, PathChain chain,
        PathPatchingOptions options)
    {
        if (group.ReceiversFrom is not { } from) return [];
        if (options.Receivers is { } given) return given;
        var index = chain.Groups.TakeWhile(g => g.Name != from).Count();
        return found[from].Top(options.TopK[Math.Min(index, options.TopK.Count - 1)]);
    }

    internal static void Check(IReadOnlyList<Head> receivers, LlamaConfig config)
    {
        foreach (var r in receivers)
        {
            if (r.Layer >= config.Layers || r.Index >= config.Heads)
                throw new InvalidDataException($"receiver {r} does not exist: the model has {config.Layers} layers of {config.Heads} heads");
        }
    }

    private static Head[] Senders(LlamaConfig config, PathPatchingOptions options) =>
    [
        .. from layer in Enumerable.Range(0, config.Layers)
           from head in Enumerable.Range(0, config.Heads)
           let sender = new Head(layer, head)
           where options.Senders?.Invoke(sender) ?? true
           select sender,
    ];

    private static PathScores Scores(PathGroup group, IReadOnlyList<Head> receivers, LlamaConfig config, Head[] senders,
        List<double[,]> effects, double seconds)
    {
        var mean = new double[config.Layers, config.Heads];
        var error = new double[config.Layers, config.Heads];
        for (var s = 0; s < senders.Length; s++)
        {
            var (layer, head) = senders[s];
            (mean[layer, head], error[layer, head]) = MeanAndError([.. effects.SelectMany(e => Enumerable.Range(0, e.GetLength(1))
                .Select(n => e[s, n]))]);
        }
        return new PathScores(group, receivers, mean, error, seconds);
    }

    /// <summary>Mean of some values and its standard error, NaN of fewer than two.</summary>
    internal static (double Mean, double Error) MeanAndError(double[] values)
    {
        var mean = values.Average();
        var squares = values.Sum(v => (v - mean) * (v - mean));
        return (mean, values.Length < 2 ? double.NaN : Math.Sqrt(squares / (values.Length - 1) / values.Length));
    }
}
