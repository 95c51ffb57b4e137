using Patchbay.Models.Kernels;

namespace Patchbay.Patching;

/// <summary>Attention of one layer for a few variants: queries of the rows wanted (all of the plan's, or in the last
/// layer only each prompt's last token), keys and values of the plan's rows over the base's everywhere else.</summary>
internal sealed class ConeAttention(BaseRun run, RowPlan plan, RowPlan wanted, int layer)
{
    private readonly Decoder model = run.Model;
    private readonly BaseLayer kept = run.Layers[layer];

    // As the kernel reads them: made once for all blocks of the layer, and freed with the dispose scope open now.
    private readonly Tensor keyT = run.Model.ForRows(run.Layers[layer].KeyT),
        value = run.Model.ForRows(run.Layers[layer].Value);

    /// <summary>z of variants whose residual stream, (V, R, d), already differs: (V·Rq, H·dh).</summary>
    public Tensor Changed(Variant[] variants, Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = model.AttentionInput(layer, x.reshape(-1, model.Config.Width)); // (V·R, d)
        var k = model.TurnRows(layer, model.Project(layer, Site.K, h), plan.Positions); // (V·R, Hkv, dh)
        var v = model.Project(layer, Site.V, h); // (V·R, Hkv, dh)
        if (!ReferenceEquals(plan, wanted)) h = LastRows(h, variants.Length); // (V·Rq, d)
        var q = model.TurnRows(layer, model.Project(layer, Site.Q, h), wanted.Positions); // (V·Rq, H, dh)
        return Run(variants, q, k, v).MoveToOuterDisposeScope();
    }

    /// <summary>z of variants that enter here through attention (edits of q, k, v, knockout, refresh): (V·Rq,
    /// H·dh).</summary>
    public Tensor Fresh(Variant[] variants)
    {
        using var scope = NewDisposeScope();
        var q = Repeat(wanted.Gather(kept.Query), variants.Length); // (V·Rq, H, dh)
        if (!variants.Any(EditsKeysOrValues)) return Run(variants, q, null, null).MoveToOuterDisposeScope();
        var k = Repeat(At(kept.KeyT.permute(0, 3, 1, 2)), variants.Length); // (V·R, Hkv, dh)
        var v = Repeat(At(kept.Value.transpose(1, 2)), variants.Length); // (V·R, Hkv, dh)
        return Run(variants, q, k, v).MoveToOuterDisposeScope();
    }

    // z with all edits and holds, (V·Rq, H·dh), from q (V·Rq, H, dh) and own k and v (V·R, Hkv, dh), null where all
    // are the base's.
    private Tensor Run(Variant[] variants, Tensor q, Tensor? k, Tensor? v)
    {
        var c = model.Config;
        var ownHeads = c.KeyValueHeads;
        if (k is not null && v is not null && c.GroupSize > 1 && variants.Any(EditsKeysOrValues))
        {
            // An edit is seen by its own query head only: (V·R, H, dh).
            (k, v) = (model.PerQueryHead(k), model.PerQueryHead(v));
            ownHeads = c.Heads;
        }
        for (var i = 0; i < variants.Length; i++)
        {
            foreach (var edit in variants[i].Edits.Where(e => e.Head.Layer == layer))
            {
                if (edit.Site == Site.Q) Apply(q, i, edit, wanted);
                else if (edit.Site != Site.Z) Apply(edit.Site == Site.K ? k! : v!, i, edit, plan);
            }
        }
        int V = variants.Length, n = plan.Prompts.Length;
        var z = model.Attend(layer, new RowAttention
        {
            Query = q.view(V, n, wanted.Depth, c.Heads, c.HeadWidth),
            QueryPositions = wanted.Positions,
            BaseKeyT = keyT,
            BaseValue = value,
            Prompts = plan.Prompts,
            OwnKey = k?.view(V, n, plan.Depth, ownHeads, c.HeadWidth),
            OwnPositions = k is null ? [] : plan.Positions,
            OwnValue = v?.view(V, n, plan.Depth, ownHeads, c.HeadWidth),
            Forbidden = Forbidden(variants),
        }).view(V * wanted.Rows, c.Heads, c.HeadWidth);
        new SeenAttention(run, plan, wanted, layer).Apply(variants, z, q, k, v);
        HoldRows(z.view(V, wanted.Rows, c.Heads, c.HeadWidth), variants);
        for (var i = 0; i < variants.Length; i++)
            foreach (var edit in variants[i].Edits.Where(e => e.Head.Layer == layer && e.Site == Site.Z))
                Apply(z, i, edit, wanted);
        return z.view(V * wanted.Rows, c.Heads * c.HeadWidth);
    }

    private bool EditsKeysOrValues(Variant v) => v.Edits.Any(e => e.Head.Layer == layer && e.Site is Site.K or Site.V);

