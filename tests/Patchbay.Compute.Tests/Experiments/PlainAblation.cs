using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Tests;

/// <summary>The plain reference of mean ablation: whole forward passes, one prompt at a time, z of every head at every
/// position either its own or the mean.</summary>
internal static class PlainAblation
{
    /// <summary>Mean z by [layer][position]: (H, dh), over the prompts that reach the position.</summary>
    public static Tensor[][] Mean(Decoder model, IReadOnlyList<int[]> prompts)
    {
        var seen = prompts.Select(prompt =>
        {
            var watch = new Watch();
            model.Forward(Ids(prompt), watch).Dispose();
            return watch.Seen;
        }).ToArray();
        return
        [
            .. Enumerable.Range(0, model.Config.Layers).Select(l => Enumerable.Range(0, prompts.Max(p => p.Length))
                .Select(t => stack([.. seen.Where((_, n) => prompts[n].Length > t)
                    .Select(z => z[l].select(1, t).squeeze(0))], 0).mean([0])).ToArray()),
        ];
    }

    /// <summary>Probability of each prompt's answer where <paramref name="keeps"/> (prompt, position, head) says which
    /// heads keep their z.</summary>
    public static double[] Probability(Decoder model, IReadOnlyList<Prompt> prompts, Tensor[][] mean, Func<Prompt, int,
        Head, bool> keeps) =>
        [.. prompts.Select(p =>
        {
            using var scope = NewDisposeScope();
            var logits = model.Forward(Ids(p.Clean.Ids), new Ablate(mean, (t, h) => keeps(p, t, h)));
            return logits.select(1, p.Clean.Ids.Length - 1).softmax(-1).select(1, p.Answer).item<double>();
        })];

    private static Tensor Ids(int[] prompt) => tensor(Array.ConvertAll(prompt, i => (long)i)).unsqueeze(0);

    private sealed class Watch : ForwardHooks
    {
        public List<Tensor> Seen { get; } = [];

        public override Tensor Z(int layer, Tensor z)
        {
            Seen.Add(z.clone().DetachFromDisposeScope());
            return z;
        }
    }

    private sealed class Ablate(Tensor[][] mean, Func<int, Head, bool> keeps) : ForwardHooks
    {
        public override Tensor Z(int layer, Tensor z)
        {
            z = z.clone();
            for (var t = 0; t < z.shape[1]; t++)
                for (var h = 0; h < z.shape[2]; h++)
                    if (!keeps(t, new Head(layer, h))) z.select(0, 0).select(0, t).select(0,
                        h).copy_(mean[layer][t].select(0, h));
            return z;
        }
    }
}
