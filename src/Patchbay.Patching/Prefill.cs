namespace Patchbay.Patching;

/// <summary>What one layer of a forward pass computed for a chunk of n prompts, on their distinct rows; keys and values
/// are of every prompt. Everything is freed after the visit.</summary>
/// <param name="Layer">Which layer it is, from 0.</param>
/// <param name="First">Index of the chunk's first prompt.</param>
/// <param name="Rows">Which row each prompt's positions are.</param>
/// <param name="ResidPre">Residual stream before attention: (R, d).</param>
/// <param name="ResidMid">The same after attention: (R, d).</param>
/// <param name="Query">After the rotary embedding: (R, H, dh).</param>
/// <param name="Key">After the rotary embedding: (n, T, Hkv, dh).</param>
/// <param name="Value">What is attended to: (n, T, Hkv, dh).</param>
/// <param name="Z">Heads' weighted sums: (R, H, dh).</param>
internal sealed record LayerVisit(int Layer, int First, SharedRows Rows,
    Tensor ResidPre, Tensor ResidMid, Tensor Query, Tensor Key, Tensor Value, Tensor Z);

/// <summary>Forward passes over many prompts that show each layer's activations to a visitor and keep none themselves:
/// base runs and captures are visitors. Prompts go through in chunks that fit the cache; what prompts of a chunk have
/// in common at their beginning is computed once.</summary>
internal static class Prefill
{
    /// <summary>Positions padded so that a row of keys is whole vectors.</summary>
    public static int PaddedTokens(int tokens) => (tokens + 15) / 16 * 16;

    /// <summary>Runs all prompts through the first <paramref name="layers"/> layers. In the last of these only
    /// positions from <paramref name="lastLayerFrom"/> on are computed (keys and values of all). Returns the residual
    /// stream after it of each prompt's last token, (N, d), or null unless <paramref name="wantFinal"/>: the last
    /// layer's MLP is then left out. <paramref name="ablation"/> replaces z.</summary>
    public static Tensor? Run(
        Decoder model, PaddedPrompts prompts, int layers, int lastLayerFrom, bool wantFinal, Action<LayerVisit> visit,
        Ablation? ablation = null)
    {
        ablation?.Check(prompts);
        model.CheckLength(prompts.Tokens);
        using var scope = NewDisposeScope();
        var finals = new List<Tensor>();
        for (var first = 0; first < prompts.Count;)
        {
            using var inner = NewDisposeScope();
            var rows = SharedRows.Of(prompts, first, 2 * model.BlockRows, ablation);
            var final = RunChunk(model, prompts, first, rows, layers, lastLayerFrom, wantFinal, visit, ablation);
            if (final is not null) finals.Add(final.MoveToOuterDisposeScope());
            first += rows.Count;
        }
        if (!wantFinal) return null;
        var all = cat(finals, 0); // (N, d)
        return Finite.All(all) ? all.MoveToOuterDisposeScope()
            : throw model.NotNumbers(() => Finite.Overflow(model, prompts));
    }

    private static Tensor? RunChunk(
        Decoder model, PaddedPrompts prompts, int first, SharedRows rows, int layers, int lastFrom, bool wantFinal,
        Action<LayerVisit> visit, Ablation? ablation)
    {
        var x = model.Embed(model.Index(rows.Ids), model.Index(rows.Positions)); // (R, d)
        for (var l = 0; l < layers; l++)
        {
            using var scope = NewDisposeScope();
            var last = l == layers - 1;
            var (key, value, h) = KeysAndValues(model, l, x, rows);
            if (last && lastFrom > 0)
            {
                (rows, var kept) = rows.After(lastFrom);
                (h, x) = (h.index_select(0, model.Index(kept)), x.index_select(0, model.Index(kept)));
            }
            var query = model.TurnRows(l, model.Project(l, Site.Q, h), rows.Positions); // (R, H, dh)
            var z = Attend(model, l, query, key, value, rows, last ? lastFrom : 0); // (R, H, dh)
            if (ablation is not null) z = ablation.Apply(l, first, rows.Tokens, rows.Places, z);
            var mid = model.AddAttention(l, x.clone(), z.view(z.shape[0], -1)); // (R, d)
            visit(new LayerVisit(l, first, rows, x, mid, query, key, value, z));
            x = last && !wantFinal ? mid : model.AddMlp(l, mid, x);
            x.MoveToOuterDisposeScope();
        }
        if (!wantFinal) return null;
        return x.index_select(0, model.Index(Enumerable.Range(0, rows.Count)
            .Select(n => rows.Row[n * rows.Tokens + prompts.Last[first + n]]))); // (n, d)
    }

    // Keys and values of every place, (n, T, Hkv, dh), and the normed input (R, d) they come from.
    private static (Tensor Key, Tensor Value, Tensor Normed) KeysAndValues(
        Decoder model, int l, Tensor x, SharedRows rows)
    {
        var h = model.AttentionInput(l, x);
        var key = Everywhere(model.TurnRows(l, model.Project(l, Site.K, h), rows.Positions), model, rows);
        return (key, Everywhere(model.Project(l, Site.V, h), model, rows), h);
    }

    // A row for each place that is kept: (R, heads, dh) -> (n, W, heads, dh).
    private static Tensor Everywhere(Tensor of, Decoder model, SharedRows rows)
    {
        if (!rows.IsPlain) of = of.index_select(0, model.Index(rows.Row.Where(r => r >= 0)));
        return of.view(rows.Count, -1, of.shape[1], of.shape[2]);
    }

    // z of the distinct rows, (R, H, dh): of a row that several places have, the first of them attends.
    private static Tensor Attend(
        Decoder model, int l, Tensor query, Tensor key, Tensor value, SharedRows rows, int from)
    {
        var z = model.AttendCausally(l, Everywhere(query, model, rows), key, value).view([-1, .. query.shape[1..]]);
        if (rows.IsPlain) return z;
        var width = rows.Tokens - from;
        var first = rows.Places.Select(p => p / rows.Tokens * width + p % rows.Tokens - from);
        return z.index_select(0, model.Index(first));
    }
}
