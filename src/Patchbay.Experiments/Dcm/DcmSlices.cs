namespace Patchbay.Experiments;

/// <summary>Training triples by batch, made ready slice by slice: kept from epoch to epoch as far as memory goes, the
/// others made anew. A slice is as much of a batch as its graph fits the memory for, and by the cone of about the same
/// number of rows each (at most 15 % padding).</summary>
internal sealed class DcmSlices : IDisposable
{
    private readonly Decoder model;
    private readonly IReadOnlyList<Head> group;
    private readonly DcmSources? sources;
    private readonly int room;
    private readonly DcmTriple[][][] slices; // by batch
    private readonly Dictionary<(int Batch, int Slice), DcmSlice> kept = [];
    private int keptTriples;

    public DcmSlices(Decoder model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> triples, DcmSources? sources,
        DcmOptions options)
    {
        (this.model, this.group, this.sources) = (model, group, sources);
        Batches = [.. triples.Chunk(options.Batch)];
        var plan = DcmEvaluation.Memory(model, triples, options);
        var tokens = triples.Max(t => t.Base.Length);
        var (depth, layers) = sources is null ? (tokens, model.Config.Layers)
            : (triples.Max(t => t.Base.Length - t.BasePosition), model.Config.Layers - group.Min(h => h.Layer));
        var graph = GradientCone.Bytes(model.Config, model.ElementSize, tokens, depth, layers);
        var size = (int)Math.Clamp(plan.ChunkBytes / graph, 1, Math.Min(options.Batch, plan.PromptsPerBatch));
        slices = [.. Batches.Select(batch => (sources is null ? batch.Chunk(size) : Alike(batch, size)).ToArray())];
        // one slice is under way
        room = plan.PromptsPerBatch >= triples.Count ? triples.Count : plan.PromptsPerBatch - size;
    }

    /// <summary>The batches, in order.</summary>
    public IReadOnlyList<DcmTriple[]> Batches { get; }

    /// <summary>The slices of a batch, each valid until the next is asked for.</summary>
    public IEnumerable<DcmSlice> InBatch(int batch)
    {
        foreach (var (i, triples) in slices[batch].Index())
        {
            if (kept.TryGetValue((batch, i), out var slice))
            {
                yield return slice;
                continue;
            }
            slice = sources is null ? new DcmWholeSlice(model, group, triples)
                : new DcmConeSlice(model, group, triples, sources);
            var keep = keptTriples + triples.Length <= room;
            if (keep) kept[(batch, i)] = slice;
            if (keep) keptTriples += triples.Length;
            yield return slice;
            if (!keep) slice.Dispose();
        }
    }

    private static IEnumerable<DcmTriple[]> Alike(DcmTriple[] batch, int size)
    {
        static int Depth(DcmTriple t) => t.Base.Length - t.BasePosition;
        var sorted = batch.OrderByDescending(Depth).ToArray();
        for (int first = 0, next; first < sorted.Length; first = next)
        {
            next = first;
            while (next < sorted.Length && next - first < size
                && Depth(sorted[next]) >= 0.85 * Depth(sorted[first])) next++;
            yield return sorted[first..next];
        }
    }

    public void Dispose()
    {
        foreach (var slice in kept.Values) slice.Dispose();
    }
}
