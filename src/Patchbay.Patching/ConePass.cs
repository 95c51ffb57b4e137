namespace Patchbay.Patching;

/// <summary>One pass of V variants over the rows of a plan: layer by layer, the variants whose first edit lies at or
/// below the layer ride the same matrix products (a wavefront). The state is the residual stream of their dirty rows,
/// (V, R, d); all else comes from the base run. In the last layer only each prompt's last token goes on. A pass is made
/// once. Shapes: R = N'·D rows of the plan, H heads of width dh, m rows that an edit or a probe finds.</summary>
internal sealed class ConePass
{
    private readonly BaseRun run;
    private readonly Decoder model;
    private readonly RowPlan plan; // rows that the variants can change
    private readonly Variant[] variants; // in the order of Order

    // The wave: rows of the residual stream, (V, R, d), of which the first active variants are set, and which rows
    // these are: the plan's, or from the last layer's attention on only the last tokens of its prompts.
    private Tensor x;
    private RowPlan rows;
    private int active;

    private ConePass(BaseRun run, RowPlan plan, Variant[] variants)
    {
        (this.run, model, this.plan, rows, this.variants) = (run, run.Model, plan, plan, variants);
        x = empty([variants.Length, plan.Rows, model.Config.Width], dtype: model.Dtype, device: model.Device);
    }

    /// <summary>Sorts by first layer, those that enter by z alone before those that enter through attention.</summary>
    public static IEnumerable<T> Order<T>(IEnumerable<T> items, Func<T, Variant> variant) =>
        items.OrderBy(i => variant(i).FirstLayer).ThenBy(i => TouchesAttention(variant(i), variant(i).FirstLayer));

    /// <summary>Final residual stream of each variant (in the order of <see cref="Order"/>) at each prompt's last
    /// token: (V, N', d), meaningless where that is not among the rows.</summary>
    public static Tensor Final(BaseRun run, RowPlan plan, Variant[] variants)
    {
        using var scope = NewDisposeScope();
        var pass = new ConePass(run, plan, variants);
        for (var l = variants[0].FirstLayer; l < run.Model.Config.Layers; l++) pass.Layer(l);
        if (pass.rows.Depth > 1) pass.Narrow();
        return pass.x.MoveToOuterDisposeScope();
    }

    /// <summary>Reads probes into their outputs, each (V, N, dh) and already holding the base's values.</summary>
    public static void Read(
        BaseRun run, RowPlan plan, Variant[] variants, IReadOnlyList<(Probe Probe, Tensor Output)> probes)
    {
        using var scope = NewDisposeScope();
        var pass = new ConePass(run, plan, variants);
        var end = probes.Max(p => p.Probe.Head.Layer);
        for (var l = variants[0].FirstLayer; l <= end; l++)
        {
            foreach (var same in probes.Where(p => p.Probe.Head.Layer == l)
                .GroupBy(p => (p.Probe.Site, p.Probe.Positions)))
                pass.ReadProbes(l, [.. same]);
            if (l < end) pass.Layer(l);
        }
    }

    //              layer   0   1   2   3   4   5 = last
    //  variant 0           .   .   Z   #   #   o       .  not computed: it is what the base run keeps
    //  variant 1           .   .   Z   #   #   o       Z  enters by z: the base's attention, plus (z' - z) Wo of the
    //  variant 2           .   .   A   #   #   o          edited heads; then its rows' MLPs
    //  variant 3           .   .   .   .   Z   o       A  enters through attention: the base's q, k and v with its
    //  variant 4           .   .   .   .   .   A          edits, attention and MLPs anew
    //                      |   |   |   |   |   |       #  rides: all of the layer anew, from its own rows (R, d)
    //  active              0   0   3   3   4   5       o  the same for each prompt's last token only, (N', d)
    //
    // Each column is one product for all variants that are active in it: (active·R, d). Where the plan holds all heads
    //  of all rows (it is not live), every # is a Z: attention stays the base's, and only MLPs are computed.
    private void Layer(int l)
    {
        using var scope = NewDisposeScope();
        int old = active, entered = old, attending;
        while (entered < variants.Length && variants[entered].FirstLayer == l
            && !TouchesAttention(variants[entered], l)) entered++;
        attending = entered;
        while (attending < variants.Length && variants[attending].FirstLayer == l) attending++;
        active = attending;
        var before = x; // (V, R, d), of all rows also in the last layer: they are attended to
        if (attending > old) Some(before, old, attending).copy_(plan.Gather(run.Layers[l].ResidPre).unsqueeze(0));
        if (plan.Live && l == model.Config.Layers - 1 && plan.Depth > 1)
        {
            Narrow();
            x.MoveToOuterDisposeScope();
        }
        var read = model.Config.Parallel ? x.clone() : x; // by the MLP: a parallel layer's does not see its attention
        if (plan.Live)
        {
            Attend(l, before, 0, old, fresh: false);
            AddBaseAttention(l, old, entered);
            Attend(l, before, entered, attending, fresh: true);
        }
        else
        {
            AddBaseAttention(l, 0, attending);
        }
        Tensor Rows(Tensor of) => Some(of, 0, attending).view(-1, model.Config.Width); // (active·R, d)
        if (attending > 0) model.AddMlp(l, Rows(x), Rows(read));
    }

