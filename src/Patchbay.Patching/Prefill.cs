using Patchbay.Models;
using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>What one layer of a forward pass computed for a chunk of n prompts. Rows are positions From..T-1 of each prompt,
/// prompt by prompt; keys and values are of all positions. Everything is freed after the visit.</summary>
/// <param name="Layer">l.</param>
/// <param name="First">Index of the chunk's first prompt.</param>
/// <param name="Count">n.</param>
/// <param name="From">First position of each prompt that the rows hold.</param>
/// <param name="ResidPre">Residual stream before attention: (n·Tr, d).</param>
/// <param name="ResidMid">The same after attention: (n·Tr, d).</param>
/// <param name="Query">After the rotary embedding: (n·Tr, H, dh).</param>
/// <param name="KeyT">Keys after the rotary embedding, transposed and padded: (n, Hkv, dh, Tp).</param>
/// <param name="Value">(n, Hkv, T, dh).</param>
/// <param name="Z">(n·Tr, H, dh).</param>
internal sealed record LayerVisit(int Layer, int First, int Count, int From,
    Tensor ResidPre, Tensor ResidMid, Tensor Query, Tensor KeyT, Tensor Value, Tensor Z);

/// <summary>
/// Forward passes over many prompts that show each layer's activations to a visitor and keep none themselves: base runs and
/// captures are visitors. Prompts go through in chunks that fit the cache.
/// </summary>
internal static class Prefill
{
    /// <summary>Positions padded so that a row of keys is whole vectors.</summary>
    public static int PaddedTokens(int tokens) => (tokens + 15) / 16 * 16;

    /// <summary>
    /// Runs all prompts through the first <paramref name="layers"/> layers. In the last of these only positions from
    /// <paramref name="lastLayerFrom"/> on are computed (keys and values of all). Returns the residual stream after it of each
    /// prompt's last token, (N, d), or null unless <paramref name="wantFinal"/>: the last layer's MLP is then left out.
    /// <paramref name="ablation"/> replaces z.
    /// </summary>
    public static Tensor? Run(Llama model, PaddedPrompts prompts, int layers, int lastLayerFrom, bool wantFinal, Action<LayerVisit> visit,
        Ablation? ablation = null)
    {
        ablation?.Check(prompts);
        model.CheckLength(prompts.Tokens);
        using var scope = NewDisposeScope();
        var chunk = Math.Max(1, 2 * model.BlockRows / prompts.Tokens);
        var finals = new List<Tensor>();
        for (var first = 0; first < prompts.Count; first += chunk)
        {
            using var inner = NewDisposeScope();
            var final = RunChunk(model, prompts, first, Math.Min(chunk, prompts.Count - first), layers, lastLayerFrom, wantFinal, visit, ablation);
            if (final is not null) finals.Add(final.MoveToOuterDisposeScope());
        }
        return wantFinal ? cat(finals, 0).MoveToOuterDisposeScope() : null;
    }

    private static Tensor? RunChunk(Llama model, PaddedPrompts prompts, int first, int count, int layers, int lastFrom,
        bool wantFinal, Action<LayerVisit> visit, Ablation? ablation)
    {
        var (tokens, from) = (prompts.Tokens, 0);
        var x = model.Embed(prompts.Ids(first, count, model.Device)).view(count * tokens, -1);
        for (var l = 0; l < layers; l++)
        {
            using var scope = NewDisposeScope();
            var last = l == layers - 1;
            var (keyT, value, h) = KeysAndValues(model, l, x, count, tokens);
            if (last && lastFrom > 0)
            {
                from = lastFrom;
                h = Suffix(h, count, tokens, from);
                x = Suffix(x, count, tokens, from);
            }
            var width = tokens - from;
            var positions = RowPositions(count, from, tokens);
            var query = model.RopeRows(model.Project(l, Site.Q, h), positions);
            var z = model.Attend(new RowAttention
            {
                Query = query.view(1, count, width, model.Config.Heads, model.Config.HeadWidth),
                QueryPositions = positions,
                BaseKeyT = keyT,
                BaseValue = value,
                Prompts = [.. Enumerable.Range(0, count)],
            }).view(query.shape);
            if (ablation is not null) z = ablation.Apply(l, first, from, tokens, z);
            var mid = model.AddAttention(l, x.clone(), z.view(z.shape[0], -1));
            visit(new LayerVisit(l, first, count, from, x, mid, query, keyT, value, z));
            x = last && !wantFinal ? mid : model.AddMlp(l, mid);
            x.MoveToOuterDisposeScope();
        }
        if (!wantFinal) return null;
        var index = new long[count];
        for (var n = 0; n < count; n++) index[n] = n * (tokens - from) + prompts.Last[first + n] - from;
        return x.index_select(0, tensor(index).to(model.Device));
    }

    /// <summary>Keys (n, Hkv, dh, Tp), values (n, Hkv, T, dh), and the normed input (n·T, d) they come from.</summary>
    private static (Tensor KeyT, Tensor Value, Tensor Normed) KeysAndValues(Llama model, int l, Tensor x, int count, int tokens)
    {
        int heads = model.Config.KeyValueHeads, dh = model.Config.HeadWidth;
        var h = model.NormRows(x, model.Weights.Layers[l].AttentionNorm);
        var key = model.RopeRows(model.Project(l, Site.K, h), RowPositions(1, 0, tokens));
        var keyT = zeros([count, heads, dh, PaddedTokens(tokens)], dtype: model.Dtype, device: model.Device);
        keyT.narrow(-1, 0, tokens).copy_(key.view(count, tokens, heads, dh).permute(0, 2, 3, 1));
        var value = model.Project(l, Site.V, h).view(count, tokens, heads, dh).transpose(1, 2).contiguous();
        return (keyT, value, h);
    }

    private static Tensor Suffix(Tensor rows, int count, int tokens, int from) =>
        rows.view(count, tokens, -1).narrow(1, from, tokens - from).reshape(count * (tokens - from), -1);

    private static int[] RowPositions(int count, int from, int tokens)
    {
        var positions = new int[count * (tokens - from)];
        for (var i = 0; i < positions.Length; i++) positions[i] = from + i % (tokens - from);
        return positions;
    }
}
