using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Patching;

/// <summary>Projections of single heads.</summary>
internal static class ProbeReading
{
    /// <summary>q, k or v (before the rotary embedding) of some query heads from normed rows: (R, d) -> (R, heads,
    /// dh).</summary>
    public static Tensor Project(Llama model, int layer, Site site, int[] heads, Tensor h)
    {
        using var scope = NewDisposeScope();
        var dh = model.Config.HeadWidth;
        var index = heads.Select(x => site == Site.Q ? x : x / model.Config.GroupSize)
            .SelectMany(x => Enumerable.Range(x * dh, dh), (_, row) => (long)row).ToArray();
        var rows = tensor(index).to(model.Device);
        model.CountProduct(h.shape[0], h.shape[1], index.Length);
        var (weight, bias) = model.ProjectionOf(layer, site, rows);
        var y = F.linear(h, weight, bias);
        return y.view(h.shape[0], heads.Length, dh).MoveToOuterDisposeScope();
    }
}
