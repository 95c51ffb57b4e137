namespace Patchbay.Patching;

/// <summary>Attention of single heads whose keys or values are replaced as they see them (<see cref="SeenEdit"/>), in
/// plain tensor operations: few heads of few rows.</summary>
internal sealed class SeenAttention(BaseRun run, RowPlan plan, RowPlan wanted, int layer)
{
    private readonly Decoder model = run.Model;
    private readonly int tokens = run.Prompts.Tokens;

    /// <summary>Puts z of the heads concerned into their rows.</summary>
    /// <param name="variants">V variants.</param>
    /// <param name="z">(V·Rq, H, dh), changed.</param>
    /// <param name="q">After the rotary embedding: (V·Rq, H, dh).</param>
    /// <param name="k">Own keys of the plan's rows, after the rotary embedding, (V·R, H or Hkv, dh); null where all
    /// are the base's.</param>
    /// <param name="v">Own values of the plan's rows, likewise.</param>
    public void Apply(Variant[] variants, Tensor z, Tensor q, Tensor? k, Tensor? v)
    {
        for (var i = 0; i < variants.Length; i++)
        {
            foreach (var seen in variants[i].Seen.Where(s => s.Head.Layer == layer).GroupBy(s => (s.Head, s.Query)))
            {
                if (wanted.Find(seen.Key.Query) is not { } rows) continue;
                using var scope = NewDisposeScope();
                var head = seen.Key.Head.Index;
                var prompts = rows.Prompts.cpu().data<long>().Select(n => (int)n).ToArray();
                var at = prompts.Select(n => seen.Key.Query[n]).ToArray();
                var keys = All(Site.K, head, i, k, rows, prompts, at, seen.FirstOrDefault(s => s.Site == Site.K));
                var values = All(Site.V, head, i, v, rows, prompts, at, seen.FirstOrDefault(s => s.Site == Site.V));
                var query = q.narrow(0, i * wanted.Rows, wanted.Rows).select(1, head).index_select(0, rows.Rows);
                var scores = model.Scored(layer, keys.matmul(query.unsqueeze(-1)).squeeze(-1)); // (m, T)
                var forbidden = variants[i].Knockouts.Where(o => o.FromLayer <= layer).ToArray();
                var window = model.Config.Window(layer) ?? int.MaxValue;
                bool IsForbidden(int t, int m) => t > at[m] || at[m] - t >= window
                    || forbidden.Any(o => o.Query[prompts[m]] == at[m] && o.Key[prompts[m]] == t);
                scores = scores.masked_fill(Mask(at, IsForbidden), Number.Never);
                var result = Decoder.Softmax(scores).unsqueeze(1).matmul(values).squeeze(1); // (m, dh)
                z.narrow(0, i * wanted.Rows, wanted.Rows).select(1, head).index_copy_(0, rows.Rows, result);
            }
        }
    }

    // Keys or values of one head at all positions, with the edit before the attending one: (m, T, dh).
    private Tensor All(
        Site site, int head, int variant, Tensor? own, RowSet rows, int[] prompts, int[] at, SeenEdit? edit)
    {
        var kept = run.Layers[layer];
        var group = head / model.Config.GroupSize;
        var all = site == Site.K
            ? kept.KeyT.select(1, group).narrow(-1, 0, tokens).transpose(1, 2)
            : kept.Value.select(1, group); // (N, T, dh)
        all = all.index_select(0, rows.Prompts).contiguous(); // (m, T, dh)
        if (own is not null)
        {
            var of = own.shape[1] == model.Config.Heads ? head : group;
            Overlay(all, own.narrow(0, variant * plan.Rows, plan.Rows).select(1, of), prompts);
        }
        if (edit is null) return all;
        var value = edit.Value.index_select(0, rows.Prompts); // (m, at least the largest position, dh)
        var missing = Math.Max(0, tokens - value.shape[1]);
        value = nn.functional.pad(value.narrow(1, 0, tokens - missing), [0, 0, 0, missing]); // (m, T, dh)
        if (site == Site.K)
        {
            var positions = RowIndex.Below(tokens, model.Device);
            value = model.Turn(layer, value.unsqueeze(2), positions).squeeze(2);
        }
        return where(Mask(at, (t, m) => t < at[m]).unsqueeze(-1), value, all);
    }

    // Puts the rows that the variant has of its own over the base's.
    private void Overlay(Tensor all, Tensor own, int[] prompts)
    {
        List<int> from = [], to = [];
        for (var r = 0; r < plan.Rows; r++)
        {
            var n = Array.IndexOf(prompts, plan.Prompts[r / plan.Depth]);
            if (plan.Positions[r] < 0 || n < 0) continue;
            from.Add(r);
            to.Add(n * tokens + plan.Positions[r]);
        }
        all.view(-1, all.shape[^1]).index_copy_(0, model.Index(to), own.index_select(0, model.Index(from)));
    }

    private Tensor Mask(int[] at, Func<int, int, bool> test)
    {
        var mask = new bool[at.Length * tokens];
        for (var i = 0; i < mask.Length; i++) mask[i] = test(i % tokens, i / tokens);
        return tensor(mask, [at.Length, tokens], device: model.Device);
    }
}
