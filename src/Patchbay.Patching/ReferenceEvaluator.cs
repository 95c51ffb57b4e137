using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>
/// The plain reference: every variant is a whole forward pass of all prompts with hooks, nothing shared, nothing
/// skipped but the clean run's z, which holding needs. Slow, and short enough to be read and believed;
/// <see cref="ConeEvaluator"/> is tested against it.
/// </summary>
public sealed class ReferenceEvaluator : IVariantEvaluator
{
    private readonly Llama model;
    private readonly Tensor ids;
    private readonly Capture clean = new();
    private readonly Tensor cleanLast;

    /// <summary>Runs <paramref name="model"/> on <paramref name="prompts"/> once and keeps z of every layer.</summary>
    public ReferenceEvaluator(Llama model, PaddedPrompts prompts)
    {
        (this.model, Prompts) = (model, prompts);
        model.CheckLength(prompts.Tokens);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        ids = prompts.Ids(0, prompts.Count, model.Device).DetachFromDisposeScope();
        cleanLast = LastLogits(model.Forward(ids, clean)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public PaddedPrompts Prompts { get; }

    /// <inheritdoc/>
    public double[] BaseMetric(Metric metric) => Measure(cleanLast, metric);

    /// <inheritdoc/>
    public double[,] Evaluate(IReadOnlyList<Variant> variants, Metric metric)
    {
        var results = new double[variants.Count, Prompts.Count];
        for (var v = 0; v < variants.Count; v++)
        {
            using var scope = NewDisposeScope();
            var values = Measure(LastLogits(Forward(variants[v], [], [], 0)), metric);
            for (var n = 0; n < Prompts.Count; n++) results[v, n] = values[n];
        }
        return results;
    }

    /// <inheritdoc/>
    public Tensor[] Read(IReadOnlyList<Variant> variants, IReadOnlyList<Probe> probes)
    {
        using var scope = NewDisposeScope();
        var outputs = probes.Select(_ => zeros([variants.Count, Prompts.Count, model.Config.HeadWidth],
            dtype: model.Dtype, device: model.Device)).ToArray();
        for (var v = 0; v < variants.Count; v++)
        {
            using var inner = NewDisposeScope();
            Forward(variants[v], probes, outputs, v);
        }
        foreach (var output in outputs) output.MoveToOuterDisposeScope();
        return outputs;
    }

    /// <summary>Frees what was kept of the clean run.</summary>
    public void Dispose()
    {
        ids.Dispose();
        cleanLast.Dispose();
        foreach (var z in clean.Kept) z.Dispose();
    }

    private Tensor Forward(Variant variant, IReadOnlyList<Probe> probes, Tensor[] outputs, int index)
    {
        using var _ = no_grad();
        variant.Check(model.Config, Prompts);
        return model.Forward(ids, new VariantHooks(this, variant, probes, outputs, index));
    }

    private double[] Measure(Tensor last, Metric metric)
    {
        using var scope = NewDisposeScope();
        return metric(last, model.Index(Enumerable.Range(0, Prompts.Count))).to(ScalarType.Float64)
            .cpu().data<double>().ToArray();
    }

    /// <summary>(N, T, vocabulary) -> (N, vocabulary) at each prompt's last token.</summary>
    private Tensor LastLogits(Tensor logits) =>
        logits.index(TensorIndex.Tensor(model.Index(Enumerable.Range(0, Prompts.Count))),
            TensorIndex.Tensor(model.Index(Prompts.Last)));

    private sealed class Capture : ForwardHooks
    {
        public List<Tensor> Kept { get; } = [];

        public override Tensor Z(int layer, Tensor z)
        {
            Kept.Add(z.clone().DetachFromDisposeScope());
            return z;
        }
    }

    /// <summary>One variant's edits, holds and knockouts, and the probes read on the way.</summary>
    private sealed class VariantHooks(
        ReferenceEvaluator owner, Variant variant, IReadOnlyList<Probe> probes, Tensor[] outputs, int index) : ForwardHooks
    {
        private readonly Dictionary<Site, Tensor> projections = []; // of the layer under way, edited

        public override Tensor Projection(int layer, Site site, Tensor value)
        {
            for (var p = 0; p < probes.Count; p++)
                if (probes[p].Head.Layer == layer && probes[p].Site == site)
                    outputs[p].select(0, index).copy_(At(value, probes[p].Head.Index, probes[p].Positions));
            return projections[site] = Edited(layer, site, value);
        }

        public override Tensor Scores(int layer, Tensor scores)
        {
            foreach (var k in variant.Knockouts.Where(k => k.FromLayer <= layer))
                for (var n = 0; n < k.Query.Length; n++)
                    scores.select(0, n).select(1, k.Query[n]).select(1, k.Key[n]).fill_(Number.Never);
            return scores;
        }

        public override Tensor Z(int layer, Tensor z)
        {
            z = z.clone();
            foreach (var same in variant.Seen.Where(s => s.Head.Layer == layer).GroupBy(s => (s.Head, s.Query))) See([.. same], layer, z);
            foreach (var hold in variant.Holds)
            {
                var heads = hold.Heads?.Where(h => h.Layer == layer).Select(h => h.Index) ?? Enumerable.Range(0, (int)z.shape[2]);
                foreach (var head in heads)
                {
                    for (var n = 0; n < hold.From.Length; n++)
                    {
                        int from = Math.Max(0, hold.From[n]), count = Math.Min(hold.To[n], (int)z.shape[1] - 1) - from + 1;
                        if (count <= 0) continue;
                        z.select(0, n).select(1, head).narrow(0, from, count)
                            .copy_(owner.clean.Kept[layer].select(0, n).select(1, head).narrow(0, from, count));
                    }
                }
            }
            return Edited(layer, Site.Z, z);
        }

        /// <summary>One head's attention from one position of each prompt, with other keys or values before it: into z
        /// (N, T, H, dh).</summary>
        private void See(SeenEdit[] edits, int layer, Tensor z)
        {
            var (head, query) = (edits[0].Head.Index, edits[0].Query);
            var positions = RowIndex.Below(z.shape[1], z.device);
            var q = owner.model.Rope(projections[Site.Q], positions).select(2, head);
            var (k, v) = (projections[Site.K].select(2, head).clone(), projections[Site.V].select(2, head).clone());
            foreach (var edit in edits)
                for (var n = 0; n < query.Length; n++)
                    (edit.Site == Site.K ? k : v).select(0, n).narrow(0, 0, query[n]).copy_(edit.Value.select(0, n).narrow(0, 0, query[n]));
            k = owner.model.Rope(k.unsqueeze(2), positions).squeeze(2);
            for (var n = 0; n < query.Length; n++)
            {
                var scores = k.select(0, n).narrow(0, 0, query[n] + 1)
                    .mv(q.select(0, n).select(0, query[n])).div(owner.model.Scale);
                foreach (var o in variant.Knockouts.Where(o => o.FromLayer <= layer && o.Query[n] == query[n] && o.Key[n] < query[n]))
                    scores.select(0, o.Key[n]).fill_(Number.Never);
                z.select(0, n).select(0, query[n]).select(0,
                    head).copy_(Llama.Softmax(scores).unsqueeze(0).mm(v.select(0, n).narrow(0, 0, query[n] + 1)).squeeze(0));
            }
        }

        private Tensor Edited(int layer, Site site, Tensor value)
        {
            foreach (var e in variant.Edits.Where(e => e.Head.Layer == layer && e.Site == site))
            {
                value = value.clone();
                var current = At(value, e.Head.Index, e.Positions);
                using var kept = e.Keep.ToScalar();
                using var taken = (1 - e.Keep).ToScalar();
                var changed = current.mul(kept).add(e.Value.mul(taken), Number.One);
                for (var n = 0; n < e.Positions.Length; n++)
                    value.select(0, n).select(0, e.Positions[n]).select(0, e.Head.Index).copy_(changed.select(0, n));
            }
            return value;
        }

        /// <summary>(N, T, H, dh) -> (N, dh) of one head at one position of each prompt.</summary>
        private Tensor At(Tensor value, int head, int[] positions) =>
            value.select(2, head).index(TensorIndex.Tensor(owner.model.Index(Enumerable.Range(0, positions.Length))),
                TensorIndex.Tensor(owner.model.Index(positions)));
    }
}
