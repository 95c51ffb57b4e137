namespace Patchbay.Experiments;

/// <summary>A head at a named position.</summary>
/// <param name="Position">The position's name.</param>
/// <param name="Head">Which.</param>
public readonly record struct PlacedHead(string Position, Head Head);

/// <summary>Activation patching: z of heads at named positions of prompts is taken from their counterfactuals, and
/// everything after runs freely.</summary>
public static class HeadPatching
{
    /// <summary>Whether the most probable token is the prompt's answer: one row per set of heads.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pairs">Prompts with counterfactuals, each with the named positions.</param>
    /// <param name="sets">Sets of heads with their positions; an empty one patches nothing.</param>
    /// <param name="memoryBytes">Memory to stay within, or null for what is free.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked often.</param>
    public static bool[][] Answered(Decoder model, PromptSet pairs, IReadOnlyList<IReadOnlyList<PlacedHead>> sets,
        long? memoryBytes,
        Action<double>? progress = null, CancellationToken cancel = default)
    {
        using var batches = Batches(model, pairs, sets, memoryBytes);
        return new PlannedVariants(batches, batch => Variants(model, batch, sets)).Answered(progress, cancel);
    }

    /// <summary>The relative change (p_patched - p_clean) / p_clean of the answer's probability: one row per set of
    /// heads; NaN where p_clean is 0.</summary>
    /// <inheritdoc cref="Answered"/>
    public static double[][] Changes(Decoder model, PromptSet pairs, IReadOnlyList<IReadOnlyList<PlacedHead>> sets,
        long? memoryBytes,
        Action<double>? progress = null, CancellationToken cancel = default)
    {
        using var batches = Batches(model, pairs, sets, memoryBytes);
        var p = batches.Evaluate(batch => Variants(model, batch, [[], .. sets]), Answers.Probability, progress, cancel);
        return [.. Enumerable.Range(1, sets.Count).Select(v => Enumerable.Range(0, pairs.Count)
            .Select(n => p[0, n] > 0 ? p[v, n] / p[0, n] - 1 : double.NaN).ToArray())];
    }

    private static PromptBatches Batches(Decoder model, PromptSet pairs, IReadOnlyList<IReadOnlyList<PlacedHead>> sets,
        long? memoryBytes)
    {
        var from = sets.SelectMany(s => s).Select(h => h.Position).Append(PositionNames.Last).Distinct()
            .Min(name => pairs.CleanPositions(name).Min());
        return new(model, pairs, from, memoryBytes, batch => BaseRun.Create(model, batch.Clean, from));
    }

    internal static Variant[] Variants(Decoder model, BatchPrompts batch, IReadOnlyList<IReadOnlyList<PlacedHead>> sets)
    {
        string[] names = [.. sets.SelectMany(s => s).Select(h => h.Position).Distinct()];
        if (names.Length == 0) return [.. sets.Select(_ => new Variant())];
        var pairs = new PromptSet(batch.Prompts);
        var z = BaseRun.CaptureZ(model, new([.. batch.Prompts.Select(p => p.Counterfactual.Ids)]),
            [.. names.Select(pairs.CounterfactualPositions)])
            .Select(layers => layers.Select(InScope).ToArray()).ToArray();
        return [.. sets.Select(set => new Variant
        {
            Edits = [.. set.Distinct().Select(h => new HeadEdit(Site.Z, h.Head, batch.At(h.Position),
                z[Array.IndexOf(names, h.Position)][h.Head.Layer].select(1, h.Head.Index)))],
        })];
    }

    /// <summary>Hands a tensor that its caller would have to free to the scope that is open.</summary>
    private static Tensor InScope(Tensor own)
    {
        using (own) return own.alias();
    }
}
