using Patchbay.Models.Weights;

namespace Patchbay.Models.Families;

/// <summary>Gemma 1: embeddings times the root of the width, norms with 1 + w.</summary>
internal sealed class GemmaFamily() : Family("gemma", "GemmaForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (2, 1);

    // "gelu" without hidden_activation is the first files' name for what the model was trained with.
    public override DecoderConfig Read(JsonFields fields)
    {
        var named = fields.Find("hidden_activation") is null ? "hidden_act" : "hidden_activation";
        var activation = named == "hidden_act" && fields.Text(named) == "gelu" ? Activation.GeluTanh
            : ConfigFields.ActivationOf(fields, named, "gelu_pytorch_tanh");
        return (ReadGemma(fields) with { Activation = activation }).WithRope(fields);
    }

    /// <summary>What all generations have alike.</summary>
    public static DecoderConfig ReadGemma(JsonFields fields, DecoderConfig? absent = null)
    {
        var config = ConfigFields.Sizes(fields, 0, 8192, headWidth: 256, absent);
        var bias = fields.Flag("attention_bias");
        return config with
        {
            NormEpsilon = fields.Positive("rms_norm_eps", 1e-6),
            Norm = NormKind.RmsPlusOne,
            QkvBias = bias,
            OutputBias = bias,
            TiedEmbeddings = fields.Flag("tie_word_embeddings", otherwise: true),
            EmbeddingFactor = Math.Sqrt(config.Width),
        };
    }

    /// <summary>What the second and the third generation have alike.</summary>
    public static DecoderConfig ReadNewer(JsonFields fields, DecoderConfig? absent = null) =>
        ReadGemma(fields, absent) with
        {
            Activation = ConfigFields.ActivationOf(fields, "hidden_activation", "gelu_pytorch_tanh"),
            NormsOutputs = true,
            ScoreDivisor = Math.Sqrt(fields.Positive("query_pre_attn_scalar", 256)),
        };

    /// <summary>Names of the newer ones' norms.</summary>
    public static ModulePlace PlaceNorm(string part) => new(part switch
    {
        "self_attn.out_norm" => "post_attention_layernorm",
        "post_attention_layernorm" => "pre_feedforward_layernorm",
        "mlp.out_norm" => "post_feedforward_layernorm",
        _ => part,
    });
}

/// <summary>Gemma 2: norms also of what is written, caps, a window in every other layer.</summary>
internal sealed class Gemma2Family() : Family("gemma2", "Gemma2ForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (2, 1);

    public override DecoderConfig Read(JsonFields fields) => (GemmaFamily.ReadNewer(fields) with
    {
        ScoreCap = Cap(fields, "attn_logit_softcapping", 50),
        LogitCap = Cap(fields, "final_logit_softcapping", 30),
    }).WithRope(fields).WithWindows(fields, ConfigFields.Window(fields, 4096), l => l % 2 == 0);

    // Absent is not the same as null, which is none.
    private static double? Cap(JsonFields fields, string name, double absent) =>
        !fields.Mentions(name) ? absent : fields.Find(name) is null ? null : fields.Positive(name);

    public override ModulePlace Place(DecoderConfig config, string part) => GemmaFamily.PlaceNorm(part);
}

/// <summary>Gemma 3 (text): norms of q and k by head, and two rotary embeddings.</summary>
internal sealed class Gemma3Family() : Family("gemma3_text", "Gemma3ForCausalLM")
{
    public override (int? Begin, int? End) DefaultIds => (2, 1);

    public override DecoderConfig Read(JsonFields fields) => Read(fields, absent: null);

    /// <summary>The text model's fields.</summary>
    public static DecoderConfig Read(JsonFields fields, DecoderConfig? absent)
    {
        fields.RefuseIf(fields.Flag("use_bidirectional_attention"), "use_bidirectional_attention",
            "false, because attention is causal here");
        foreach (var cap in (string[])["attn_logit_softcapping", "final_logit_softcapping"])
            fields.RefuseIf(fields.Find(cap) is not null, cap, "null, because Gemma 3 has none");
        var named = fields.Mentions("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern";
        var pattern = fields.Integer(named, 1, int.MaxValue, 6);
        var config = GemmaFamily.ReadNewer(fields, absent) with { QueryKeyNorm = QueryKeyNorm.Heads };
        config = config.WithWindows(fields, ConfigFields.Window(fields, 4096), l => (l + 1) % pattern != 0);
        var byKind = ConfigFields.RopeObject(fields);
        var local = byKind?.Object("sliding_attention");
        return config.WithRope(fields, theta: 1000000, own: byKind?.Object("full_attention")) with
        {
            LocalRope = ConfigFields.Theta(fields, local, 10000, "rope_local_base_freq"),
        };
    }

    public override ModulePlace Place(DecoderConfig config, string part) => GemmaFamily.PlaceNorm(part);
}

/// <summary>Gemma 3 with images: its text model; what reads images is left alone.</summary>
internal sealed class Gemma3ImageFamily() : Family("gemma3", "Gemma3ForConditionalGeneration")
{
    private static readonly string[] OfImages = ["vision_tower.", "multi_modal_projector."];

    // Published files leave out what is as in transformers' Gemma3TextConfig.
    private static readonly DecoderConfig Usual = new()
    {
        Layers = 26,
        Heads = 8,
        KeyValueHeads = 4,
        HeadWidth = 256,
        Width = 2304,
        FeedForward = 9216,
        Vocabulary = 262208,
        MaxPositions = 131072,
    };

    public override (int? Begin, int? End) DefaultIds => (2, 1);

    public override DecoderConfig Read(JsonFields fields)
    {
        var text = fields.Object("text_config") ?? throw fields.Bad("text_config", "the fields of the text model");
        text.RefuseIf(text.Text("model_type") is not (null or "gemma3_text"), "model_type", "gemma3_text");
        return Gemma3Family.Read(text, Usual);
    }

    public override ModulePlace Place(DecoderConfig config, string part) => GemmaFamily.PlaceNorm(part);

    // transformers 4 and 5 nest the models the other way round.
    public override IReadOnlyList<string> Spellings(string name) => ["language_model." + name,
        name.StartsWith("model.", StringComparison.Ordinal) ? "model.language_model." + name["model.".Length..] : name];

    public override bool Ignores(string name) => base.Ignores(name) || Array.Exists(OfImages,
        part => name.StartsWith(part, StringComparison.Ordinal)
            || name.StartsWith("model." + part, StringComparison.Ordinal));
}
