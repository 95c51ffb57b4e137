using Patchbay.Models;
using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>
/// Attention of one layer for a few variants: queries of the rows wanted (all of the plan's, or in the last layer only
/// each prompt's last token), keys and values of the plan's rows over the base's everywhere else.
/// </summary>
internal sealed class ConeAttention(BaseRun run, RowPlan plan, RowPlan wanted, int layer)
{
    private readonly Llama model = run.Model;
    private readonly BaseLayer kept = run.Layers[layer];

    // As the kernel reads them: made once for all blocks of the layer, and freed with the dispose scope open now.
    private readonly Tensor keyT = run.Model.ForRows(run.Layers[layer].KeyT),
        value = run.Model.ForRows(run.Layers[layer].Value);

    /// <summary>z of variants whose residual stream, (V, R, d), already differs: (V·Rq, H·dh).</summary>
    public Tensor Of(Variant[] variants, Tensor x)
    {
        using var scope = NewDisposeScope();
        var weight = model.Weights.Layers[layer].AttentionNorm;
        var h = model.Norm(x.reshape(-1, model.Config.Width), weight);
        var k = model.RopeRows(model.Project(layer, Site.K, h), plan.Positions);
        var v = model.Project(layer, Site.V, h);
        if (!ReferenceEquals(plan, wanted)) h = LastRows(h, variants.Length);
        var q = model.RopeRows(model.Project(layer, Site.Q, h), wanted.Positions);
        return Run(variants, q, k, v).MoveToOuterDisposeScope();
    }

    /// <summary>z of variants that enter at this layer through attention (edits of q, k or v, a knockout, a refresh):
    /// (V·Rq, H·dh).</summary>
    public Tensor Fresh(Variant[] variants)
    {
        using var scope = NewDisposeScope();
        var q = Repeat(wanted.Gather(kept.Query), variants.Length);
        if (!variants.Any(EditsKeysOrValues)) return Run(variants, q, null, null).MoveToOuterDisposeScope();
        var k = Repeat(At(kept.KeyT.permute(0, 3, 1, 2)), variants.Length);
        var v = Repeat(At(kept.Value.transpose(1, 2)), variants.Length);
        return Run(variants, q, k, v).MoveToOuterDisposeScope();
    }

    private Tensor Run(Variant[] variants, Tensor q, Tensor? k, Tensor? v)
    {
        var c = model.Config;
        var ownHeads = c.KeyValueHeads;
        if (k is not null && v is not null && c.GroupSize > 1 && variants.Any(EditsKeysOrValues))
        {
            (k, v) = (model.PerQueryHead(k), model.PerQueryHead(v)); // an edit is seen by its own query head only
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
        var z = model.Attend(new RowAttention
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
            foreach (var edit in variants[i].Edits.Where(e => e.Head.Layer == layer && e.Site == Site.Z)) Apply(z, i, edit, wanted);
        return z.view(V * wanted.Rows, c.Heads * c.HeadWidth);
    }

    private bool EditsKeysOrValues(Variant v) => v.Edits.Any(e => e.Head.Layer == layer && e.Site is Site.K or Site.V);

    /// <summary>Puts an edit into its head of variant <paramref name="v"/>: tensor (V·R, heads, dh).</summary>
    private void Apply(Tensor all, int v, HeadEdit edit, RowPlan rowsOf)
    {
        if (rowsOf.Find(edit.Positions) is not { } rows) return;
        using var scope = NewDisposeScope();
        var head = all.narrow(0, v * rowsOf.Rows, rowsOf.Rows).select(1, edit.Head.Index); // (R, dh)
        var value = ConePass.Value(edit, rows);
        if (edit.Site is Site.Q or Site.K)
        {
            var positions = rows.Prompts.cpu().data<long>().Select(p => edit.Positions[p]).ToArray();
            value = model.RopeRows(value.clone().view(positions.Length, 1, -1), positions).view(positions.Length, -1);
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

    /// <summary>Held heads get the base's z back: z (V, R, H, dh).</summary>
    private void HoldRows(Tensor z, Variant[] variants)
    {
        using var scope = NewDisposeScope();
        var partly = variants.Any(v => v.Holds.Any(h => h.Heads is not null));
        var baseZ = wanted.HeldRows.Length > 0 || partly ? wanted.Gather(kept.Z) : null;
        if (baseZ is null) return;
        if (wanted.HeldRows.Length > 0)
        {
            var rows = model.Index(wanted.HeldRows);
            var held = baseZ.index_select(0, rows).unsqueeze(0);
            z.index_copy_(1, rows, held.expand([z.shape[0], .. held.shape[1..]]));
        }
        if (!partly) return;
        // Variants in a row that share their holds are done together.
        for (int from = 0, to; from < variants.Length; from = to)
        {
            for (to = from + 1; to < variants.Length && ReferenceEquals(variants[to].Holds, variants[from].Holds);) to++;
            if (HeldHeads(variants[from].Holds) is not { } mask) continue;
            var some = z.narrow(0, from, to - from);
            some.copy_(where(mask, baseZ.unsqueeze(0), some));
        }
    }

    /// <summary>Which heads of which rows are held: (1, R, H, 1), or null for none.</summary>
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
        return held.Contains(true) ? tensor(held).to(model.Device).view(1, wanted.Rows, heads, 1) : null;
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

    /// <summary>Each prompt's last token among the plan's rows: (V·R, d) -> (V·N', d).</summary>
    private Tensor LastRows(Tensor rows, int variants)
    {
        var width = rows.shape[^1];
        var index = Enumerable.Range(0, plan.Prompts.Length)
            .Select(n => Math.Max(0, Array.IndexOf(plan.Positions, run.Prompts.Last[plan.Prompts[n]], n * plan.Depth, plan.Depth)));
        return rows.view(variants, plan.Rows, width).index_select(1, model.Index([.. index])).view(-1, width);
    }

    /// <summary>Rows of a tensor over (prompts, positions, ...): (N'·D, ...).</summary>
    private Tensor At(Tensor byPosition)
    {
        var prompts = plan.Positions.Select((_, r) => plan.Prompts[r / plan.Depth]).ToArray();
        var positions = plan.Positions.Select(p => Math.Max(0, p)).ToArray();
        return byPosition.index(TensorIndex.Tensor(model.Index(prompts)), TensorIndex.Tensor(model.Index(positions)));
    }

    private static Tensor Repeat(Tensor rows, int times) =>
        rows.unsqueeze(0).expand([times, .. rows.shape]).reshape([times * rows.shape[0], .. rows.shape[1..]]).contiguous();
}
