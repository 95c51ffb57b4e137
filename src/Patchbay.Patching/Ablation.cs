using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>Heads that keep their own z at one position of each prompt.</summary>
/// <param name="Positions">Where in each prompt: N positions.</param>
/// <param name="Heads">Which heads.</param>
public sealed record KeptHeads(int[] Positions, IReadOnlyList<Head> Heads);

/// <summary>
/// Mean ablation of a whole run: z of every head is its mean over other prompts at the same position, but for the heads kept
/// (Wang et al. 2022; method, section 4).
/// </summary>
/// <param name="Mean">Mean z by layer: (T, H, dh), T at least the prompts' length.</param>
/// <param name="Kept">Heads that keep their own z; several may be at one position.</param>
/// <param name="Elsewhere">Whether all heads keep their z at positions that <paramref name="Kept"/> does not name.</param>
public sealed record Ablation(IReadOnlyList<Tensor> Mean, IReadOnlyList<KeptHeads> Kept, bool Elsewhere = false)
{
    /// <summary>Mean z of every layer and position over prompts: L tensors (T, H, dh). Where prompts differ in length, a position's
    /// mean is over those that reach it. The caller frees them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    public static Tensor[] MeanOf(Llama model, PaddedPrompts prompts)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var c = model.Config;
        var tokens = prompts.Tokens;
        var sums = Enumerable.Range(0, c.Layers)
            .Select(_ => zeros([tokens, c.Heads, c.HeadWidth], dtype: ScalarType.Float64, device: model.Device)).ToArray();
        var reached = Enumerable.Range(0, tokens).Select(t => (double)prompts.Last.Count(last => last >= t)).ToArray();
        Prefill.Run(model, prompts, c.Layers, 0, wantFinal: false, visit =>
        {
            using var inner = NewDisposeScope();
            var real = new double[visit.Count * tokens];
            for (var r = 0; r < real.Length; r++) real[r] = r % tokens <= prompts.Last[visit.First + r / tokens] ? 1 : 0;
            var z = visit.Z.view(visit.Count, tokens, c.Heads, c.HeadWidth).to(ScalarType.Float64);
            sums[visit.Layer].add_((z * tensor(real).to(model.Device).view(visit.Count, tokens, 1, 1)).sum([0]));
        });
        var count = tensor(reached).to(model.Device).view(tokens, 1, 1);
        return [.. sums.Select(sum => (sum / count).to(model.Dtype).DetachFromDisposeScope())];
    }

    /// <summary>Refuses means that the prompts do not fit.</summary>
    /// <exception cref="ArgumentException">A prompt is longer than the prompts that the means are of.</exception>
    public void Check(PaddedPrompts prompts)
    {
        if (Mean[0].shape[0] < prompts.Tokens)
            throw new ArgumentException($"a prompt has {prompts.Tokens} tokens, but the mean activations are of prompts of at most {Mean[0].shape[0]}");
    }

    /// <summary>The ablated z of some rows, positions from..T-1 of prompts first, first + 1, ...: (n·Tr, H, dh).</summary>
    internal Tensor Apply(int layer, int first, int from, int tokens, Tensor z)
    {
        using var scope = NewDisposeScope();
        var (width, heads) = (tokens - from, z.shape[1]);
        var count = (int)(z.shape[0] / width);
        var keep = new bool[count * width * heads];
        for (var n = 0; n < count; n++)
        {
            for (var t = from; t < tokens; t++)
            {
                var here = Kept.Where(k => k.Positions[first + n] == t).ToArray();
                var row = keep.AsSpan((int)((n * width + t - from) * heads), (int)heads);
                if (here.Length == 0) row.Fill(Elsewhere);
                foreach (var head in here.SelectMany(k => k.Heads).Where(h => h.Layer == layer)) row[head.Index] = true;
            }
        }
        var mask = tensor(keep).to(z.device).view(count, width, heads, 1);
        var mean = Mean[layer].narrow(0, from, width).unsqueeze(0);
        return where(mask, z.view(count, width, heads, -1), mean).view(z.shape).MoveToOuterDisposeScope();
    }
}
