using Patchbay.Models.Weights;

namespace Patchbay.Models.Families;

/// <summary>What config.json of several families has alike.</summary>
internal static class ConfigFields
{
    private const int MostLayers = 1000, MostHeads = 4096, WidestHead = 1 << 16, Widest = 1 << 20;
    private const int WidestMlp = 1 << 22, LargestVocabulary = 1 << 24;

    private static readonly IReadOnlyDictionary<string, Activation> Activations = new Dictionary<string, Activation>
    {
        ["silu"] = Activation.Silu,
        ["swish"] = Activation.Silu,
        ["gelu"] = Activation.Gelu,
        ["gelu_new"] = Activation.GeluTanh,
        ["gelu_fast"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
    };

    /// <summary>Sizes under the names that most families have for them.</summary>
    /// <param name="fields">config.json.</param>
    /// <param name="keyValueHeads">How many there are where the field is absent: as many as heads (0), or no number
    /// that could be guessed (null).</param>
    /// <param name="headWidth">A head's width where it is absent, or null for that which the heads share.</param>
    /// <param name="positions">Longest sequence where the field is absent.</param>
    /// <param name="absent">All sizes where their fields are absent, for a family that may leave them out.</param>
    public static DecoderConfig Sizes(JsonFields fields, int? keyValueHeads, int positions, int? headWidth = null,
        DecoderConfig? absent = null)
    {
        var heads = fields.Integer("num_attention_heads", 1, MostHeads, absent?.Heads);
        var width = fields.Integer("hidden_size", 1, Widest, absent?.Width);
        keyValueHeads = absent?.KeyValueHeads ?? keyValueHeads;
        fields.RefuseIf(headWidth is null && fields.Find("head_dim") is null && width % heads != 0,
            "hidden_size", $"a multiple of num_attention_heads ({heads}), because head_dim is not given");
        var own = fields.Integer("head_dim", 1, WidestHead, headWidth ?? width / heads);
        var kv = fields.Integer("num_key_value_heads", 1, heads, keyValueHeads == 0 ? heads : keyValueHeads);
        fields.RefuseIf(heads % kv != 0, "num_key_value_heads", $"a divisor of num_attention_heads ({heads})");
        return new()
        {
            Layers = fields.Integer("num_hidden_layers", 1, MostLayers, absent?.Layers),
            Heads = heads,
            KeyValueHeads = kv,
            HeadWidth = own,
            Width = width,
            FeedForward = fields.Integer("intermediate_size", 1, WidestMlp, absent?.FeedForward),
            Vocabulary = fields.Integer("vocab_size", 1, LargestVocabulary, absent?.Vocabulary),
            MaxPositions = fields.Integer(
                "max_position_embeddings", 1, int.MaxValue, absent?.MaxPositions ?? positions),
        };
    }

    /// <summary>Sizes under GPT-2's names for them; the MLP is four times as wide as the model where n_inner is
    /// null.</summary>
    public static DecoderConfig GptSizes(JsonFields fields, string layers = "n_layer", string heads = "n_head",
        string width = "n_embd", string positions = "n_positions", string feedForward = "n_inner")
    {
        var (d, h) = (fields.Integer(width, 1, Widest), fields.Integer(heads, 1, MostHeads));
        fields.RefuseIf(d % h != 0, width, $"a multiple of {heads} ({h})");
        return new()
        {
            Layers = fields.Integer(layers, 1, MostLayers),
            Heads = h,
            KeyValueHeads = h,
            HeadWidth = d / h,
            Width = d,
            FeedForward = fields.Integer(feedForward, 1, WidestMlp, 4 * d),
            Vocabulary = fields.Integer("vocab_size", 1, LargestVocabulary),
            MaxPositions = fields.Integer(positions, 1, int.MaxValue),
            NormEpsilon = fields.Positive("layer_norm_epsilon", 1e-5),
            Norm = NormKind.Layer,
            Gated = false,
            MlpBias = true,
        };
    }

    /// <summary>The MLP's nonlinearity.</summary>
    public static Activation ActivationOf(JsonFields fields, string name, string otherwise) =>
        Activations.TryGetValue(fields.Text(name) ?? otherwise, out var found) ? found
        : throw fields.Bad(name, $"one of {string.Join(", ", Activations.Keys)}");

    /// <summary>The rotary embedding, as transformers 5 reads it from the forms of 4 and 5: rope_scaling where it says
    /// anything, otherwise rope_parameters; rope_theta in it, otherwise beside it.</summary>
    /// <param name="config">To be completed.</param>
    /// <param name="fields">config.json.</param>
    /// <param name="theta">Where rope_theta is absent.</param>
    /// <param name="thetaName">Its name beside the rest.</param>
    /// <param name="part">Share of a head's channels that turn, where partial_rotary_factor is absent; null for a
    /// family that knows no such share.</param>
    /// <param name="partName">Its name beside the rest.</param>
    /// <param name="own">The embedding's own fields, where they are elsewhere.</param>
    public static DecoderConfig WithRope(this DecoderConfig config, JsonFields fields, double theta = 10000,
        string thetaName = "rope_theta", double? part = null, string partName = "partial_rotary_factor",
        JsonFields? own = null)
    {
        var rope = own ?? RopeObject(fields);
        var holder = rope?.Find("partial_rotary_factor") is null ? fields : rope;
        if (ReferenceEquals(holder, rope)) partName = "partial_rotary_factor";
        var share = holder.Positive(partName, part ?? 1);
        holder.RefuseIf(part is null && share != 1, partName, "1, because all channels turn in this family");
        holder.RefuseIf(share > 1, partName, "at most 1");
        var width = (int)(config.HeadWidth * share);
        fields.RefuseIf(width % 2 != 0 || width == 0, share == 1 ? "head_dim" : partName,
            $"an even number of channels, because positions turn pairs; there are {width} here");
        var given = Theta(fields, rope, theta, thetaName);
        return config with
        {
            RopeTheta = given.Theta,
            RopeScaling = given.Scaling,
            RotaryWidth = width == config.HeadWidth ? null : width,
        };
    }

    /// <summary>A rotary embedding of its own fields.</summary>
    public static Rope Theta(JsonFields fields, JsonFields? rope, double theta, string thetaName)
    {
        var beside = fields.Positive(thetaName, theta);
        var found = rope?.Positive("rope_theta", beside) ?? beside;
        fields.RefuseIf(fields.Find(thetaName) is not null && found != beside, thetaName,
            $"the same as rope_theta beside the scaling, which is {found}");
        return new(found, rope is null ? null : Scaling(rope));
    }

    /// <summary>rope_scaling where it says anything, otherwise rope_parameters, or null.</summary>
    public static JsonFields? RopeObject(JsonFields fields) =>
        fields.IsOff("rope_scaling") ? fields.Object("rope_parameters") : fields.Object("rope_scaling");

    private static RopeScaling? Scaling(JsonFields fields)
    {
        var key = fields.Mentions("rope_type") ? "rope_type" : "type";
        return fields.Text(key) switch
        {
            "default" => null,
            "linear" => new("linear", fields.Positive("factor")),
            "llama3" => Llama3(fields),
            null when key == "type" && fields.Find("factor") is null => null,
            _ => throw fields.Bad(key, "default, linear or llama3"),
        };
    }

    private static RopeScaling Llama3(JsonFields fields)
    {
        var scaling = new RopeScaling("llama3", fields.Positive("factor"), fields.Positive("low_freq_factor"),
            fields.Positive("high_freq_factor"), fields.Integer("original_max_position_embeddings", 1, int.MaxValue));
        return scaling.HighFrequencyFactor > scaling.LowFrequencyFactor
            ? scaling
            : throw fields.Bad("high_freq_factor", $"more than low_freq_factor ({scaling.LowFrequencyFactor})");
    }

    /// <summary>A window in the layers that layer_types calls sliding, or where it is absent in those that the family
    /// says.</summary>
    public static DecoderConfig WithWindows(
        this DecoderConfig config, JsonFields fields, int? window, Func<int, bool> slides)
    {
        var types = fields.Texts("layer_types");
        fields.RefuseIf(types is not null && types.Count < config.Layers, "layer_types",
            $"a type of each of {config.Layers} layers");
        fields.RefuseIf(types?.Any(t => t is not ("full_attention" or "sliding_attention")) == true, "layer_types",
            "full_attention or sliding_attention for each layer");
        bool[] windowed = [.. Enumerable.Range(0, config.Layers)
            .Select(l => window is not null && (types is null ? slides(l) : types[l] == "sliding_attention"))];
        fields.RefuseIf(window is null && types?.Take(config.Layers).Contains("sliding_attention") == true,
            "sliding_window", "the width of the windows that layer_types names");
        if (!windowed.Contains(true)) return config;
        return config with { SlidingWindow = window, WindowedLayers = windowed.Contains(false) ? windowed : null };
    }

    /// <summary>sliding_window, where absent is not the same as null.</summary>
    public static int? Window(JsonFields fields, int? absent) =>
        !fields.Mentions("sliding_window") ? absent
        : fields.Find("sliding_window") is null ? null : fields.Integer("sliding_window", 1, int.MaxValue);
}
