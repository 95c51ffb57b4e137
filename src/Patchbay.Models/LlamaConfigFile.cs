using System.Text.Json;

namespace Patchbay.Models;

/// <summary>Reads a checkpoint folder's config.json.</summary>
public static class LlamaConfigFile
{
    /// <summary>Architectures that can be run, by their names in config.json.</summary>
    public static IReadOnlyList<string> Supported { get; } = ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM"];

    private const int MostPositions = 1 << 21;

    /// <summary>The configuration in a file.</summary>
    /// <exception cref="InvalidDataException">It is no configuration of a model that can be run; one sentence says why.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static LlamaConfig Read(string path)
    {
        var file = new JsonFile(path);
        if (file.Root.ValueKind != JsonValueKind.Object) throw file.Refused("", "a JSON object", $"{file.Root.ValueKind}");
        var architecture = Architecture(file);
        var qwen = architecture == "Qwen2ForCausalLM";
        RefuseWhatDiffers(file, qwen);
        int width = file.Count("hidden_size", 1 << 20), heads = file.Count("num_attention_heads", 1 << 14);
        var keyValueHeads = file.Has("num_key_value_heads") ? file.Count("num_key_value_heads", 1 << 14) : heads;
        if (heads % keyValueHeads != 0) throw file.Refused("num_key_value_heads", $"a divisor of num_attention_heads, {heads}", $"{keyValueHeads}");
        if (!file.Has("head_dim") && width % heads != 0) throw file.Refused("num_attention_heads", $"a divisor of hidden_size, {width}", $"{heads}");
        var headWidth = file.Has("head_dim") ? file.Count("head_dim", 1 << 14) : width / heads;
        if (headWidth % 2 != 0) throw file.Refused("head_dim", "an even number", $"{headWidth}");
        var bias = file.Flag("attention_bias");
        return new LlamaConfig
        {
            Architecture = architecture,
            Width = width,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadWidth = headWidth,
            Layers = file.Count("num_hidden_layers", 1 << 12),
            FeedForward = file.Count("intermediate_size", 1 << 22),
            Vocabulary = file.Count("vocab_size", 1 << 24),
            NormEpsilon = file.Number("rms_norm_eps", 1e-6, 0, 1),
            RopeTheta = RopeParameter(file, "rope_theta", 10000),
            RopeScaling = Scaling(file),
            MaxPositions = file.Has("max_position_embeddings") ? file.Count("max_position_embeddings", MostPositions)
                : file.Has("max_sequence_length") ? file.Count("max_sequence_length", MostPositions) : 2048,
            SlidingWindow = architecture == "MistralForCausalLM" && file.Has("sliding_window") ? file.Count("sliding_window", int.MaxValue) : null,
            QkvBias = bias || qwen,
            OutputBias = bias && !qwen,
            TiedEmbeddings = file.Flag("tie_word_embeddings"),
            BeginId = file.Ids("bos_token_id") is [var first, ..] ? first : null,
            EndIds = file.Ids("eos_token_id"),
            StoredDtype = file.Text("torch_dtype") ?? file.Text("dtype"),
        };
    }

    private static string Architecture(JsonFile file)
    {
        string? name = null;
        if (file.TryGet("architectures", out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 1
            && list[0].ValueKind == JsonValueKind.String)
            name = list[0].GetString();
        if (name == "LLaMAForCausalLM") name = "LlamaForCausalLM"; // as the first converted checkpoints spell it
        return name is not null && Supported.Contains(name) ? name
            : throw file.Refused("architectures", $"one of {string.Join(", ", Supported)}",
                list.ValueKind == JsonValueKind.Undefined ? "none" : list.GetRawText());
    }

    /// <summary>Settings under which the model would not be the one that is computed here.</summary>
    private static void RefuseWhatDiffers(JsonFile file, bool qwen)
    {
        if (file.Text("hidden_act") is { } act && act != "silu") throw file.Refused("hidden_act", "silu", act);
        if (file.Flag("mlp_bias")) throw file.Refused("mlp_bias", "false", "true");
        if (qwen && file.Flag("use_sliding_window")) throw file.Refused("use_sliding_window", "false", "true");
        if (file.Has("quantization_config")) throw file.Refused("quantization_config", "none, weights in float16, bfloat16, float32 or float64", "one");
        if (file.Has("partial_rotary_factor") && file.Number("partial_rotary_factor", 1, 0, 1) != 1)
            throw file.Refused("partial_rotary_factor", "1", file.Get("partial_rotary_factor").GetRawText());
    }

    private static double RopeParameter(JsonFile file, string name, double otherwise) =>
        file.Object("rope_parameters") is { } parameters && parameters.Has(name) ? parameters.Number(name, otherwise, 0, 1e12)
            : file.Number(name, otherwise, 0, 1e12);

    private static RopeScaling? Scaling(JsonFile file)
    {
        var scaling = file.Object("rope_scaling") ?? file.Object("rope_parameters");
        var kind = scaling?.Text("rope_type") ?? scaling?.Text("type");
        if (scaling is null || kind == "default" || (kind is null && !scaling.Has("factor"))) return null;
        return kind switch
        {
            "linear" => new RopeScaling(kind, scaling.Number("factor", null, 0, 1e6)),
            "llama3" => new RopeScaling(kind, scaling.Number("factor", null, 0, 1e6), scaling.Number("low_freq_factor", null, 0, 1e6),
                scaling.Number("high_freq_factor", null, 0, 1e6), scaling.Count("original_max_position_embeddings", MostPositions)),
            _ => throw file.Refused("rope_scaling, rope_type", "none, default, linear or llama3", kind ?? "none"),
        };
    }
}
