using Patchbay.Models.Kernels;

namespace Patchbay.Patching;

/// <summary>What a base run keeps of one layer; rows are positions From..T-1, prompt by prompt.</summary>
/// <param name="ResidPre">Residual stream before attention: (N·Tr, d).</param>
/// <param name="ResidMid">The same after attention: (N·Tr, d).</param>
/// <param name="Query">After the rotary embedding: (N·Tr, H, dh).</param>
/// <param name="Z">Heads' weighted sums: (N·Tr, H, dh).</param>
/// <param name="KeyT">Keys after the rotary embedding, transposed, padded: (N, Hkv, dh, Tp).</param>
/// <param name="Value">What is attended to: (N, Hkv, T, dh).</param>
internal sealed record BaseLayer(Tensor ResidPre, Tensor ResidMid, Tensor Query, Tensor Z, Tensor KeyT, Tensor Value);

/// <summary>One forward pass over N prompts that keeps what variants of it need: keys and values everywhere, and from
/// position <see cref="From"/> on the residual stream, queries and z of every layer.</summary>
public sealed class BaseRun : IDisposable
{
    private BaseRun(Decoder model, PaddedPrompts prompts, int from, Ablation? ablation)
    {
        (Model, Prompts, From) = (model, prompts, from);
        using var scope = NewDisposeScope(); // frees everything if the run fails half way
        (Layers, Final) = Build(ablation);
        foreach (var t in Kept) t.DetachFromDisposeScope();
    }

    /// <summary>Runs <paramref name="model"/> on <paramref name="prompts"/>; variants may then differ from position
    /// <paramref name="from"/> on. With an <paramref name="ablation"/>, which need not outlive this call, the run's z,
    /// keys and values are those of the ablated model, and variants alter that.</summary>
    public static BaseRun Create(Decoder model, PaddedPrompts prompts, int from = 0, Ablation? ablation = null) =>
        new(model, prompts, from, ablation);

    /// <summary>What was run; it must outlive this.</summary>
    public Decoder Model { get; }

    /// <summary>What it was run on.</summary>
    public PaddedPrompts Prompts { get; }

    /// <summary>First position at which a variant of this run may differ from it.</summary>
    public int From { get; }

    /// <summary>Rows kept of each prompt: T - From.</summary>
    public int Width => Prompts.Tokens - From;

    internal BaseLayer[] Layers { get; }

    /// <summary>Residual stream after the last layer at each prompt's last token: (N, d).</summary>
    public Tensor Final { get; }

    /// <summary>Bytes that a base run keeps of so many prompts of so many tokens.</summary>
    public static long Bytes(DecoderConfig c, int elementSize, long prompts, int tokens, int from)
    {
        long q = c.Heads * c.HeadWidth, kv = c.KeyValueHeads * c.HeadWidth;
        var rows = tokens - from;
        var perPrompt = rows * (2L * c.Width + 2 * q) + kv * (tokens + Prefill.PaddedTokens(tokens));
        return prompts * c.Layers * perPrompt * elementSize;
    }

    /// <summary>A metric of the base run itself at each prompt's last token.</summary>
    public double[] Metric(Metric metric)
    {
        using var scope = NewDisposeScope();
        return metric.Measure(Model.Unembed(Final), RowIndex.Below(Prompts.Count, Model.Device));
    }

