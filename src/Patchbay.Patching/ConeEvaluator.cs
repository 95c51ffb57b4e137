using Patchbay.Models.Libtorch;

namespace Patchbay.Patching;

/// <summary>Evaluates variants by computing only what can differ from the base run: layers from the first edit up, rows
/// that an edit can reach, and where all heads are held only those rows' MLPs. Variants that change the same rows go
/// together.</summary>
public sealed class ConeEvaluator : IVariantEvaluator
{
    private readonly BaseRun run;

    /// <summary>Takes ownership of <paramref name="run"/>; <paramref name="chunkBytes"/> is what the state of the
    /// variants evaluated together may take.</summary>
    public ConeEvaluator(BaseRun run, long chunkBytes = 256L << 20) => (this.run, ChunkBytes) = (run, chunkBytes);

    /// <summary>Bytes that variants evaluated together may take; halved when an allocation fails.</summary>
    public long ChunkBytes { get; private set; }

    /// <summary>How often an allocation failed and the chunk was halved.</summary>
    public int Halvings { get; private set; }

    /// <summary>Called before each chunk with its size; a test may throw from here as an allocator would.</summary>
    internal Action<int>? BeforeChunk { get; init; }

    /// <summary>The base run that variants are of.</summary>
    public BaseRun Run => run;

    /// <inheritdoc/>
    public PaddedPrompts Prompts => run.Prompts;

    /// <inheritdoc/>
    public double[] BaseMetric(Metric metric)
    {
        using var _ = no_grad();
        return run.Metric(metric);
    }

    /// <inheritdoc/>
    public double[,] Evaluate(IReadOnlyList<Variant> variants, Metric metric)
    {
        using var _ = no_grad();
        var results = new double[variants.Count, Prompts.Count];
        var unchanged = run.Metric(metric);
        for (var v = 0; v < variants.Count; v++)
            for (var n = 0; n < Prompts.Count; n++) results[v, n] = unchanged[n];
        ForChunks(variants, run.Model.Config.Layers, (plan, chunk) =>
        {
            if (plan.Find(Prompts.Last) is null) return;
            var final = ConePass.Final(run, plan, [.. chunk.Select(v => variants[v])]); // (chunk, N', d)
            Measure(plan, chunk, final, metric, results);
        });
        return results;
    }

    /// <inheritdoc/>
    public Tensor[] Read(IReadOnlyList<Variant> variants, IReadOnlyList<Probe> probes)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var outputs = probes.Select(p => BaseReading(p, variants.Count)).ToArray();
        var end = probes.Max(p => p.Head.Layer);
        ForChunks(variants, end, (plan, chunk) =>
        {
            // Chunks hold variants in wave order; outputs are in the caller's.
            var own = outputs.Select(o => o.index_select(0, run.Model.Index(chunk))).ToArray();
            ConePass.Read(run, plan, [.. chunk.Select(v => variants[v])], [.. probes.Zip(own)]);
            for (var p = 0; p < outputs.Length; p++) outputs[p].index_copy_(0, run.Model.Index(chunk), own[p]);
        });
        foreach (var output in outputs) output.MoveToOuterDisposeScope();
        return outputs;
    }

    /// <summary>Frees the base run.</summary>
    public void Dispose() => run.Dispose();

    // Calls evaluate with each plan and the variants (indices, in wave order) that go together; variants that enter at
    // or above end change nothing below it and are left out.
    private void ForChunks(IReadOnlyList<Variant> variants, int end, Action<RowPlan, int[]> evaluate)
    {
        foreach (var v in variants) v.Check(run.Model.Config, Prompts);
        var kinds = new KindOf();
        foreach (var kind in Enumerable.Range(0, variants.Count).Where(v => variants[v].FirstLayer < end)
            .GroupBy(v => kinds.Key(variants[v])))
        {
            var order = ConePass.Order(kind, v => variants[v]).ToArray();
            foreach (var plan in RowPlan.For(run, variants[order[0]]))
            {
                using (plan) Chunks(plan, order, evaluate);
            }
        }
    }

    private void Chunks(RowPlan plan, int[] order, Action<RowPlan, int[]> evaluate)
    {
        // A parallel layer's MLP reads a copy, and sums that are normed are made apart.
        var streams = run.Model.Config.Parallel || !run.Model.SumsAreAdded ? 3 : 2;
        var perVariant = (long)plan.Rows * run.Model.Config.Width * run.Model.ElementSize * streams;
        for (var first = 0; first < order.Length;)
        {
            var count = (int)Math.Clamp(ChunkBytes / perVariant, 1, order.Length - first);
            try
            {
                using var scope = NewDisposeScope();
                BeforeChunk?.Invoke(count);
                evaluate(plan, order[first..(first + count)]);
                first += count;
            }
            catch (Exception e) when (count > 1 && TorchRuntime.IsOutOfMemory(e))
            {
                ChunkBytes = perVariant * (count / 2);
                Halvings++;
            }
        }
    }

    private void Measure(RowPlan plan, int[] chunk, Tensor final, Metric metric, double[,] results)
    {
        var count = plan.Prompts.Length;
        var last = plan.OnlyLast().Positions; // one for each of the plan's prompts
        var present = plan.Prompts.Select((p, n) => last[n] == Prompts.Last[p]).ToArray();
        var flat = final.view(-1, final.shape[^1]);
        for (long from = 0; from < flat.shape[0]; from += run.Model.BlockRows)
        {
            using var scope = NewDisposeScope();
            var rows = (int)Math.Min(run.Model.BlockRows, flat.shape[0] - from);
            var prompts = Enumerable.Range((int)from, rows).Select(r => plan.Prompts[r % count]).ToArray();
            var logits = run.Model.Unembed(flat.narrow(0, from, rows)); // (rows, vocabulary)
            var values = metric.Measure(logits, run.Model.Index(prompts));
            for (var r = 0; r < rows; r++)
            {
                var at = (int)from + r;
                if (present[at % count]) results[chunk[at / count], prompts[r]] = values[r];
            }
        }
    }

    // What a probe reads in the base: (N, dh), repeated for each variant.
    private Tensor BaseReading(Probe probe, int variants)
    {
        using var scope = NewDisposeScope();
        var model = run.Model;
        if (probe.Positions.Min() < run.From)
            throw new ArgumentException(
                $"a probe reads position {probe.Positions.Min()}; the base run keeps positions from {run.From} on");
        var rows = model.Index(probe.Positions.Select((p, n) => n * run.Width + p - run.From));
        var layer = probe.Head.Layer;
        var h = model.AttentionInput(layer, run.Layers[layer].ResidPre.index_select(0, rows));
        var value = model.ProjectHeads(layer, probe.Site, [probe.Head.Index], h).view(1, Prompts.Count, -1);
        return value.repeat(variants, 1, 1).MoveToOuterDisposeScope();
    }

    // Tells kinds of variants apart: two are of one kind when they edit, hold and forbid at the same positions,
    // whatever their values.
    private sealed class KindOf
    {
        private readonly Dictionary<Positions, int> ids = [];

        public string Key(Variant v)
        {
            var touched = v.Touched.Select(Id).Distinct().Order();
            var holds = v.Holds.Where(h => h.Heads is null).Select(h => $"{Id(h.From)}-{Id(h.To)}").Distinct().Order();
            return $"{string.Join(',', touched)}|{string.Join(',', holds)}";
        }

        private int Id(Positions positions)
        {
            if (!ids.TryGetValue(positions, out var id)) ids[positions] = id = ids.Count;
            return id;
        }
    }
}
