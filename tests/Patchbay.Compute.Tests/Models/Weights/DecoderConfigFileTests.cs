using System.Text.Json.Nodes;

namespace Patchbay.Models.Tests.Weights;

public sealed class DecoderConfigFileTests : IDisposable
{
    private const string Llama = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 96,
         "num_attention_heads": 8, "num_hidden_layers": 3, "vocab_size": 100}
        """;

    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    private DecoderConfig Read(string fields, string basis = Llama)
    {
        var json = JsonNode.Parse(basis)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) json[name] = value?.DeepClone();
        return DecoderConfigFile.Read(folder.Write("config.json", json.ToJsonString()));
    }

    private void Refused(string fields, params string[] because)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => Read(fields));
        Loaded.AssertOneSentence(refusal, folder["config.json"]);
        foreach (var part in because) Assert.Contains(part, refusal.Message);
    }

    [Fact]
    public void Llama_needs_little_and_has_its_own_defaults()
    {
        var config = Read("{}");
        Assert.Equal((3, 8, 8, 8, 64, 96, 100), (config.Layers, config.Heads, config.KeyValueHeads, config.HeadWidth,
            config.Width, config.FeedForward, config.Vocabulary));
        Assert.Equal((1e-6, 10000.0, 2048), (config.NormEpsilon, config.RopeTheta, config.MaxPositions));
        Assert.False(config.QkvBias || config.OutputBias || config.TiedEmbeddings);
        Assert.Null(config.RopeScaling);
        Assert.Null(config.SlidingWindow);
        Assert.Equal(1, config.BeginId);
        Assert.Equal([2], config.EndIds);
    }

    [Fact]
    public void Grouped_heads_head_dim_biases_and_ids_are_read()
    {
        var config = Read("""
            {"num_key_value_heads": 2, "head_dim": 16, "attention_bias": true, "tie_word_embeddings": true,
             "rope_theta": 500000, "eos_token_id": [7, 9], "bos_token_id": null, "torch_dtype": "bfloat16"}
            """);
        Assert.Equal((2, 16, true, true, true), (config.KeyValueHeads, config.HeadWidth, config.QkvBias,
            config.OutputBias, config.TiedEmbeddings));
        Assert.Equal(500000, config.RopeTheta);
        Assert.Equal([7, 9], config.EndIds);
        Assert.Null(config.BeginId);
        Assert.Equal("bfloat16", config.StoredDtype);
    }

    [Theory]
    [InlineData("""{"rope_scaling": {"type": "linear", "factor": 4.0}}""", "linear", 4)]
    [InlineData("""{"rope_scaling": {"rope_type": "linear", "type": "linear", "factor": 2}}""", "linear", 2)]
    [InlineData("""{"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}}""", "llama3", 8)]
    [InlineData("""{"rope_parameters": {"rope_type": "linear", "factor": 3, "rope_theta": 20000}}""", "linear", 3)]
    public void Rope_scaling_is_read_in_every_spelling(string fields, string kind, double factor)
    {
        var config = Read(fields);
        Assert.Equal((kind, factor), (config.RopeScaling!.Kind, config.RopeScaling.Factor));
        Assert.Equal(fields.Contains("rope_theta") ? 20000 : 10000, config.RopeTheta);
    }

    [Fact]
    public void Rope_of_the_default_kind_is_no_scaling()
    {
        Assert.Null(Read("""{"rope_scaling": {"rope_type": "default"}}""").RopeScaling);
        Assert.Null(Read("""{"rope_parameters": {"rope_theta": 5000.0, "rope_type": "default"}}""").RopeScaling);
        Assert.Equal(5000, Read("""{"rope_parameters": {"rope_theta": 5000.0}}""").RopeTheta);
    }

    [Fact]
    public void Mistral_and_qwen2_are_read_where_they_differ_by_configuration()
    {
        const string Mistral = """{"architectures": ["MistralForCausalLM"], "model_type": "mistral", "num_key_value_heads": 2""";
        Assert.Equal(4096, Read(Mistral + "}").SlidingWindow);
        Assert.Null(Read(Mistral + ""","sliding_window": null}""").SlidingWindow);
        Assert.Equal(16, Read(Mistral + ""","sliding_window": 16}""").SlidingWindow);
        var qwen = Read("""
            {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "num_key_value_heads": 2,
             "sliding_window": 4096, "use_sliding_window": false, "tie_word_embeddings": true}
            """);
        Assert.Equal((true, false, null, true), (qwen.QkvBias, qwen.OutputBias, qwen.SlidingWindow,
            qwen.TiedEmbeddings));
        Assert.Empty(qwen.EndIds);
    }

    [Fact]
    public void The_first_conversion_of_llama_1_is_read()
    {
        var config = Read("{}", """
            {"architectures": ["LLaMAForCausalLM"], "bos_token_id": 0, "eos_token_id": 1, "hidden_act": "silu", "hidden_size": 4096,
             "intermediate_size": 11008, "initializer_range": 0.02, "max_sequence_length": 2048, "model_type": "llama",
             "num_attention_heads": 32, "num_hidden_layers": 32, "pad_token_id": -1, "rms_norm_eps": 1e-06,
             "torch_dtype": "float16", "transformers_version": "4.27.0.dev0", "use_cache": true, "vocab_size": 32000}
            """);
        Assert.Equal(("LlamaForCausalLM", 32, 2048, 0), (config.Architecture, config.KeyValueHeads, config.MaxPositions,
            config.BeginId));
        Assert.Equal(6738415616, config.ParameterCount);
    }

    [Theory]
    [InlineData("""{"architectures": ["BloomForCausalLM"]}""", "BloomForCausalLM", "LlamaForCausalLM",
        "MistralForCausalLM", "Qwen2ForCausalLM")]
    [InlineData("""{"model_type": "bloom"}""", "bloom", "llama", "mistral", "gemma2")]
    [InlineData("""{"architectures": ["MistralForCausalLM"]}""", "model_type", "MistralForCausalLM")]
    [InlineData("""{"hidden_act": "relu"}""", "hidden_act", "relu", "silu")]
    [InlineData("""{"rope_theta": 5, "rope_parameters": {"rope_theta": 6}}""", "rope_theta", "6")]
    [InlineData("""{"quantization_config": {"bits": 4}}""", "quantization_config")]
    [InlineData("""{"rope_scaling": {"type": "dynamic", "factor": 2.0}}""", "rope_scaling.type", "dynamic",
        "linear or llama3")]
    [InlineData("""{"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}""", "rope_scaling.rope_type", "yarn")]
    [InlineData("""{"rope_scaling": {"factor": 2.0}}""", "rope_scaling.type is missing")]
    [InlineData("""{"rope_scaling": {"type": "linear"}}""", "rope_scaling.factor is missing")]
    [InlineData("""{"rope_scaling": {"type": "linear", "factor": -1}}""", "rope_scaling.factor", "-1")]
    [InlineData("""{"rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 64}}""", "high_freq_factor")]
    [InlineData("""{"partial_rotary_factor": 0.5}""", "partial_rotary_factor")]
    [InlineData("""{"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}""", "num_key_value_heads is missing")]
    [InlineData("""{"num_hidden_layers": 0}""", "num_hidden_layers", "from 1 to 1000")]
    [InlineData("""{"num_hidden_layers": 1e9}""", "num_hidden_layers")]
    [InlineData("""{"num_hidden_layers": null}""", "num_hidden_layers is missing")]
    [InlineData("""{"num_key_value_heads": 3}""", "num_key_value_heads", "divisor")]
    [InlineData("""{"num_attention_heads": 7}""", "hidden_size", "multiple")]
    [InlineData("""{"head_dim": 7}""", "head_dim", "even")]
    [InlineData("""{"vocab_size": "100"}""", "vocab_size", "integer")]
    [InlineData("""{"rms_norm_eps": 0}""", "rms_norm_eps", "positive")]
    [InlineData("""{"rms_norm_eps": 1e999}""", "rms_norm_eps", "positive")]
    [InlineData("""{"eos_token_id": -2}""", "eos_token_id", "-2")]
    [InlineData("""{"tie_word_embeddings": "yes"}""", "tie_word_embeddings", "true or false")]
    public void What_is_not_supported_is_refused_with_the_field_and_what_is(string fields, params string[] because) =>
        Refused(fields, because);

    [Fact]
    public void A_file_that_is_no_object_is_refused_and_an_absent_one_is_not_found()
    {
        Assert.Throws<InvalidDataException>(() => DecoderConfigFile.Read(folder.Write("config.json", "[]")));
        Assert.Throws<InvalidDataException>(() => DecoderConfigFile.Read(folder.Write("config.json", "")));
        Assert.Throws<InvalidDataException>(() =>
            DecoderConfigFile.Read(folder.Write("config.json", [.. "{\"a\":\""u8, 0xff, .. "\"}"u8])));
        Assert.Throws<InvalidDataException>(() =>
            DecoderConfigFile.Read(folder.Write("config.json", new string(' ', (1 << 20) + 1))));
        Assert.Throws<FileNotFoundException>(() => DecoderConfigFile.Read(folder["absent.json"]));
    }

    [Theory]
    [InlineData("LlamaForCausalLM", "linear")]
    [InlineData("MistralForCausalLM", null)]
    [InlineData("Qwen2ForCausalLM", "llama3")]
    public void What_is_written_is_read_back(string architecture, string? scaling)
    {
        var config = TinyModel.Create(c => c with
        {
            Architecture = architecture,
            SlidingWindow = architecture[0] == 'M' ? 24 : null,
            QkvBias = architecture[0] == 'Q',
            RopeScaling = scaling is null ? null : new(scaling, 8, OriginalMaxPositions: 64),
            TiedEmbeddings = true,
            StoredDtype = "float16",
        }).Config;
        if (scaling == "linear") config = config with { RopeScaling = new("linear", 8) };
        DecoderConfigFile.Write(folder["config.json"], config);
        var read = DecoderConfigFile.Read(folder["config.json"]);
        Assert.Equal(config.EndIds, read.EndIds);
        Assert.Equal(config with { EndIds = read.EndIds }, read);
    }

    [SharedFact]
    public void Published_configurations_are_read()
    {
        var config = DecoderConfigFile.Read(SharedFolder.PathOf("checkpoints", "tinystories-656k", "config.json"));
        Assert.Equal((2, 8, 4, 16, true), (config.Layers, config.Heads, config.KeyValueHeads, config.HeadWidth,
            config.TiedEmbeddings));
        Assert.Equal(4, DecoderConfigFile.Read(SharedFolder.PathOf("golden", "s256x4", "config.json")).Layers);
    }
}
