using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Weights to begin with (docs/lab.md says which of these choices made binding form).</summary>
public static class Initialization
{
    /// <summary>
    /// Embeddings of unit variance, tied, with logits scaled by width^-1/2 in the final norm's weight, so that copying a token is
    /// easy from the start; matrices of variance 1/inputs, those that write to the residual stream smaller by √(2L); norms 1.
    /// </summary>
    public static void Draw(FlatWeights weights, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed(unchecked((long)seed));
        var c = weights.Config;
        foreach (var place in weights.Places)
        {
            var w = FlatWeights.View(weights.Values, place);
            if (place.Shape.Length == 1) w.fill_(place.Name == "model.norm.weight" && c.TiedEmbeddings ? 1 / Math.Sqrt(c.Width) : 1);
            else w.copy_(randn(place.Shape, dtype: ScalarType.Float64) * Spread(place, c.Layers));
        }
    }

    private static double Spread(FlatWeight place, int layers) => place.Name switch
    {
        "model.embed_tokens.weight" => 1,
        var n when n.Contains("o_proj", StringComparison.Ordinal) || n.Contains("down_proj", StringComparison.Ordinal) =>
            1 / Math.Sqrt(place.Shape[1] * 2.0 * layers),
        _ => 1 / Math.Sqrt(place.Shape[1]),
    };
}
