using Patchbay.Models.Weights;

namespace Patchbay.Models.Families;

/// <summary>GPT-2: learned positions, layer norms, matrices stored (inputs, outputs).</summary>
internal sealed class Gpt2Family() : Family("gpt2", "GPT2LMHeadModel")
{
    public override (int? Begin, int? End) DefaultIds => (50256, 50256);

    public override string OptionalPrefix => "transformer.";

    protected override string LayerPrefix => "h.";

    public override DecoderConfig Read(JsonFields fields)
    {
        fields.RefuseIf(fields.Flag("add_cross_attention"), "add_cross_attention",
            "false, because there is no encoder");
        return ConfigFields.GptSizes(fields) with
        {
            QkvBias = true,
            OutputBias = true,
            LearnedPositions = true,
            RotaryWidth = 0,
            ScoreDivisor = fields.Flag("scale_attn_weights", otherwise: true) ? null : 1,
            DividesByDepth = fields.Flag("scale_attn_by_inverse_layer_idx"),
            TiedEmbeddings = fields.Flag("tie_word_embeddings", otherwise: true),
            Activation = ConfigFields.ActivationOf(fields, "activation_function", "gelu_new"),
        };
    }

    public override ModulePlace Place(DecoderConfig config, string part) => part switch
    {
        "model.embed_tokens" => new("wte"),
        "model.embed_positions" => new("wpe"),
        "model.norm" => new("ln_f"),
        "input_layernorm" => new("ln_1"),
        "post_attention_layernorm" => new("ln_2"),
        "self_attn.o_proj" => new("attn.c_proj", IsTransposed: true),
        "mlp.up_proj" => new("mlp.c_fc", IsTransposed: true),
        "mlp.down_proj" => new("mlp.c_proj", IsTransposed: true),
        _ when FusedRows.OfBlocks(config, part) is { } rows => new("attn.c_attn", rows, IsTransposed: true),
        _ => new(part),
    };
}

/// <summary>GPT-Neo: GPT-2 with a window in every other layer and scores that are not divided.</summary>
internal sealed class GptNeoFamily() : Family("gpt_neo", "GPTNeoForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (50256, 50256);

    public override string OptionalPrefix => "transformer.";

    protected override string LayerPrefix => "h.";

    public override DecoderConfig Read(JsonFields fields)
    {
        var config = ConfigFields.GptSizes(fields, "num_layers", "num_heads", "hidden_size", "max_position_embeddings",
            "intermediate_size") with
        {
            OutputBias = true,
            LearnedPositions = true,
            RotaryWidth = 0,
            ScoreDivisor = 1,
            TiedEmbeddings = fields.Flag("tie_word_embeddings", otherwise: true),
            Activation = ConfigFields.ActivationOf(fields, "activation_function", "gelu_new"),
        };
        var kinds = fields.Texts("attention_layers") ?? Kinds(fields);
        fields.RefuseIf(kinds.Count != config.Layers || kinds.Any(k => k is not ("global" or "local")),
            "attention_types", $"global or local for each of {config.Layers} layers");
        var window = fields.Integer("window_size", 1, int.MaxValue, 256);
        return kinds.Contains("local") ? config with
        {
            SlidingWindow = window,
            WindowedLayers = [.. kinds.Select(k => k == "local")],
        } : config;
    }

    // [[["global", "local"], 12]]: the kinds, and how often they are repeated.
    private static List<string> Kinds(JsonFields fields)
    {
        const string Expected = "a list like [[[\"global\", \"local\"], 12]]";
        if (fields.Find("attention_types") is not { } types) throw fields.Bad("attention_types", Expected);
        try
        {
            return [.. types.EnumerateArray().SelectMany(group => Enumerable.Repeat(
                group[0].EnumerateArray().Select(kind => kind.GetString()!).ToArray(), group[1].GetInt32()))
                .SelectMany(kinds => kinds)];
        }
        catch (Exception e) when (e is InvalidOperationException or IndexOutOfRangeException or FormatException
            or ArgumentOutOfRangeException)
        {
            throw fields.Bad("attention_types", Expected);
        }
    }

    public override ModulePlace Place(DecoderConfig config, string part) => new(part switch
    {
        "model.embed_tokens" => "wte",
        "model.embed_positions" => "wpe",
        "model.norm" => "ln_f",
        "input_layernorm" => "ln_1",
        "post_attention_layernorm" => "ln_2",
        "self_attn.q_proj" => "attn.attention.q_proj",
        "self_attn.k_proj" => "attn.attention.k_proj",
        "self_attn.v_proj" => "attn.attention.v_proj",
        "self_attn.o_proj" => "attn.attention.out_proj",
        "mlp.up_proj" => "mlp.c_fc",
        "mlp.down_proj" => "mlp.c_proj",
        _ => part,
    });
}

