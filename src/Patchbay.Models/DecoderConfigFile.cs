using System.Text.Json;
using System.Text.Json.Nodes;
using Patchbay.Models.Families;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>Reads and writes config.json of a checkpoint in Hugging Face's layout.</summary>
public static class DecoderConfigFile
{
    private const long LongestFile = 1 << 20;
    private const string Llama = "LlamaForCausalLM", Mistral = "MistralForCausalLM", Qwen2 = "Qwen2ForCausalLM";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Reads config.json of one of the families in <see cref="Family.All"/>, in the forms of transformers 4
    /// and 5.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, a number makes no sense, or the model is of a kind
    /// that is not supported; the message is one sentence that names the field, what was expected and
    /// found.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static DecoderConfig Read(string path)
    {
        using var json = JsonFile.Read(path, LongestFile);
        var fields = new JsonFields(path, json.RootElement);
        var family = FamilyOf(fields);
        fields.RefuseIf(!fields.IsOff("quantization_config"),
            "quantization_config", "none, because quantized weights are not supported");
        var config = family.Read(fields) with
        {
            Architecture = family.Architecture,
            StoredDtype = fields.Text("torch_dtype") ?? fields.Text("dtype"),
        };
        return config with
        {
            BeginId = Ids(fields, "bos_token_id", config, family.DefaultIds.Begin).Cast<int?>().FirstOrDefault(),
            EndIds = Ids(fields, "eos_token_id", config, family.DefaultIds.End),
        };
    }

    /// <summary>Reads config.json of a checkpoint's folder; the ids that end a text are those of a
    /// generation_config.json beside it, where that names some.</summary>
    /// <inheritdoc cref="Read"/>
    public static DecoderConfig ReadFolder(string folder)
    {
        var config = Read(Path.Combine(folder, CheckpointSource.ConfigName));
        var path = Path.Combine(folder, "generation_config.json");
        if (!File.Exists(path)) return config;
        using var json = JsonFile.Read(path, LongestFile);
        var fields = new JsonFields(path, json.RootElement);
        return fields.Find("eos_token_id") is null ? config
            : config with { EndIds = Ids(fields, "eos_token_id", config, null) };
    }

    private static Family FamilyOf(JsonFields fields)
    {
        var expected = $"one of {string.Join(", ", Family.All.Select(f => f.Architecture))}";
        var names = fields.Texts("architectures") ?? [];
        if (names.Count > 1) throw fields.Bad("architectures", expected);
        var type = fields.Text("model_type");
        var ofType = Family.All.FirstOrDefault(f => f.Type == type);
        if (type is not null && ofType is null)
            throw fields.Bad("model_type", $"one of {string.Join(", ", Family.All.Select(f => f.Type))}");
        var ofName = names.Count == 0 ? ofType
            : Family.All.FirstOrDefault(f => f.Architecture == (names[0] == LlamaFamily.First ? Llama : names[0]));
        if (ofName is null) throw fields.Bad("architectures", expected);
        return ofName == (ofType ?? ofName) ? ofName
            : throw fields.Bad("model_type", $"the one that belongs to {ofName.Architecture}");
    }

    // -1 stands for none. An id beyond the vocabulary never comes, so that it neither begins nor ends a text.
    private static IReadOnlyList<int> Ids(JsonFields fields, string name, DecoderConfig config, int? otherwise)
    {
        IEnumerable<int> ids = fields.Mentions(name) ? fields.Integers(name, -1, int.MaxValue)
            : otherwise is { } usual ? [usual] : [];
        return [.. ids.Where(id => id >= 0 && id < config.Vocabulary)];
    }

    /// <summary>Writes config.json of a Llama, Mistral or Qwen2 so that <see cref="Read"/> and Hugging Face's
    /// transformers read it back; the file appears whole or not at all.</summary>
    /// <exception cref="NotSupportedException">The model is of another family.</exception>
    public static void Write(string path, DecoderConfig config)
    {
        if (!(config with { SlidingWindow = null }).IsLlama)
            throw new NotSupportedException($"a {config.Architecture} cannot be written");
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
