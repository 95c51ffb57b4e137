using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>
/// One pass of V variants over the rows of a plan: layer by layer, the variants whose first edit lies at or below the
/// layer ride the same matrix products (a wavefront). The state is the residual stream of their dirty rows, (V, R, d);
/// all else comes from the base run. In the last layer only each prompt's last token goes on.
/// </summary>
internal sealed class ConePass
{
    private readonly BaseRun run;
    private readonly Llama model;
    private readonly RowPlan plan;
    private readonly IReadOnlyList<Variant> variants;

    /// <param name="run">The base.</param>
    /// <param name="plan">Rows that the variants can change.</param>
    /// <param name="variants">In the order of <see cref="Order"/>.</param>
    public ConePass(BaseRun run, RowPlan plan, IReadOnlyList<Variant> variants) =>
        (this.run, model, this.plan, this.variants) = (run, run.Model, plan, variants);

    /// <summary>Sorts by first layer, those that enter by z alone before those that enter through attention.</summary>
    public static IEnumerable<T> Order<T>(IEnumerable<T> items, Func<T, Variant> variant) =>
        items.OrderBy(i => variant(i).FirstLayer).ThenBy(i => TouchesAttention(variant(i), variant(i).FirstLayer));

    /// <summary>Final residual stream of each variant at each prompt's last token: (V, N', d), meaningless where that
    /// is not among the rows.</summary>
    public Tensor Final()
    {
        using var scope = NewDisposeScope();
        var state = Start();
        for (var l = variants[0].FirstLayer; l < model.Config.Layers; l++) Layer(state, l);
        if (state.Plan.Depth > 1) Narrow(state);
        return state.X.MoveToOuterDisposeScope();
    }

    /// <summary>Reads probes into their outputs, each (V, N, dh) and already holding the base's values.</summary>
    public void Read(IReadOnlyList<(Probe Probe, Tensor Output)> probes)
    {
        using var scope = NewDisposeScope();
        var state = Start();
        var end = probes.Max(p => p.Probe.Head.Layer);
        for (var l = variants[0].FirstLayer; l <= end; l++)
        {
            foreach (var same in probes.Where(p => p.Probe.Head.Layer == l).GroupBy(p => (p.Probe.Site, p.Probe.Positions)))
                ReadProbes(state, l, [.. same]);
            if (l < end) Layer(state, l);
        }
    }

    /// <summary>The wave: rows of the residual stream, (V, R, d), of which the first <see cref="Active"/> variants are
    /// set.</summary>
    private sealed class State
    {
        public required Tensor X { get; set; }
        public required RowPlan Plan { get; set; }
        public int Active { get; set; }
    }

    private State Start() => new()
    {
        X = empty([variants.Count, plan.Rows, model.Config.Width], dtype: model.Dtype, device: model.Device),
        Plan = plan,
    };

    private void Layer(State state, int l)
    {
        using var scope = NewDisposeScope();
        int old = state.Active, entered = old, attending;
        while (entered < variants.Count && variants[entered].FirstLayer == l && !TouchesAttention(variants[entered], l)) entered++;
        attending = entered;
        while (attending < variants.Count && variants[attending].FirstLayer == l) attending++;
        state.Active = attending;
        var before = state.X;
        var live = plan.Live;
        if (attending > old) Rows(before, old, attending).copy_(plan.Gather(run.Layers[l].ResidPre).unsqueeze(0));
        if (live && l == model.Config.Layers - 1 && plan.Depth > 1)
        {
            Narrow(state);
            state.X.MoveToOuterDisposeScope();
        }
        if (live)
        {
            Attend(state, l, before, 0, old, fresh: false);
            AddBaseAttention(state, l, old, entered);
            Attend(state, l, before, entered, attending, fresh: true);
        }
        else
        {
            AddBaseAttention(state, l, 0, attending);
        }
        if (attending > 0) model.AddMlp(l, Rows(state.X, 0, attending).view(-1, model.Config.Width));
    }

    /// <summary>From here on only each prompt's last token matters.</summary>
    private void Narrow(State state)
    {
        var target = plan.OnlyLast();
        var rows = plan.Find(run.Prompts.Last);
        var x = zeros([variants.Count, target.Rows, model.Config.Width], dtype: model.Dtype, device: model.Device);
        if (rows is not null)
        {
            var to = target.Find(run.Prompts.Last)!;
            x.index_copy_(1, to.Rows, state.X.index_select(1, rows.Rows));
        }
        (state.X, state.Plan) = (x, target);
    }

