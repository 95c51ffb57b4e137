namespace Patchbay.Experiments;

/// <summary>Which triples a model answers with their target when heads are patched entirely from source to
/// base.</summary>
internal static class DcmEvaluation
{
    private const int AtOnce = 128; // triples whose base run is kept at a time

    /// <summary>Whether the target is the most probable of all tokens, by [set of heads, triple]: all sets ride one
    /// pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="patched">Sets of heads.</param>
    /// <param name="triples">The triples.</param>
    /// <param name="options">Batch, memory, evaluator.</param>
    /// <param name="sources">The sources' z of these heads; null for the reference, which makes its own.</param>
    /// <param name="progress">Told the share done.</param>
    /// <param name="cancel">Asked before each batch.</param>
    public static bool[,] Answered(Decoder model, IReadOnlyList<IReadOnlyList<Head>> patched,
        IReadOnlyList<DcmTriple> triples,
        DcmOptions options, DcmSources? sources, Action<double>? progress, CancellationToken cancel)
    {
        var answered = new bool[patched.Count, triples.Count];
        var plan = Memory(model, triples, options);
        var size = Math.Min(options.Reference ? options.Batch : AtOnce, plan.PromptsPerBatch);
        for (var first = 0; first < triples.Count; first += size)
        {
            cancel.ThrowIfCancellationRequested();
            var some = triples.Skip(first).Take(size).ToArray();
            var best = Best(model, patched, some, sources, plan.ChunkBytes);
            for (var p = 0; p < patched.Count; p++)
                for (var n = 0; n < some.Length; n++) answered[p, first + n] = best[p, n] == some[n].Target;
            progress?.Invoke((first + some.Length) / (double)triples.Count);
        }
        return answered;
    }

    /// <summary>Triples whose base run and sources' z may be kept at a time, and bytes for work on them.</summary>
    public static MemoryPlan Memory(Decoder model, IReadOnlyList<DcmTriple> triples, DcmOptions options) =>
        MemoryPlan.For(model, triples.Count, triples.Max(t => Math.Max(t.Base.Length, t.Source.Length)),
            triples.Min(t => t.BasePosition), captures: 1, options.MemoryBytes);

    /// <summary>Most probable token by [set of heads, triple].</summary>
    private static double[,] Best(Decoder model, IReadOnlyList<IReadOnlyList<Head>> patched, DcmTriple[] triples,
        DcmSources? sources, long chunkBytes)
    {
        using var scope = NewDisposeScope();
        var source = sources?.SourceZ(triples) ?? DcmWholeSlice.WholeSourceZ(model, triples);
        var prompts = new PaddedPrompts([.. triples.Select(t => t.Base)]);
        Positions at = [.. triples.Select(t => t.BasePosition)];
        using IVariantEvaluator evaluator = sources is null
            ? new ReferenceEvaluator(model, prompts)
            : new ConeEvaluator(BaseRun.Create(model, prompts, at.Min()), chunkBytes);
        Variant Patched(IReadOnlyList<Head> heads) =>
            new() { Edits = [.. heads.Select(h => new HeadEdit(Site.Z, h, at, source[h.Layer].select(1, h.Index)))] };
        var best = evaluator.Evaluate([.. patched.Select(Patched)], (logits, _) => logits.argmax(-1));
        foreach (var z in source) z.Dispose();
        return best;
    }
}
