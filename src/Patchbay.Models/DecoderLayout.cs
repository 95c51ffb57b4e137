namespace Patchbay.Models;

/// <summary>Names and shapes of a model's tensors, as Hugging Face has them for Llama; <see cref="Families.Family"/>
/// tells where other families' checkpoints have them.</summary>
internal static class DecoderLayout
{
    public const string EmbeddingModule = "model.embed_tokens";
    public const string Embedding = EmbeddingModule + ".weight";
    public const string Positions = "model.embed_positions.weight";
    public const string FinalNorm = "model.norm.weight";
    public const string FinalNormBias = "model.norm.bias";
    public const string UnembeddingModule = "lm_head";
    public const string Unembedding = UnembeddingModule + ".weight";
    public const string UnembeddingBias = UnembeddingModule + ".bias";

    /// <summary>"model.layers.{layer}.{part}", a module such as part "self_attn.q_proj".</summary>
    public static string Module(int layer, string part) => $"model.layers.{layer}.{part}";

    /// <summary>Name of a module's weight.</summary>
    public static string Weight(int layer, string part) => Module(layer, part) + ".weight";

    /// <summary>The linear modules of one layer: part, outputs, inputs, whether a bias belongs to it.</summary>
    public static IEnumerable<(string Part, long Outputs, long Inputs, bool Bias)> Linear(DecoderConfig c)
    {
        long d = c.Width, q = (long)c.Heads * c.HeadWidth, kv = (long)c.KeyValueHeads * c.HeadWidth, f = c.FeedForward;
        yield return ("self_attn.q_proj", q, d, c.QkvBias);
        yield return ("self_attn.k_proj", kv, d, c.QkvBias);
        yield return ("self_attn.v_proj", kv, d, c.QkvBias);
        yield return ("self_attn.o_proj", d, q, c.OutputBias);
        if (c.Gated) yield return ("mlp.gate_proj", f, d, c.MlpBias);
        yield return ("mlp.up_proj", f, d, c.MlpBias);
        yield return ("mlp.down_proj", d, f, c.MlpBias);
    }

    /// <summary>The norms of one layer and their widths. What Gemma 2 calls post_attention_layernorm is
    /// self_attn.out_norm here, for Llama calls the MLP's norm so.</summary>
    public static IEnumerable<(string Part, long Width)> Norms(DecoderConfig c)
    {
        if (c.NormsInputs) yield return ("input_layernorm", c.Width);
        if (c.NormsInputs && !c.SharesNorm) yield return ("post_attention_layernorm", c.Width);
        if (c.NormsOutputs) yield return ("self_attn.out_norm", c.Width);
        if (c.NormsOutputs) yield return ("mlp.out_norm", c.Width);
        if (c.QueryKeyNorm == QueryKeyNorm.None) yield break;
        var whole = c.QueryKeyNorm == QueryKeyNorm.Whole;
        yield return ("self_attn.q_norm", (whole ? c.Heads : 1) * c.HeadWidth);
        yield return ("self_attn.k_norm", (whole ? c.KeyValueHeads : 1) * c.HeadWidth);
    }

    /// <summary>The tensors of one layer: names in it, such as "self_attn.q_proj.weight", and shapes.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Layer(DecoderConfig c)
    {
        foreach (var (part, width) in Norms(c))
        {
            yield return (part + ".weight", [width]);
            if (c.Norm == NormKind.Layer) yield return (part + ".bias", [width]);
        }
        foreach (var (part, outputs, inputs, bias) in Linear(c))
        {
            yield return (part + ".weight", [outputs, inputs]);
            if (bias) yield return (part + ".bias", [outputs]);
        }
    }

    /// <summary>Every tensor but the embedding and the unembedding's weight, layer by layer, with its shape.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Inner(DecoderConfig c)
    {
        if (c.LearnedPositions) yield return (Positions, [c.MaxPositions, c.Width]);
        for (var layer = 0; layer < c.Layers; layer++)
            foreach (var (name, shape) in Layer(c)) yield return (Module(layer, name), shape);
        yield return (FinalNorm, [c.Width]);
        if (c.Norm == NormKind.Layer) yield return (FinalNormBias, [c.Width]);
        if (c.UnembeddingBias) yield return (UnembeddingBias, [c.Vocabulary]);
    }
}
