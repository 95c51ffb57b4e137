using System.Text.Json;
using System.Text.Json.Nodes;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>Reads and writes config.json of a checkpoint in Hugging Face's layout.</summary>
public static class LlamaConfigFile
{
    private const long LongestFile = 1 << 20;
    private const int MostLayers = 1000, MostHeads = 4096, WidestHead = 1 << 16, Widest = 1 << 20;
    private const int WidestMlp = 1 << 22, LargestVocabulary = 1 << 24;
    private const string Llama = "LlamaForCausalLM", Mistral = "MistralForCausalLM", Qwen2 = "Qwen2ForCausalLM";

    private const string Supported =
        "one of " + Llama + " (with or without grouped key/value heads), " + Mistral + " and " + Qwen2;

    // Spelling of the first conversions of LLaMA-1.
    private const string FirstLlama = "LLaMAForCausalLM";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Reads config.json: LlamaForCausalLM (head_dim, rope_theta, rope_scaling none, linear or llama3, tied or
    /// untied embeddings, attention_bias; also the first conversions' LLaMAForCausalLM), MistralForCausalLM
    /// (sliding_window) and Qwen2ForCausalLM.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, a number makes no sense, or the model is of a kind
    /// that is not supported; the message is one sentence that names the field, what was expected and
    /// found.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static LlamaConfig Read(string path)
    {
        using var json = JsonFile.Read(path, LongestFile);
        var fields = new JsonFields(path, json.RootElement);
        var architecture = Architecture(fields);
        RefuseOtherModels(fields, architecture);
        var rope = fields.Object("rope_parameters"); // where newer files have what concerns positions
        var config = Sizes(fields, architecture) with
        {
            Architecture = architecture,
            NormEpsilon = fields.Positive("rms_norm_eps", 1e-6),
            RopeTheta = (rope ?? fields).Positive("rope_theta", 10000),
            RopeScaling = Scaling(rope ?? fields.Object("rope_scaling")),
            SlidingWindow = SlidingWindow(fields, architecture),
            QkvBias = architecture == Qwen2 || fields.Flag("attention_bias"),
            OutputBias = architecture != Qwen2 && fields.Flag("attention_bias"),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            StoredDtype = fields.Text("torch_dtype") ?? fields.Text("dtype"),
        };
        return config with
        {
            BeginId = Ids(fields, "bos_token_id", config, 1).Cast<int?>().FirstOrDefault(),
            EndIds = Ids(fields, "eos_token_id", config, 2),
        };
    }

    private static string Architecture(JsonFields fields)
    {
        var names = fields.Texts("architectures") ?? [];
        if (names.Count > 1) throw fields.Bad("architectures", Supported);
        var type = fields.Text("model_type");
        var ofType = type switch { "llama" => Llama, "mistral" => Mistral, "qwen2" => Qwen2, _ => null };
        if (type is not null && ofType is null)
            throw fields.Bad("model_type", $"llama, mistral or qwen2, because the architecture must be {Supported}");
        var name = names.Count == 0 ? ofType : names[0] == FirstLlama ? Llama : names[0];
        if (name is not (Llama or Mistral or Qwen2)) throw fields.Bad("architectures", Supported);
        return name == (ofType ?? name) ? name : throw fields.Bad("model_type", $"the one that belongs to {name}");
    }

    private static void RefuseOtherModels(JsonFields fields, string architecture)
    {
        const string none = "because Qwen2's windows by layer are not supported";
        fields.RefuseIf((fields.Text("hidden_act") ?? "silu") != "silu", "hidden_act", "silu, the only one supported");
        fields.RefuseIf(fields.Flag("mlp_bias"), "mlp_bias", "false, because biases are supported in attention only");
        fields.RefuseIf(!fields.IsOff("quantization_config"),
            "quantization_config", "none, because quantized weights are not supported");
        RefusePartialRotary(fields);
        if (architecture == Mistral)
            fields.RefuseIf(fields.Flag("attention_bias"), "attention_bias", "false, because Mistral has none");
        if (architecture != Qwen2) return;
        fields.RefuseIf(fields.Flag("use_sliding_window"), "use_sliding_window", $"false, {none}");
        fields.RefuseIf(fields.Texts("layer_types")?.Any(t => t != "full_attention") == true,
            "layer_types", $"full_attention only, {none}");
    }

    private static void RefusePartialRotary(JsonFields fields) => fields.RefuseIf(
        fields.Positive("partial_rotary_factor", 1) != 1, "partial_rotary_factor", "1, the only one supported");

    private static LlamaConfig Sizes(JsonFields fields, string architecture)
    {
        var heads = fields.Integer("num_attention_heads", 1, MostHeads);
        var width = fields.Integer("hidden_size", 1, Widest);
        fields.RefuseIf(fields.Find("head_dim") is null && width % heads != 0,
            "hidden_size", $"a multiple of num_attention_heads ({heads}), because head_dim is not given");
        var headWidth = fields.Integer("head_dim", 1, WidestHead, width / heads);
        fields.RefuseIf(headWidth % 2 != 0 || headWidth == 0,
            "head_dim", $"an even width, because positions turn pairs; it is {headWidth} here");
        // Where the field is absent, Llama has as many as heads; the other two have defaults of their own, not guessed
        // here.
        var keyValueHeads = fields.Integer("num_key_value_heads", 1, heads, architecture == Llama ? heads : null);
        fields.RefuseIf(
            heads % keyValueHeads != 0, "num_key_value_heads", $"a divisor of num_attention_heads ({heads})");
        return new()
        {
            Layers = fields.Integer("num_hidden_layers", 1, MostLayers),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadWidth = headWidth,
            Width = width,
            FeedForward = fields.Integer("intermediate_size", 1, WidestMlp),
            Vocabulary = fields.Integer("vocab_size", 1, LargestVocabulary),
            MaxPositions = MaxPositions(fields, architecture),
        };
    }

    // The second name is that of the first conversions of LLaMA-1.
    private static int MaxPositions(JsonFields fields, string architecture)
    {
        var otherwise = architecture switch { Mistral => 131072, Qwen2 => 32768, _ => 2048 };
        otherwise = fields.Integer("max_sequence_length", 1, int.MaxValue, otherwise);
        return fields.Integer("max_position_embeddings", 1, int.MaxValue, otherwise);
    }

    private static RopeScaling? Scaling(JsonFields? fields)
    {
        if (fields is null) return null;
        var key = fields.Mentions("rope_type") ? "rope_type" : "type";
        RefusePartialRotary(fields);
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

    // Absent is 4096 for Mistral and null is none, as in its own configuration class.
    private static int? SlidingWindow(JsonFields fields, string architecture)
    {
        if (architecture != Mistral) return null;
        if (!fields.Mentions("sliding_window")) return 4096;
        return fields.Find("sliding_window") is null ? null : fields.Integer("sliding_window", 1, int.MaxValue);
    }

    // -1 stands for none.
    private static IReadOnlyList<int> Ids(JsonFields fields, string name, LlamaConfig config, int otherwise)
    {
        if (!fields.Mentions(name))
            return config.Architecture == Qwen2 || otherwise >= config.Vocabulary ? [] : [otherwise];
        return [.. fields.Integers(name, -1, config.Vocabulary - 1).Where(id => id >= 0)];
    }

    /// <summary>Writes config.json so that <see cref="Read"/> and Hugging Face's transformers read it back; the file
    /// appears whole or not at all.</summary>
    public static void Write(string path, LlamaConfig config)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(config.Architecture),
            ["model_type"] = config.Architecture switch { Mistral => "mistral", Qwen2 => "qwen2", _ => "llama" },
            ["hidden_act"] = "silu",
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadWidth,
            ["hidden_size"] = config.Width,
            ["intermediate_size"] = config.FeedForward,
            ["vocab_size"] = config.Vocabulary,
            ["max_position_embeddings"] = config.MaxPositions,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_theta"] = config.RopeTheta,
            ["rope_scaling"] = config.RopeScaling is { } scaling ? Scaling(scaling) : null,
            ["tie_word_embeddings"] = config.TiedEmbeddings,
            ["attention_bias"] = config.OutputBias,
        };
        if (config.Architecture == Mistral) json["sliding_window"] = config.SlidingWindow;
        json["bos_token_id"] = config.BeginId;
        json["eos_token_id"] = new JsonArray([.. config.EndIds]);
        if (config.StoredDtype is { } dtype) json["torch_dtype"] = dtype;
        AtomicFile.Write(path, stream =>
        {
            using var writer = new Utf8JsonWriter(stream, Indented);
            json.WriteTo(writer);
        });
    }

    private static JsonObject Scaling(RopeScaling scaling)
    {
        var json = new JsonObject { ["rope_type"] = scaling.Kind, ["factor"] = scaling.Factor };
        if (scaling.Kind != "llama3") return json;
        json["low_freq_factor"] = scaling.LowFrequencyFactor;
        json["high_freq_factor"] = scaling.HighFrequencyFactor;
        json["original_max_position_embeddings"] = scaling.OriginalMaxPositions;
        return json;
    }
}