    /// <summary>Attention that no variant changes but by edits of z: the base's output, plus (z' - z) Wo of the edited
    /// heads.</summary>
    private void AddBaseAttention(State state, int l, int from, int to)
    {
        if (to <= from) return;
        var kept = run.Layers[l];
        var attention = state.Plan.Gather(kept.ResidMid) - state.Plan.Gather(kept.ResidPre); // (R, d)
        Rows(state.X, from, to).add_(attention.unsqueeze(0), Number.One);
        var baseZ = new Dictionary<RowSet, Tensor>(ReferenceEqualityComparer.Instance);
        for (var v = from; v < to; v++)
        {
            foreach (var edit in variants[v].Edits)
            {
                if (edit.Head.Layer != l || edit.Site != Site.Z || state.Plan.Find(edit.Positions) is not { } rows) continue;
                using var scope = NewDisposeScope();
                if (!baseZ.TryGetValue(rows, out var z))
                    baseZ[rows] = z = kept.Z.index_select(0, state.Plan.BaseRows.index_select(0, rows.Rows)).MoveToOuterDisposeScope();
                using var taken = (1 - edit.Keep).ToScalar();
                var change = (Value(edit, rows) - z.select(1, edit.Head.Index)).mul_(taken); // (m, dh)
                var output = model.OutputOf(edit.Head); // (dh, d)
                model.CountProduct(change.shape[0], change.shape[1], model.Config.Width);
                if (rows.Identity) state.X.select(0, v).addmm_(change, output);
                else state.X.select(0, v).index_add_(0, rows.Rows, change.mm(output), Number.One);
            }
        }
    }

    /// <summary>Attention of variants from..to, computed anew in blocks; <paramref name="fresh"/> ones enter here and
    /// still have the base's q, k and v but for their edits.</summary>
    private void Attend(State state, int l, Tensor before, int from, int to, bool fresh)
    {
        var block = Math.Max(1, 2 * model.BlockRows / plan.Rows);
        if (to <= from) return;
        var attention = new ConeAttention(run, plan, state.Plan, l);
        for (var first = from; first < to; first += block)
        {
            using var scope = NewDisposeScope();
            var last = Math.Min(to, first + block);
            var part = variants.Skip(first).Take(last - first).ToArray();
            var z = fresh ? attention.Fresh(part) : attention.Of(part, Rows(before, first, last));
            model.AddAttention(l, Rows(state.X, first, last).view(-1, model.Config.Width), z);
        }
    }

    private void ReadProbes(State state, int l, (Probe Probe, Tensor Output)[] probes)
    {
        var (site, positions) = (probes[0].Probe.Site, probes[0].Probe.Positions);
        if (state.Active == 0 || plan.Find(positions) is not { } rows) return;
        using var scope = NewDisposeScope();
        var x = Rows(state.X, 0, state.Active);
        if (!rows.Identity) x = x.index_select(1, rows.Rows);
        var h = model.Norm(x.reshape(-1, model.Config.Width), model.Weights.Layers[l].AttentionNorm);
        var read = ProbeReading.Project(model, l, site, [.. probes.Select(p => p.Probe.Head.Index)], h); // (V'·m, probes, dh)
        for (var i = 0; i < probes.Length; i++)
        {
            var value = read.select(1, i).view(state.Active, -1, model.Config.HeadWidth);
            var output = Rows(probes[i].Output, 0, state.Active);
            if (rows.AllPrompts) output.copy_(value);
            else output.index_copy_(1, rows.Prompts, value);
        }
    }

    private static bool TouchesAttention(Variant variant, int l) =>
        variant.Edits.Any(e => e.Site != Site.Z && e.Head.Layer == l) || variant.Knockouts.Any(k => k.FromLayer <= l)
        || variant.Seen.Any(s => s.Head.Layer == l) || variant.Refreshes.Any(r => r.FromLayer <= l);

    private static Tensor Rows(Tensor x, int from, int to) => x.narrow(0, from, to - from);

    /// <summary>An edit's value at the rows found: (m, dh).</summary>
    internal static Tensor Value(HeadEdit edit, RowSet rows) =>
        rows.AllPrompts ? edit.Value.alias() : edit.Value.index_select(0, rows.Prompts);
}
