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

    /// <summary>Whether the clean run answers a prompt.</summary>
    public required bool[] IsRight { get; init; }

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

    public void Dispose()
    {
        Evaluator.Dispose();
        foreach (var z in Z.Values.SelectMany(layers => layers)) z.Dispose();
    }
}
