namespace Patchbay.Patching;

/// <summary>Heads that keep their own z at one position of each prompt.</summary>
/// <param name="Positions">Where in each prompt: N positions.</param>
/// <param name="Heads">Which heads.</param>
public sealed record KeptHeads(Positions Positions, IReadOnlyList<Head> Heads);

/// <summary>Mean ablation of a whole run: z of every head is its mean over other prompts at the same position, but for
/// the heads kept (Wang et al. 2022; method, section 4).</summary>
/// <param name="Mean">Mean z by layer: (T, H, dh), T at least the prompts' length.</param>
/// <param name="Kept">Heads that keep their own z; several may be at one position.</param>
/// <param name="Elsewhere">Whether all heads keep z at positions that <paramref name="Kept"/> does not name.</param>
public sealed record Ablation(IReadOnlyList<Tensor> Mean, IReadOnlyList<KeptHeads> Kept, bool Elsewhere = false)
{
    /// <summary>Mean z of every layer and position over prompts: L tensors (T, H, dh). Where prompts differ in length,
    /// a position's mean is over those that reach it. The caller frees them.</summary>
    public static Tensor[] MeanOf(Decoder model, PaddedPrompts prompts)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var c = model.Config;
        var tokens = prompts.Tokens;
        Tensor[] sums = [.. Enumerable.Range(0, c.Layers).Select(_ =>
            zeros([tokens, c.Heads, c.HeadWidth], dtype: ScalarType.Float64, device: model.Device))];
        double[] reached = [.. Enumerable.Range(0, tokens).Select(t => prompts.Last.Count(last => last >= t))];
        Prefill.Run(model, prompts, c.Layers, 0, wantFinal: false, visit =>
        {
            using var inner = NewDisposeScope();
            // How many prompts have each row, padding not counted: z is summed once for each.
            var times = new double[visit.Rows.Ids.Length];
            for (var place = 0; place < visit.Rows.Row.Length; place++)
                if (place % tokens <= prompts.Last[visit.First + place / tokens]) times[visit.Rows.Row[place]]++;
            var z = visit.Z.to(ScalarType.Float64) * tensor(times, device: model.Device).view(-1, 1, 1); // (R, H, dh)
            sums[visit.Layer].index_add_(0, model.Index(visit.Rows.Positions), z, Number.One);
        });
        var count = tensor(reached, device: model.Device).view(tokens, 1, 1);
        return [.. sums.Select(sum => (sum / count).to(model.Dtype).DetachFromDisposeScope())];
    }

    /// <summary>Refuses means that the prompts do not fit.</summary>
    /// <exception cref="ArgumentException">Positions are too many, or a prompt is longer than those that the means are
    /// of.</exception>
    public void Check(PaddedPrompts prompts)
    {
        if (Kept.Count > 31)
            throw new ArgumentException($"heads may be kept at 31 positions of a prompt at most, not {Kept.Count}");
        if (Mean[0].shape[0] >= prompts.Tokens) return;
        throw new ArgumentException($"a prompt has {prompts.Tokens} tokens, but the mean activations are of prompts " +
            $"of at most {Mean[0].shape[0]}");
    }

    /// <summary>Which of <see cref="Kept"/> are at a position of a prompt, as bits.</summary>
    internal int KeptAt(int prompt, int position)
    {
        var bits = 0;
        for (var k = 0; k < Kept.Count; k++)
            if (Kept[k].Positions[prompt] == position) bits |= 1 << k;
        return bits;
    }

    /// <summary>The ablated z, (R, H, dh), of rows at places n·T + t: position t of prompt first + n.</summary>
    internal Tensor Apply(int layer, int first, int tokens, int[] places, Tensor z)
    {
        using var scope = NewDisposeScope();
        var heads = (int)z.shape[1];
        var keep = new bool[places.Length * heads];
        for (var r = 0; r < places.Length; r++)
        {
            var kept = KeptAt(first + places[r] / tokens, places[r] % tokens);
            var row = keep.AsSpan(r * heads, heads);
            if (kept == 0) row.Fill(Elsewhere);
            for (var k = 0; k < Kept.Count; k++)
            {
                if ((kept >> k & 1) == 0) continue;
                foreach (var head in Kept[k].Heads.Where(h => h.Layer == layer)) row[head.Index] = true;
            }
        }
        var mean = Mean[layer].index_select(0, RowIndex.Of(places.Select(p => p % tokens), z.device)); // (R, H, dh)
        return where(tensor(keep, device: z.device).view(-1, heads, 1), z, mean).MoveToOuterDisposeScope();
    }
}

/// <summary>The plain reference of mean ablation: a whole forward pass of all prompts, z replaced layer by layer,
/// nothing kept and nothing skipped.</summary>
public static class PlainAblation
{
    /// <summary>A metric of the ablated model at each prompt's last token: N numbers.</summary>
    public static double[] Evaluate(Decoder model, PaddedPrompts prompts, Ablation ablation, Metric metric)
    {
        ablation.Check(prompts);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var logits = model.Forward(prompts.Ids(0, prompts.Count, model.Device), new Hooks(ablation));
        return metric.Measure(prompts.AtLast(logits), RowIndex.Below(prompts.Count, model.Device));
    }

    private sealed class Hooks(Ablation ablation) : ForwardHooks
    {
        public override Tensor Z(int layer, Tensor z)
        {
            var (rows, tokens) = (z.flatten(0, 1), (int)z.shape[1]); // (N·T, H, dh)
            return ablation.Apply(layer, 0, tokens, [.. Enumerable.Range(0, (int)rows.shape[0])], rows).view(z.shape);
        }
    }
}
