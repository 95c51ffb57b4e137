namespace Patchbay.Models;

/// <summary>Names and shapes of a Llama checkpoint's tensors, as Hugging Face has them.</summary>
internal static class LlamaLayout
{
    public const string Embedding = "model.embed_tokens.weight";
    public const string FinalNorm = "model.norm.weight";
    public const string UnembeddingModule = "lm_head";
    public const string Unembedding = UnembeddingModule + ".weight";

    // Tables that older checkpoints carry along and that the configuration determines.
    private static readonly string[] Buffers =
        [".rotary_emb.inv_freq", ".rotary_emb.cos_cached", ".rotary_emb.sin_cached", ".masked_bias", ".attn.bias"];

    /// <summary>"model.layers.{layer}.{part}", a module such as part "self_attn.q_proj".</summary>
    public static string Module(int layer, string part) => $"model.layers.{layer}.{part}";

    /// <summary>Name of a module's weight.</summary>
    public static string Weight(int layer, string part) => Module(layer, part) + ".weight";

    /// <summary>Whether a tensor of that name may be there and is not needed.</summary>
    public static bool IsBuffer(string name) => Array.Exists(Buffers, b => name.EndsWith(b, StringComparison.Ordinal));

    /// <summary>The linear modules of one layer: part, outputs, inputs, whether a bias belongs to it.</summary>
    public static (string Part, long Outputs, long Inputs, bool Bias)[] Linear(LlamaConfig c)
    {
        long d = c.Width, q = (long)c.Heads * c.HeadWidth, kv = (long)c.KeyValueHeads * c.HeadWidth, f = c.FeedForward;
        return
        [
            ("self_attn.q_proj", q, d, c.QkvBias), ("self_attn.k_proj", kv, d, c.QkvBias),
            ("self_attn.v_proj", kv, d, c.QkvBias), ("self_attn.o_proj", d, q, c.OutputBias),
            ("mlp.gate_proj", f, d, false), ("mlp.up_proj", f, d, false), ("mlp.down_proj", d, f, false),
        ];
    }

    /// <summary>Every tensor but the embedding and the unembedding, layer by layer, with its shape.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Inner(LlamaConfig c)
    {
        var linear = Linear(c);
        for (var layer = 0; layer < c.Layers; layer++)
        {
            yield return (Weight(layer, "input_layernorm"), [c.Width]);
            yield return (Weight(layer, "post_attention_layernorm"), [c.Width]);
            foreach (var (part, outputs, inputs, bias) in linear)
            {
                yield return (Weight(layer, part), [outputs, inputs]);
                if (bias) yield return (Module(layer, part) + ".bias", [outputs]);
            }
        }
        yield return (FinalNorm, [c.Width]);
    }
}
