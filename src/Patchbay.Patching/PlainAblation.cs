using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>The plain reference of mean ablation: a whole forward pass of all prompts, z replaced layer by layer,
/// nothing kept and nothing skipped.</summary>
public static class PlainAblation
{
    /// <summary>A metric of the ablated model at each prompt's last token: N numbers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="ablation">What is ablated.</param>
    /// <param name="metric">The metric.</param>
    public static double[] Evaluate(Llama model, PaddedPrompts prompts, Ablation ablation, Metric metric)
    {
        ablation.Check(prompts);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var logits = model.Forward(prompts.Ids(0, prompts.Count, model.Device), new Hooks(ablation));
        var (rows, last) = (model.Index(Enumerable.Range(0, prompts.Count)), model.Index(prompts.Last));
        return metric(logits.index(TensorIndex.Tensor(rows), TensorIndex.Tensor(last)), rows).to(ScalarType.Float64).cpu().data<double>().ToArray();
    }

    private sealed class Hooks(Ablation ablation) : ForwardHooks
    {
        public override Tensor Z(int layer, Tensor z)
        {
            var (n, t, h, dh) = (z.shape[0], z.shape[1], z.shape[2], z.shape[3]);
            return ablation.Apply(layer, 0, (int)t, [.. Enumerable.Range(0, (int)(n * t))], z.reshape(n * t, h, dh)).view(n, t, h, dh);
        }
    }
}