    // Puts an edit into its head of variant v: tensor (V·R, heads, dh).
    private void Apply(Tensor all, int v, HeadEdit edit, RowPlan rowsOf)
    {
        if (rowsOf.Find(edit.Positions) is not { } rows) return;
        using var scope = NewDisposeScope();
        var head = all.narrow(0, v * rowsOf.Rows, rowsOf.Rows).select(1, edit.Head.Index); // (R, dh)
        var value = ConePass.Value(edit, rows);
        if (edit.Site is Site.Q or Site.K)
        {
            var positions = rows.Prompts.cpu().data<long>().Select(p => edit.Positions[(int)p]).ToArray();
            value = model.TurnRows(layer, value.clone().view(positions.Length, 1, -1), positions)
                .view(positions.Length, -1);
        }
        if (edit.Keep != 0)
        {
            using var kept = edit.Keep.ToScalar();
            using var taken = (1 - edit.Keep).ToScalar();
            value = head.index_select(0, rows.Rows).mul_(kept).add_(value.mul(taken), Number.One);
        }
        if (rows.Identity) head.copy_(value);
        else head.index_copy_(0, rows.Rows, value);
    }

    // Held heads get the base's z back: z (V, R, H, dh).
    private void HoldRows(Tensor z, Variant[] variants)
    {
        using var scope = NewDisposeScope();
        var partly = variants.Any(v => v.Holds.Any(h => h.Heads is not null));
        var baseZ = wanted.HeldRows.Length > 0 || partly ? wanted.Gather(kept.Z) : null;
        if (baseZ is null) return;
        if (wanted.HeldRows.Length > 0)
        {
            var rows = model.Index(wanted.HeldRows);
            var held = baseZ.index_select(0, rows).unsqueeze(0); // (1, held rows, H, dh)
            z.index_copy_(1, rows, held.expand([z.shape[0], .. held.shape[1..]]));
        }
        if (!partly) return;
        // Variants in a row that share their holds are done together.
        for (int from = 0, to; from < variants.Length; from = to)
        {
            var holds = variants[from].Holds;
            for (to = from + 1; to < variants.Length && ReferenceEquals(variants[to].Holds, holds);) to++;
            if (HeldHeads(holds) is not { } mask) continue;
            var some = z.narrow(0, from, to - from);
            some.copy_(where(mask, baseZ.unsqueeze(0), some));
        }
    }

    // Which heads of which rows are held: (1, R, H, 1), or null for none.
    private Tensor? HeldHeads(IReadOnlyList<Hold> holds)
    {
        var heads = model.Config.Heads;
        var held = new bool[wanted.Rows * heads];
        foreach (var hold in holds.Where(h => h.Heads is not null))
        {
            var own = hold.Heads!.Where(h => h.Layer == layer).Select(h => h.Index).ToArray();
            for (var r = 0; own.Length > 0 && r < wanted.Rows; r++)
                if (InRange(hold, r)) foreach (var head in own) held[r * heads + head] = true;
        }
        return held.Contains(true) ? tensor(held, [1, wanted.Rows, heads, 1], device: model.Device) : null;
    }

    private bool InRange(Hold hold, int row)
    {
        int p = wanted.Positions[row], n = wanted.Prompts[row / wanted.Depth];
        return p >= 0 && hold.From[n] <= p && p <= hold.To[n];
    }

    private int[]?[]? Forbidden(Variant[] variants)
    {
        if (!variants.Any(v => v.Knockouts.Any(k => k.FromLayer <= layer))) return null;
        var forbidden = new int[]?[variants.Length * wanted.Rows];
        for (var v = 0; v < variants.Length; v++)
        {
            for (var r = 0; r < wanted.Rows; r++)
            {
                var n = wanted.Prompts[r / wanted.Depth];
                var keys = variants[v].Knockouts.Where(k => k.FromLayer <= layer && k.Query[n] == wanted.Positions[r])
                    .Select(k => k.Key[n]).Where(key => key < wanted.Positions[r]).ToArray();
                if (keys.Length > 0) forbidden[v * wanted.Rows + r] = keys;
            }
        }
        return forbidden;
    }

    // Each prompt's last token among the plan's rows: (V·R, d) -> (V·N', d).
    private Tensor LastRows(Tensor rows, int variants)
    {
        var width = rows.shape[^1];
        var index = plan.Prompts.Select((prompt, n) => Math.Max(0, plan.RowOf(n, run.Prompts.Last[prompt])));
        return rows.view(variants, plan.Rows, width).index_select(1, model.Index(index)).view(-1, width);
    }

    // Rows of a tensor over (prompts, positions, ...): (N'·D, ...).
    private Tensor At(Tensor byPosition)
    {
        var prompts = model.Index(plan.Positions.Select((_, r) => plan.Prompts[r / plan.Depth]));
        var positions = model.Index(plan.Positions.Select(p => Math.Max(0, p)));
        return byPosition.index(TensorIndex.Tensor(prompts), TensorIndex.Tensor(positions));
    }

    private static Tensor Repeat(Tensor rows, int times) =>
        rows.unsqueeze(0).expand([times, .. rows.shape]).flatten(0, 1).contiguous();
}
