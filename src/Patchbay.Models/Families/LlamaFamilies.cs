using Patchbay.Models.Weights;

namespace Patchbay.Models.Families;

/// <summary>LLaMA 1 to 3 and all who copy it.</summary>
internal sealed class LlamaFamily() : Family("llama", "LlamaForCausalLM")
{
    /// <summary>Spelling of the first conversions of LLaMA-1.</summary>
    public const string First = "LLaMAForCausalLM";

    public override (int? Begin, int? End) DefaultIds => (1, 2);

    public override DecoderConfig Read(JsonFields fields) => ReadLlama(fields);

    /// <summary>Llama's own fields, which other families have too.</summary>
    public static DecoderConfig ReadLlama(JsonFields fields)
    {
        // The second name is that of the first conversions.
        var positions = fields.Integer("max_sequence_length", 1, int.MaxValue, 2048);
        var bias = fields.Flag("attention_bias");
        return (ConfigFields.Sizes(fields, 0, positions) with
        {
            NormEpsilon = fields.Positive("rms_norm_eps", 1e-6),
            QkvBias = bias,
            OutputBias = bias,
            MlpBias = fields.Flag("mlp_bias"),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "hidden_act", "silu"),
        }).WithRope(fields);
    }
}

internal sealed class MistralFamily() : Family("mistral", "MistralForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (1, 2);

    public override DecoderConfig Read(JsonFields fields)
    {
        fields.RefuseIf(fields.Flag("attention_bias"), "attention_bias", "false, because Mistral has none");
        return (ConfigFields.Sizes(fields, null, 131072) with
        {
            NormEpsilon = fields.Positive("rms_norm_eps", 1e-6),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "hidden_act", "silu"),
        }).WithRope(fields).WithWindows(fields, ConfigFields.Window(fields, 4096), _ => true);
    }
}

internal sealed class Qwen2Family() : Family("qwen2", "Qwen2ForCausalLM")
{
    public override DecoderConfig Read(JsonFields fields) =>
        (ReadQwen(fields) with { QkvBias = true }).WithRope(fields);

    /// <summary>What Qwen2 and its followers have alike: a window where use_sliding_window says so, from layer
    /// max_window_layers on.</summary>
    public static DecoderConfig ReadQwen(JsonFields fields, int? headWidth = null)
    {
        var config = ConfigFields.Sizes(fields, null, 32768, headWidth) with
        {
            NormEpsilon = fields.Positive("rms_norm_eps", 1e-6),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "hidden_act", "silu"),
        };
        var window = fields.Flag("use_sliding_window") ? ConfigFields.Window(fields, 4096) : null;
        var from = fields.Integer("max_window_layers", 0, int.MaxValue, 28);
        return config.WithWindows(fields, window, l => l >= from);
    }
}

/// <summary>Qwen2 with norms of q and k by head, and without biases.</summary>
internal sealed class Qwen3Family() : Family("qwen3", "Qwen3ForCausalLM")
{
    public override DecoderConfig Read(JsonFields fields)
    {
        var bias = fields.Flag("attention_bias");
        return (Qwen2Family.ReadQwen(fields, headWidth: 128) with
        {
            QkvBias = bias,
            OutputBias = bias,
            QueryKeyNorm = QueryKeyNorm.Heads,
        }).WithRope(fields);
    }
}

/// <summary>Llama with layers that know no positions.</summary>
internal sealed class SmolLm3Family() : Family("smollm3", "SmolLM3ForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (128000, 128001);

    public override DecoderConfig Read(JsonFields fields)
    {
        var bias = fields.Flag("attention_bias");
        var config = (Qwen2Family.ReadQwen(fields) with
        {
            QkvBias = bias,
            OutputBias = bias,
            MlpBias = fields.Flag("mlp_bias"),
            TiedEmbeddings = fields.Flag("tie_word_embeddings", otherwise: true),
        }).WithRope(fields, theta: 2000000);
        var interval = fields.Integer("no_rope_layer_interval", 1, int.MaxValue, 4);
        var listed = fields.Integers("no_rope_layers", 0, 1); // 1: it turns
        fields.RefuseIf(listed.Count > 0 && listed.Count < config.Layers, "no_rope_layers",
            $"a number for each of {config.Layers} layers");
        bool[] rotated = [.. Enumerable.Range(0, config.Layers)
            .Select(l => listed.Count > 0 ? listed[l] == 1 : (l + 1) % interval != 0)];
        return config with { RotatedLayers = rotated.Contains(false) ? rotated : null };
    }
}

/// <summary>Norms of what attention and MLP write in place of what they read; q and k normed over all heads.</summary>
internal sealed class Olmo2Family() : Family("olmo2", "Olmo2ForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (null, 50279);

    public override DecoderConfig Read(JsonFields fields)
    {
        var bias = fields.Flag("attention_bias");
        return (ConfigFields.Sizes(fields, 0, 2048) with
        {
            NormEpsilon = fields.Positive("rms_norm_eps", 1e-5),
            NormsInputs = false,
            NormsOutputs = true,
            QueryKeyNorm = QueryKeyNorm.Whole,
            QkvBias = bias,
            OutputBias = bias,
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "hidden_act", "silu"),
        }).WithRope(fields);
    }

    public override ModulePlace Place(DecoderConfig config, string part) => new(part switch
    {
        "self_attn.out_norm" => "post_attention_layernorm",
        "mlp.out_norm" => "post_feedforward_layernorm",
        _ => part,
    });
}

/// <summary>Llama with factors: of the embedding, of what is added, of scores and of logits.</summary>
internal sealed class GraniteFamily() : Family("granite", "GraniteForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (1, 2);

    public override DecoderConfig Read(JsonFields fields) => LlamaFamily.ReadLlama(fields) with
    {
        EmbeddingFactor = fields.Positive("embedding_multiplier", 1),
        ResidualFactor = fields.Positive("residual_multiplier", 1),
        ScoreDivisor = 1 / fields.Positive("attention_multiplier", 1),
        LogitDivisor = fields.Positive("logits_scaling", 1),
    };
}

/// <summary>Llama with q, k and v in one projection, gate and up in another, and a window.</summary>
internal sealed class Phi3Family() : Family("phi3", "Phi3ForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (1, 32000);

    public override DecoderConfig Read(JsonFields fields) => (ConfigFields.Sizes(fields, 0, 4096) with
    {
        NormEpsilon = fields.Positive("rms_norm_eps", 1e-5),
        TiedEmbeddings = fields.Flag("tie_word_embeddings"),
        Activation = ConfigFields.ActivationOf(fields, "hidden_act", "silu"),
    }).WithRope(fields, part: 1).WithWindows(fields, ConfigFields.Window(fields, null), _ => true);

    public override ModulePlace Place(DecoderConfig config, string part)
    {
        long f = config.FeedForward;
        return part switch
        {
            "self_attn.q_proj" or "self_attn.k_proj" or "self_attn.v_proj" =>
                new("self_attn.qkv_proj", FusedRows.OfBlocks(config, part)),
            "mlp.gate_proj" => new("mlp.gate_up_proj", new(2 * f, 0, f, f)),
            "mlp.up_proj" => new("mlp.gate_up_proj", new(2 * f, f, f, f)),
            _ => new(part),
        };
    }
}
