namespace Patchbay.Experiments;

/// <summary>
/// Sources' z at the group's position, the group's heads only. Sources are drawn from the lines of a few scenes: made
/// all at once, what they have in common is computed once.
/// </summary>
internal sealed class DcmSources : IDisposable
{
    private const long BytesAtOnce = 64 << 20; // of z while all heads are still there

    private readonly Decoder model;
    private readonly Dictionary<DcmTriple, int> places = [];
    private readonly Tensor?[] heads, z; // by layer: which of its heads are in the group, (h); (N, h, dh)

    /// <summary>Runs the sources of triples.</summary>
    public DcmSources(Decoder model, IReadOnlyList<Head> group, IEnumerable<DcmTriple> triples)
    {
        this.model = model;
        var layers = group.Count == 0 ? 0 : group.Max(h => h.Layer) + 1;
        (heads, z) = (new Tensor?[layers], new Tensor?[layers]);
        if (layers == 0) return;
        foreach (var triple in triples) places.TryAdd(triple, places.Count);
        using var scope = NewDisposeScope();
        foreach (var layer in group.GroupBy(h => h.Layer))
        {
            heads[layer.Key] = model.Index(layer.Select(h => h.Index)).DetachFromDisposeScope();
            z[layer.Key] = empty([places.Count, layer.Count(), model.Config.HeadWidth], dtype: model.Dtype,
                device: model.Device)
                .DetachFromDisposeScope();
        }
        var perTriple = (long)layers * model.Config.Heads * model.Config.HeadWidth * model.ElementSize;
        var ordered = places.Keys.Order(Comparer<DcmTriple>.Create((a, b) => a.Source.AsSpan()
            .SequenceCompareTo(b.Source))).ToArray();
        foreach (var some in ordered.Chunk((int)Math.Clamp(BytesAtOnce / perTriple, 1, ordered.Length))) Capture(some);
    }

    /// <summary>z by layer, (N, H, dh), up to the group's highest; zero of heads that are not in the group.</summary>
    public Tensor[] SourceZ(IReadOnlyList<DcmTriple> triples)
    {
        if (z.Length == 0) return [];
        using var scope = NewDisposeScope();
        var rows = model.Index(triples.Select(t => places[t]));
        return [.. z.Select((kept, l) =>
        {
            var all = zeros([triples.Count, model.Config.Heads, model.Config.HeadWidth], dtype: model.Dtype,
                device: model.Device);
            if (kept is not null) all.index_copy_(1, heads[l]!, kept.index_select(0, rows));
            return all.MoveToOuterDisposeScope();
        })];
    }

    private void Capture(DcmTriple[] some)
    {
        // What comes after the position, or above the group, is not run.
        var prompts = new PaddedPrompts([.. some.Select(t => t.Source[..(t.SourcePosition + 1)])]);
        var captured = BaseRun.CaptureZ(model, prompts, [[.. some.Select(t => t.SourcePosition)]], z.Length)[0];
        using var scope = NewDisposeScope();
        var rows = model.Index(some.Select(t => places[t]));
        for (var l = 0; l < z.Length; l++)
        {
            z[l]?.index_copy_(0, rows, captured[l].index_select(1, heads[l]!));
            captured[l].Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var t in heads.Concat(z)) t?.Dispose();
    }
}