    /// <summary>A layer's q, k or v projection before the rotary embedding, k and v as every query head sees them, at
    /// positions From..T-1: (N, Tr, H, dh). The caller frees it.</summary>
    public Tensor Projection(int layer, Site site)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var h = Model.AttentionInput(layer, Layers[layer].ResidPre); // (N·Tr, d)
        var rows = Model.Project(layer, site, h); // (N·Tr, H or Hkv, dh)
        if (site != Site.Q) rows = Model.PerQueryHead(rows);
        return rows.view(Prompts.Count, Width, Model.Config.Heads, -1).contiguous().DetachFromDisposeScope();
    }

    /// <summary>A layer's z at positions From..T-1: (N, Tr, H, dh), a view of what the run keeps.</summary>
    public Tensor Z(int layer) => Layers[layer].Z.view(Prompts.Count, Width, Model.Config.Heads, -1);

    /// <summary>How much each head of a layer attends from one position of each prompt, none before
    /// <see cref="From"/>, to every position: (N, H, T), zero after it. The caller frees it.</summary>
    public Tensor Attention(int layer, Positions positions)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var c = Model.Config;
        var rows = RowIndex.Of(positions.Select((p, n) => (long)n * Width + p - From), Model.Device); // (N)
        var q = Layers[layer].Query.index_select(0, rows).unsqueeze(2); // (N, H, 1, dh)
        var k = Layers[layer].KeyT.narrow(-1, 0, Prompts.Tokens);
        if (c.GroupSize > 1) k = k.repeat_interleave(c.GroupSize, dim: 1); // (N, H, dh, T)
        var scores = Model.Scored(layer, q.matmul(k).squeeze(2)); // (N, H, T)
        var keys = RowIndex.Below(Prompts.Tokens, Model.Device);
        var unseen = Model.Unseen(layer, Model.Index(positions), keys); // (N, T)
        return Decoder.Softmax(scores.masked_fill(unseen.unsqueeze(1), Number.Never)).DetachFromDisposeScope();
    }

    /// <summary>Runs prompts and keeps z of every layer at some named positions only: for each of
    /// <paramref name="positions"/> (one position per prompt), and each layer, or only the first
    /// <paramref name="layers"/>, a tensor (N, H, dh). The caller frees them.</summary>
    public static Tensor[][] CaptureZ(
        Decoder model, PaddedPrompts prompts, IReadOnlyList<Positions> positions, int? layers = null)
    {
        using var inner = NewDisposeScope();
        using var _ = no_grad();
        var c = model.Config;
        var through = layers ?? c.Layers;
        Tensor[][] kept = [.. positions.Select(_ => Enumerable.Range(0, through)
            .Select(_ => Empty(model, prompts.Count, c.Heads, c.HeadWidth)).ToArray())];
        var from = positions.Min(p => p.Min());
        // Prompts that begin alike one after another, so that they share.
        int[] order = [.. Enumerable.Range(0, prompts.Count).Order(Comparer<int>.Create((a, b) =>
            prompts.Prompts[a].AsSpan().SequenceCompareTo(prompts.Prompts[b])))];
        var ordered = new PaddedPrompts([.. order.Select(n => prompts.Prompts[n])]);
        Prefill.Run(model, ordered, through, from, wantFinal: false, visit =>
        {
            using var scope = NewDisposeScope();
            var some = order[visit.First..(visit.First + visit.Rows.Count)];
            for (var i = 0; i < positions.Count; i++)
            {
                var rows = some.Select((prompt, n) => visit.Rows.Row[n * prompts.Tokens + positions[i][prompt]]);
                var z = visit.Z.index_select(0, model.Index(rows)); // (n, H, dh)
                kept[i][visit.Layer].index_copy_(0, model.Index(some), z);
            }
        });
        foreach (var t in kept.SelectMany(layer => layer)) t.DetachFromDisposeScope();
        return kept;
    }

    /// <summary>Frees everything kept.</summary>
    public void Dispose()
    {
        foreach (var t in Kept) t.Dispose();
    }

    private IEnumerable<Tensor> Kept =>
        Layers.SelectMany(l => (Tensor[])[l.ResidPre, l.ResidMid, l.Query, l.Z, l.KeyT, l.Value]).Append(Final);

    private (BaseLayer[], Tensor) Build(Ablation? ablation)
    {
        using var _ = no_grad();
        var c = Model.Config;
        int n = Prompts.Count, rows = n * Width, tokens = Prompts.Tokens;
        var layers = Enumerable.Range(0, c.Layers).Select(_ => new BaseLayer(
            Empty(Model, rows, c.Width), Empty(Model, rows, c.Width),
            Empty(Model, rows, c.Heads, c.HeadWidth), Empty(Model, rows, c.Heads, c.HeadWidth),
            // padding is to be finite
            Empty(Model, n, c.KeyValueHeads, c.HeadWidth, Prefill.PaddedTokens(tokens)).zero_(),
            Empty(Model, n, c.KeyValueHeads, tokens, c.HeadWidth))).ToArray();
        var final = Prefill.Run(Model, Prompts, c.Layers, From, wantFinal: true, visit =>
        {
            using var inner = NewDisposeScope();
            var (kept, count) = (layers[visit.Layer], visit.Rows.Count);
            var shown = Model.Index(Enumerable.Range(0, count * Width)
                .Select(i => visit.Rows.Row[i / Width * tokens + From + i % Width]));
            void Keep(Tensor of, Tensor seen) =>
                of.narrow(0, (long)visit.First * Width, count * Width).copy_(seen.index_select(0, shown));
            Keep(kept.ResidPre, visit.ResidPre);
            Keep(kept.ResidMid, visit.ResidMid);
            Keep(kept.Query, visit.Query);
            Keep(kept.Z, visit.Z);
            kept.KeyT.narrow(0, visit.First, count).narrow(-1, 0, tokens).copy_(visit.Key.permute(0, 2, 3, 1));
            kept.Value.narrow(0, visit.First, count).copy_(visit.Value.transpose(1, 2));
        }, ablation);
        return (layers, final!);
    }

    private static Tensor Empty(Decoder model, params long[] shape) =>
        empty(shape, dtype: model.Dtype, device: model.Device);
}
