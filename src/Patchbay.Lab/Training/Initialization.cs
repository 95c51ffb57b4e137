using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Weights to begin with (docs/lab.md says which of these choices made binding form).</summary>
public static class Initialization
{
    /// <summary>
    /// Embeddings of unit variance, tied, with logits scaled by width^-1/2 in the final norm's weight, so that copying a token is
    /// easy from the start; matrices of variance 1/(3 inputs); norms 1. Each head's output projection is near the transpose of its
    /// value projection (<paramref name="copying"/> is their correlation), so that a head copies what it attends to before it has learned anything: mimetic
    /// initialization (Trockman and Kolter 2023), with the sign that copies.
    /// </summary>
    /// <param name="weights">The weights, written.</param>
    /// <param name="seed">Seed of all.</param>
    /// <param name="copying">Correlation of output projections with transposed value projections, 0 to 1.</param>
    /// <param name="scaledLogits">Whether tied logits are scaled.</param>
    public static void Draw(FlatWeights weights, ulong seed, double copying = 0.9, bool scaledLogits = true)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed(unchecked((long)seed));
        var c = weights.Config;
        foreach (var place in weights.Places)
        {
            var w = FlatWeights.View(weights.Values, place);
            if (place.Shape.Length == 1) w.fill_(place.Name == "model.norm.weight" && c.TiedEmbeddings && scaledLogits ? 1 / Math.Sqrt(c.Width) : 1);
            else w.copy_(randn(place.Shape, dtype: ScalarType.Float64) * (place.Name == "model.embed_tokens.weight" ? 1
                : Math.Sqrt(1 / (3.0 * place.Shape[1]))));
        }
        for (var l = 0; l < c.Layers; l++)
        {
            var values = FlatWeights.View(weights.Values, weights.Find($"model.layers.{l}.self_attn.v_proj.weight")).view(c.KeyValueHeads,
                c.HeadWidth, c.Width);
            var output = FlatWeights.View(weights.Values, weights.Find($"model.layers.{l}.self_attn.o_proj.weight"));
            var back = values.repeat_interleave(c.GroupSize, dim: 0).view(-1, c.Width).t(); // (d, H·dh)
            output.mul_(Math.Sqrt(1 - copying * copying)).add_(back * (copying * Math.Sqrt(c.Width / (double)(c.Heads * c.HeadWidth))));
        }
    }
}
