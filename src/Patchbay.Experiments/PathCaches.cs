using System.Diagnostics;
using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Experiments;

/// <summary>One batch of prompts made ready: the evaluator on its base run, and the counterfactuals' z where senders need it.</summary>
internal sealed class PathBatch : IDisposable
{
    /// <summary>Evaluates variants of the clean prompts.</summary>
    public required IVariantEvaluator Evaluator { get; init; }

    /// <summary>Positions of each name in the clean prompts.</summary>
    public required IReadOnlyDictionary<string, int[]> Positions { get; init; }

    /// <summary>Counterfactual z by position name and layer: (N, H, dh).</summary>
    public required IReadOnlyDictionary<string, Tensor[]> Z { get; init; }

    /// <summary>Probability of the answer (the sum over all right ones), of rows of logits.</summary>
    public required Metric AnswerProbability { get; init; }

    /// <summary>That probability in the clean run, per prompt.</summary>
    public required double[] Clean { get; init; }

    /// <summary>Last position of each prompt: where holding ends.</summary>
    public int[] End => Evaluator.Prompts.Last;

    /// <summary>Bytes that recorded projections may take.</summary>
    public required long ReadingBytes { get; init; }

    /// <summary>The counterfactual z of a sender: (N, dh).</summary>
    public Tensor CounterfactualZ(string position, Head sender) => Z[position][sender.Layer].select(1, sender.Index);

    /// <summary>Senders evaluated together: as many as their receivers' projections fit the memory for, and no more than make large
    /// products (4096 rows of one position a prompt), so that progress is seen and an interruption heard.</summary>
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
/// Base runs and counterfactual activations for path patching. Where all prompts fit the memory budget they are made once;
/// otherwise batch after batch, anew for each group.
/// </summary>
internal sealed class PathCaches : IDisposable
{
    private readonly Llama model;
    private readonly string[] names;
    private readonly bool reference;
    private readonly BaseRuns<PathBatch> runs;

    public PathCaches(Llama model, PromptSet prompts, IReadOnlyList<PathGroup> groups, PathPatchingOptions options)
    {
        (this.model, reference) = (model, options.Reference);
        names = [.. groups.Select(g => g.Position).Distinct()];
        From = names.Min(name => prompts.CleanPositions(name).Min());
        runs = new(model, prompts, From, names.Length, options.MemoryBytes, Make);
        CleanProbability = new double[prompts.Count];
        Correct = new bool[prompts.Count];
    }

    /// <summary>First position at which any variant differs.</summary>
    public int From { get; }

    /// <summary>Number of batches.</summary>
    public int BatchCount => runs.Batches.Count;

    /// <summary>Probability of the answer in the clean run, filled batch by batch.</summary>
    public double[] CleanProbability { get; }

    /// <summary>Whether the most probable token is an answer, filled batch by batch.</summary>
    public bool[] Correct { get; }

    /// <summary>Seconds spent on caches so far.</summary>
    public double Seconds { get; private set; }

    /// <summary>A batch, made ready; the one open before is freed.</summary>
    public PathBatch Open(int index)
    {
        var clock = Stopwatch.StartNew();
        var batch = runs.Open(index);
        Seconds += clock.Elapsed.TotalSeconds;
        return batch;
    }

    public void Dispose() => runs.Dispose();

    private PathBatch Make(BatchPrompts part, MemoryPlan plan)
    {
        var counterfactual = new PaddedPrompts([.. part.Prompts.Select(p => p.Counterfactual.Ids)]);
        var z = BaseRun.CaptureZ(model, counterfactual, [.. names.Select(part.Set.CounterfactualPositions)]);
        IVariantEvaluator evaluator = reference
            ? new ReferenceEvaluator(model, part.Clean)
            : new ConeEvaluator(BaseRun.Create(model, part.Clean, From), plan.ChunkBytes * 3 / 4);
        var metric = Answers.Probability(part.Prompts);
        var probability = evaluator.BaseMetric(metric);
        var best = evaluator.BaseMetric((logits, _) => logits.argmax(-1));
        for (var n = 0; n < part.Prompts.Count; n++)
        {
            CleanProbability[part.First + n] = probability[n];
            Correct[part.First + n] = part.Prompts[n].Answers.Contains((int)best[n]);
        }
        return new PathBatch
        {
            Evaluator = evaluator,
            AnswerProbability = metric,
            Clean = probability,
            ReadingBytes = plan.ChunkBytes / 4,
            Positions = names.ToDictionary(name => name, part.At),
            Z = names.Zip(z).ToDictionary(pair => pair.First, pair => pair.Second),
        };
    }
}
