namespace Patchbay.Patching;

/// <summary>The plain reference: every variant is a whole forward pass of all prompts with hooks, nothing shared,
/// nothing skipped but the clean run's z, which holding needs. Slow, and short enough to be read and believed;
/// <see cref="ConeEvaluator"/> is tested against it.</summary>
public sealed class ReferenceEvaluator : IVariantEvaluator
{
    private readonly Decoder model;
    private readonly Tensor ids;
    private readonly Capture clean = new();
    private readonly Tensor cleanLast;

    /// <summary>Runs <paramref name="model"/> on <paramref name="prompts"/> once and keeps z of every layer.</summary>
    public ReferenceEvaluator(Decoder model, PaddedPrompts prompts)
    {
        (this.model, Prompts) = (model, prompts);
        model.CheckLength(prompts.Tokens);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        ids = prompts.Ids(0, prompts.Count, model.Device).DetachFromDisposeScope();
        cleanLast = prompts.AtLast(model.Forward(ids, clean)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public PaddedPrompts Prompts { get; }

    /// <inheritdoc/>
    public double[] BaseMetric(Metric metric) => metric.Measure(cleanLast, RowIndex.Below(Prompts.Count, model.Device));

    /// <inheritdoc/>
    public double[,] Evaluate(IReadOnlyList<Variant> variants, Metric metric)
    {
        var results = new double[variants.Count, Prompts.Count];
        for (var v = 0; v < variants.Count; v++)
        {
            using var scope = NewDisposeScope();
            var last = Prompts.AtLast(Forward(variants[v], [], [], 0)); // (N, vocabulary)
            var values = metric.Measure(last, RowIndex.Below(Prompts.Count, model.Device));
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

    /// <summary>Logits of every position in a variant: (N, T, vocabulary).</summary>
    public Tensor Logits(Variant variant) => Forward(variant, [], [], 0);

    /// <summary>A head's z in the clean run, at one position of each prompt: (N, dh).</summary>
    public Tensor CleanZ(Head head, Positions positions) =>
        PaddedPrompts.At(clean.Kept[head.Layer].select(2, head.Index), positions);

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

    private sealed class Capture : ForwardHooks
    {
        public List<Tensor> Kept { get; } = [];

        public override Tensor Z(int layer, Tensor z)
        {
            Kept.Add(z.clone().DetachFromDisposeScope());
            return z;
        }
    }

    // One variant's edits, holds and knockouts, and the probes read on the way.
    private sealed class VariantHooks(
        ReferenceEvaluator owner, Variant variant, IReadOnlyList<Probe> probes, Tensor[] outputs, int index)
        : ForwardHooks
    {
        private readonly Dictionary<Site, Tensor> projections = []; // of the layer under way, edited

        public override Tensor Projection(int layer, Site site, Tensor value)
        {
            foreach (var (probe, output) in probes.Zip(outputs))
                if (probe.Head.Layer == layer && probe.Site == site)
                    output.select(0, index).copy_(PaddedPrompts.At(value.select(2, probe.Head.Index), probe.Positions));
            return projections[site] = Edited(layer, site, value);
        }

        public override Tensor Scores(int layer, Tensor scores)
        {
            foreach (var k in variant.Knockouts.Where(k => k.FromLayer <= layer))
                for (var n = 0; n < k.Query.Count; n++)
                    scores.select(0, n).select(1, k.Query[n]).select(1, k.Key[n]).fill_(Number.Never);
            return scores;
        }

        public override Tensor Z(int layer, Tensor z)
        {
            z = z.clone();
            foreach (var same in variant.Seen.Where(s => s.Head.Layer == layer).GroupBy(s => (s.Head, s.Query)))
                See([.. same], layer, z);
            foreach (var hold in variant.Holds)
            {
                foreach (var head in hold.Heads?.Where(h => h.Layer == layer).Select(h => h.Index)
                    ?? Enumerable.Range(0, (int)z.shape[2]))
                    Restore(hold, head, owner.clean.Kept[layer], z);
            }
            return Edited(layer, Site.Z, z);
        }

        // One head's z where it is held, from the clean run's z into this one's, both (N, T, H, dh).
        private static void Restore(Hold hold, int head, Tensor clean, Tensor z)
        {
            for (var n = 0; n < hold.From.Count; n++)
            {
                int from = Math.Max(0, hold.From[n]), count = Math.Min(hold.To[n], (int)z.shape[1] - 1) - from + 1;
                if (count <= 0) continue;
                Tensor Held(Tensor of) => of.select(0, n).select(1, head).narrow(0, from, count); // (count, dh)
                Held(z).copy_(Held(clean));
            }
        }

        // One head's attention from one position of each prompt, with other keys or values before it: into z (N, T, H,
        // dh).
        private void See(SeenEdit[] edits, int layer, Tensor z)
        {
            var (head, query) = (edits[0].Head.Index, edits[0].Query);
            var positions = RowIndex.Below(z.shape[1], z.device);
            var q = owner.model.Turn(layer, projections[Site.Q], positions).select(2, head); // (N, T, dh)
            var (k, v) = (projections[Site.K].select(2, head).clone(), projections[Site.V].select(2, head).clone());
            foreach (var edit in edits)
            {
                var seen = edit.Site == Site.K ? k : v; // (N, T, dh)
                for (var n = 0; n < query.Count; n++)
                    seen.select(0, n).narrow(0, 0, query[n]).copy_(edit.Value.select(0, n).narrow(0, 0, query[n]));
            }
            k = owner.model.Turn(layer, k.unsqueeze(2), positions).squeeze(2);
            for (var n = 0; n < query.Count; n++)
            {
                Tensor UpTo(Tensor of) => of.select(0, n).narrow(0, 0, query[n] + 1); // (query + 1, dh)
                var scores = owner.model.Scored(layer, UpTo(k).mv(q.select(0, n).select(0, query[n]))); // (query + 1)
                var keys = positions.narrow(0, 0, query[n] + 1);
                var unseen = owner.model.Unseen(layer, positions.narrow(0, query[n], 1), keys);
                scores.masked_fill_(unseen.squeeze(0), Number.Never);
                foreach (var o in variant.Knockouts)
                    if (o.FromLayer <= layer && o.Query[n] == query[n] && o.Key[n] < query[n])
                        scores.select(0, o.Key[n]).fill_(Number.Never);
                var sum = Decoder.Softmax(scores).unsqueeze(0).mm(UpTo(v)).squeeze(0); // (dh)
                z.select(0, n).select(0, query[n]).select(0, head).copy_(sum);
            }
        }

        private Tensor Edited(int layer, Site site, Tensor value)
        {
            foreach (var e in variant.Edits.Where(e => e.Head.Layer == layer && e.Site == site))
            {
                value = value.clone();
                var current = PaddedPrompts.At(value.select(2, e.Head.Index), e.Positions); // (N, dh)
                using var kept = e.Keep.ToScalar();
                using var taken = (1 - e.Keep).ToScalar();
                var changed = current.mul(kept).add(e.Value.mul(taken), Number.One);
                for (var n = 0; n < e.Positions.Count; n++)
                    value.select(0, n).select(0, e.Positions[n]).select(0, e.Head.Index).copy_(changed.select(0, n));
            }
            return value;
        }
    }
}