    // From here on only each prompt's last token matters: (V, R, d) -> (V, N', d).
    private void Narrow()
    {
        var target = plan.OnlyLast();
        var last = zeros([variants.Length, target.Rows, model.Config.Width], dtype: model.Dtype, device: model.Device);
        if (plan.Find(run.Prompts.Last) is { } from)
            last.index_copy_(1, target.Find(run.Prompts.Last)!.Rows, x.index_select(1, from.Rows));
        (x, rows) = (last, target);
    }

    // Attention that no variant changes but by edits of z: the base's output, plus (z' - z) Wo of the edited heads.
    private void AddBaseAttention(int l, int from, int to)
    {
        if (to <= from) return;
        var kept = run.Layers[l];
        // What is not added as it is is summed apart, for a norm of the sum is no sum of norms.
        var sums = Some(x, from, to); // (to - from, R, d)
        if (model.SumsAreAdded)
            sums.add_((rows.Gather(kept.ResidMid) - rows.Gather(kept.ResidPre)).unsqueeze(0), Number.One); // of (R, d)
        else
            sums = model.AttentionSum(l, rows.Gather(kept.Z).flatten(1)).unsqueeze(0).repeat(to - from, 1, 1);
        var baseZ = new Dictionary<RowSet, Tensor>(ReferenceEqualityComparer.Instance); // (m, H, dh) each
        for (var v = from; v < to; v++)
        {
            foreach (var edit in variants[v].Edits)
            {
                if (edit.Head.Layer != l || edit.Site != Site.Z || rows.Find(edit.Positions) is not { } at) continue;
                using var scope = NewDisposeScope();
                if (!baseZ.TryGetValue(at, out var z))
                {
                    z = kept.Z.index_select(0, rows.BaseRows.index_select(0, at.Rows)).MoveToOuterDisposeScope();
                    baseZ[at] = z;
                }
                using var taken = (1 - edit.Keep).ToScalar();
                var change = (Value(edit, at) - z.select(1, edit.Head.Index)).mul_(taken); // (m, dh)
                var output = model.OutputOf(edit.Head.Layer, edit.Head.Index); // (dh, d)
                model.CountProduct(change.shape[0], change.shape[1], model.Config.Width);
                if (at.Identity) sums.select(0, v - from).addmm_(change, output);
                else sums.select(0, v - from).index_add_(0, at.Rows, change.mm(output), Number.One);
            }
        }
        if (!model.SumsAreAdded) Some(x, from, to).add_(model.AttentionOutput(l, sums), Number.One);
    }

    // Attention of variants from..to, computed anew in blocks; fresh ones enter here and still have the base's q, k and
    // v but for their edits. before is (V, R, d).
    private void Attend(int l, Tensor before, int from, int to, bool fresh)
    {
        if (to <= from) return;
        var block = Math.Max(1, 2 * model.BlockRows / plan.Rows);
        var attention = new ConeAttention(run, plan, rows, l);
        for (var first = from; first < to; first += block)
        {
            using var scope = NewDisposeScope();
            var last = Math.Min(to, first + block);
            var part = variants[first..last];
            var z = fresh ? attention.Fresh(part) : attention.Changed(part, Some(before, first, last)); // (·, H·dh)
            model.AddAttention(l, Some(x, first, last).view(-1, model.Config.Width), z);
        }
    }

    // Probes of one site and one set of positions, read from the active variants.
    private void ReadProbes(int l, (Probe Probe, Tensor Output)[] probes)
    {
        var (site, positions) = (probes[0].Probe.Site, probes[0].Probe.Positions);
        if (active == 0 || plan.Find(positions) is not { } at) return;
        using var scope = NewDisposeScope();
        var found = Some(x, 0, active); // (active, R, d)
        if (!at.Identity) found = found.index_select(1, at.Rows); // (active, m, d)
        var h = model.AttentionInput(l, found.reshape(-1, model.Config.Width));
        int[] heads = [.. probes.Select(p => p.Probe.Head.Index)];
        var read = model.ProjectHeads(l, site, heads, h); // (active·m, probes, dh)
        for (var i = 0; i < probes.Length; i++)
        {
            var value = read.select(1, i).view(active, -1, model.Config.HeadWidth); // (active, m, dh)
            var output = Some(probes[i].Output, 0, active); // (active, N, dh)
            if (at.AllPrompts) output.copy_(value);
            else output.index_copy_(1, at.Prompts, value);
        }
    }

    private static bool TouchesAttention(Variant variant, int l) =>
        variant.Edits.Any(e => e.Site != Site.Z && e.Head.Layer == l) || variant.Knockouts.Any(k => k.FromLayer <= l)
        || variant.Seen.Any(s => s.Head.Layer == l) || variant.Refreshes.Any(r => r.FromLayer <= l);

    private static Tensor Some(Tensor variants, int from, int to) => variants.narrow(0, from, to - from);

    /// <summary>An edit's value at the rows found: (m, dh).</summary>
    internal static Tensor Value(HeadEdit edit, RowSet rows) =>
        rows.AllPrompts ? edit.Value.alias() : edit.Value.index_select(0, rows.Prompts);
}