/// <summary>GPT-J: attention and MLP beside each other behind one norm, neighbouring channels turned.</summary>
internal sealed class GptJFamily() : Family("gptj", "GPTJForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (50256, 50256);

    public override string OptionalPrefix => "transformer.";

    protected override string LayerPrefix => "h.";

    public override DecoderConfig Read(JsonFields fields)
    {
        var config = ConfigFields.GptSizes(fields);
        var turned = fields.Find("rotary_dim") is null && fields.Mentions("rotary_dim") ? config.HeadWidth
            : fields.Integer("rotary_dim", 2, config.HeadWidth, Math.Min(64, config.HeadWidth));
        fields.RefuseIf(turned % 2 != 0, "rotary_dim", "an even number, because positions turn pairs");
        return config with
        {
            RotaryWidth = turned,
            RotaryNeighbours = true,
            Parallel = true,
            SharesNorm = true,
            UnembeddingBias = true,
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "activation_function", "gelu_new"),
        };
    }

    public override ModulePlace Place(DecoderConfig config, string part) => new(part switch
    {
        "model.embed_tokens" => "wte",
        "model.norm" => "ln_f",
        "input_layernorm" => "ln_1",
        "self_attn.q_proj" => "attn.q_proj",
        "self_attn.k_proj" => "attn.k_proj",
        "self_attn.v_proj" => "attn.v_proj",
        "self_attn.o_proj" => "attn.out_proj",
        "mlp.up_proj" => "mlp.fc_in",
        "mlp.down_proj" => "mlp.fc_out",
        _ => part,
    });
}

/// <summary>GPT-NeoX (Pythia): attention and MLP beside each other, part of each head turned, q, k and v fused by
/// head.</summary>
internal sealed class GptNeoXFamily() : Family("gpt_neox", "GPTNeoXForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (0, 2);

    public override string OptionalPrefix => "gpt_neox.";

    protected override string LayerPrefix => "layers.";

    public override DecoderConfig Read(JsonFields fields)
    {
        var bias = fields.Flag("attention_bias", otherwise: true);
        return (ConfigFields.Sizes(fields, 0, 2048) with
        {
            NormEpsilon = fields.Positive("layer_norm_eps", 1e-5),
            Norm = NormKind.Layer,
            Gated = false,
            MlpBias = true,
            QkvBias = bias,
            OutputBias = bias,
            Parallel = fields.Flag("use_parallel_residual", otherwise: true),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "hidden_act", "gelu"),
        }).WithRope(fields, thetaName: "rotary_emb_base", part: 0.25, partName: "rotary_pct");
    }

    public override ModulePlace Place(DecoderConfig config, string part) => part switch
    {
        "model.embed_tokens" => new("embed_in"),
        "model.norm" => new("final_layer_norm"),
        "lm_head" => new("embed_out"),
        "self_attn.o_proj" => new("attention.dense"),
        "mlp.up_proj" => new("mlp.dense_h_to_4h"),
        "mlp.down_proj" => new("mlp.dense_4h_to_h"),
        _ when FusedRows.OfHeads(config, part) is { } rows => new("attention.query_key_value", rows),
        _ => new(part),
    };
}

/// <summary>Phi-1, 1.5 and 2: attention and MLP beside each other behind one layer norm, part of each head
/// turned.</summary>
internal sealed class PhiFamily() : Family("phi", "PhiForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (1, 2);

    public override DecoderConfig Read(JsonFields fields)
    {
        fields.RefuseIf(fields.Flag("qk_layernorm"), "qk_layernorm",
            "false, because Phi's norms of q and k are not supported");
        return (ConfigFields.Sizes(fields, 0, 2048) with
        {
            NormEpsilon = fields.Positive("layer_norm_eps", 1e-5),
            Norm = NormKind.Layer,
            Gated = false,
            MlpBias = true,
            QkvBias = true,
            OutputBias = true,
            UnembeddingBias = true,
            Parallel = true,
            SharesNorm = true,
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            Activation = ConfigFields.ActivationOf(fields, "hidden_act", "gelu_new"),
        }).WithRope(fields, part: 0.5);
    }

    public override ModulePlace Place(DecoderConfig config, string part) => new(part switch
    {
        "model.norm" => "model.final_layernorm",
        "self_attn.o_proj" => "self_attn.dense",
        "mlp.up_proj" => "mlp.fc1",
        "mlp.down_proj" => "mlp.fc2",
        _ => part,
    });
}
