using System.Text.Json.Nodes;
using Patchbay.Models.Weights;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Weights;

public sealed class LoraTests : IDisposable
{
    private readonly ScratchFolder folder = new();
    private readonly TinyModel model = TinyModel.Create();

    public LoraTests()
    {
        using var scratch = new ScratchFolder();
        model.WriteSafetensors(scratch);
        foreach (var file in Directory.GetFiles(scratch.Path)) folder.Write("base/" + Path.GetFileName(file),
            File.ReadAllBytes(file));
    }

    public void Dispose() => folder.Dispose();

    private const string Basis = """
        {"base_model_name_or_path": "../base", "peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": ["q_proj", "down_proj"], "bias": "none"}
        """;

    /// <summary>Writes an adapter; ranks gives a module's rank where it is not 2. Returns its factors by
    /// module.</summary>
    private Dictionary<string, (TinyTensor A, TinyTensor B)> Write(
        string fields = "{}", string[]? parts = null, string infix = "", bool bin = false, Func<string,
            int>? ranks = null)
    {
        var json = JsonNode.Parse(Basis)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) json[name] = value?.DeepClone();
        folder.Write("adapter/adapter_config.json", json.ToJsonString());
        var random = new Random(9);
        var factors = new Dictionary<string, (TinyTensor A, TinyTensor B)>();
        foreach (var weight in model.Tensors.Where(t => (parts ?? ["q_proj", "down_proj"])
            .Any(p => t.Name.EndsWith(p + ".weight"))))
        {
            var module = weight.Name[..^".weight".Length];
            var rank = ranks?.Invoke(module) ?? 2;
            TinyTensor Factor(string ab, params long[] shape) => TinyTensor.Random(random,
                $"base_model.model.{module}.lora_{ab}{infix}.weight", shape);
            factors[module] = (Factor("A", rank, weight.Shape[1]), Factor("B", weight.Shape[0], rank));
        }
        WriteFactors(factors.Values.SelectMany(f => new[] { f.A, f.B }), bin);
        return factors;
    }

    private void WriteFactors(IEnumerable<TinyTensor> tensors, bool bin = false)
    {
        if (bin) folder.Write("adapter/adapter_model.bin", PickleWriter.Zip([.. tensors], StoredType.Float32));
        else SafetensorsWriter.Write(folder["adapter/adapter_model.safetensors"],
            [.. tensors.Select(t => t.ToWrite(StoredType.Float32))]);
    }

    private static TinyTensor Merge(TinyTensor weight, TinyTensor a, TinyTensor b, double scale)
    {
        var (outputs, inputs, rank) = ((int)weight.Shape[0], (int)weight.Shape[1], (int)a.Shape[0]);
        var merged = (float[])weight.Values.Clone();
        for (var o = 0; o < outputs; o++)
        {
            for (var i = 0; i < inputs; i++)
            {
                var sum = 0.0;
                for (var r = 0; r < rank; r++) sum += (double)b.Values[o * rank + r] * a.Values[r * inputs + i];
                merged[o * inputs + i] = (float)(weight.Values[o * inputs + i] + scale * sum);
            }
        }
        return weight with { Values = merged };
    }

    private void AssertMerged(Dictionary<string, (TinyTensor A, TinyTensor B)> factors, Func<string, double> scale,
        string? path = null, string? adapter = null)
    {
        using var checkpoint = Checkpoint.Open(path ?? folder["adapter"], adapter);
        using var weights = checkpoint.Load(ScalarType.Float64);
        Assert.Equal(factors.Count, checkpoint.Adapter!.Modules.Count);
        Assert.Equal(folder["base"], checkpoint.Folder);
        for (var l = 0; l < 2; l++)
        {
            foreach (var (part, tensor) in new[] { ("self_attn.q_proj", weights.Layers[l].Query),
                ("self_attn.v_proj", weights.Layers[l].Value), ("mlp.down_proj", weights.Layers[l].Down) })
            {
                var module = $"model.layers.{l}.{part}";
                var expected = model[module + ".weight"];
                if (factors.TryGetValue(module, out var f)) expected = Merge(expected, f.A, f.B, scale(module));
                var actual = Loaded.Floats(tensor);
                Assert.All(expected.Values.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-5));
            }
        }
    }

    private void RefusedFor(string fields, params string[] because)
    {
        Write(fields);
        RefusedAsIs(because);
    }

    private void RefusedAsIs(params string[] because)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder["adapter"]).Dispose());
        Loaded.AssertOneSentence(refusal, folder.Path);
        foreach (var part in because) Assert.Contains(part, refusal.Message);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(".default", true)]
    public void An_adapter_changes_the_modules_it_names_by_alpha_over_rank(string infix, bool bin) =>
        AssertMerged(Write(infix: infix, bin: bin), _ => 3);

    [Fact]
    public void A_base_can_be_given_instead_of_the_one_that_the_adapter_names() =>
        AssertMerged(Write("""{"base_model_name_or_path": "somebody/llama-7b-hf"}"""), _ => 3, folder["base"],
            folder["adapter"]);

    [Fact]
    public void A_rank_stabilized_adapter_is_scaled_by_alpha_over_the_root_of_rank() =>
        AssertMerged(Write("""{"use_rslora": true}"""), _ => 6 / Math.Sqrt(2));

    [Fact]
    public void Fan_in_fan_out_changes_nothing_because_linear_modules_are_stored_outputs_first() =>
        AssertMerged(Write("""{"fan_in_fan_out": true}"""), _ => 3);

    [Fact]
    public void Patterns_give_modules_their_own_rank_and_alpha() => AssertMerged(
        Write("""{"rank_pattern": {"layers.1.mlp.down_proj": 4, "nothing": 9}, "alpha_pattern": {"q_proj": 1, ".*\\.0\\..*": 8}}""",
            ranks: module => module.Contains("1.mlp.down_proj") ? 4 : 2),
        module => (module.Contains("q_proj") ? 1.0 : module.Contains(".0.") ? 8
            : 6) / (module.Contains("1.mlp.down_proj") ? 4 : 2));

    [Theory]
    [InlineData("""{"target_modules": ".*\\.(q_proj|down_proj)"}""")]
    [InlineData("""{"target_modules": ["self_attn.q_proj", "model.layers.0.mlp.down_proj", "layers.1.mlp.down_proj"]}""")]
    [InlineData("""{"target_modules": "all-linear", "exclude_modules": ["k_proj", "v_proj", "o_proj", "gate_proj", "up_proj"]}""")]
    [InlineData("""{"target_modules": ["q_proj", "down_proj"], "layers_to_transform": [0, 1], "init_lora_weights": "gaussian"}""")]
    [InlineData("""{"target_modules": null}""")]
    [InlineData("""{"enable_lora": null, "merge_weights": false, "modules_to_save": null, "inference_mode": true, "lora_dropout": 0.05, "task_type": "CAUSAL_LM"}""")]
    public void Target_modules_are_a_list_or_an_expression_as_peft_has_it(string fields) =>
        AssertMerged(Write(fields), _ => 3);

    [Fact]
    public void Merging_is_exact_before_the_conversion_to_a_short_dtype()
    {
        var f = Write()["model.layers.0.self_attn.q_proj"];
        var merged = Merge(model["model.layers.0.self_attn.q_proj.weight"], f.A, f.B, 3);
        Loaded.Weights(folder["adapter"], w => Assert.Equal(
            Array.ConvertAll(merged.Values, v => (float)(Half)v), Loaded.Floats(w.Layers[0].Query)),
                ScalarType.Float16);
    }

    // The head of a tied model keeps the base's weights, as in PEFT's own forward pass.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_embedding_changes_by_the_transposed_product_and_a_tied_unembedding_does_not(bool tied)
    {
        var own = TinyModel.Create(c => c with { TiedEmbeddings = tied });
        using var scratch = new ScratchFolder();
        own.WriteSafetensors(scratch);
        foreach (var file in Directory.GetFiles(scratch.Path))
            folder.Write("base/" + Path.GetFileName(file), File.ReadAllBytes(file));
        var embedding = own["model.embed_tokens.weight"];
        var (ids, width) = ((int)embedding.Shape[0], (int)embedding.Shape[1]);
        Write("""{"target_modules": ["embed_tokens"]}""", parts: []);
        const string Module = "base_model.model.model.embed_tokens.lora_embedding_";
        var a = TinyTensor.Random(new(1), Module + "A", 2, ids);
        var b = TinyTensor.Random(new(2), Module + "B", width, 2);
        WriteFactors([a, b]);
        using var checkpoint = Checkpoint.Open(folder["adapter"]);
        using var weights = checkpoint.Load(ScalarType.Float64);
        var changed = embedding.Values.Select((w, i) => w + 3 * Enumerable.Range(0, 2)
            .Sum(r => (double)a.Values[r * ids + i / width] * b.Values[i % width * 2 + r]));
        Assert.All(changed.Zip(Loaded.Floats(weights.Embedding)), p => Assert.Equal(p.First, p.Second, 1e-5));
        Assert.Equal((tied ? embedding : own["lm_head.weight"]).Values, Loaded.Floats(weights.Unembedding));
    }

    [Theory]
    [InlineData("""{"use_dora": true}""", "use_dora")]
    [InlineData("""{"use_something_new": true}""", "use_something_new")]
    [InlineData("""{"ensure_weight_tying": true}""", "ensure_weight_tying")]
    [InlineData("""{"target_modules": ["q_proj", "down_proj", "embed_tokens"]}""", "lacks tensors", "embed_tokens")]
    [InlineData("""{"modules_to_save": ["lm_head"]}""", "modules_to_save", "lm_head")]
    [InlineData("""{"init_lora_weights": "lora_ga"}""", "init_lora_weights", "lora_ga")]
    [InlineData("""{"init_lora_weights": "something new"}""", "init_lora_weights", "something new")]
    [InlineData("""{"peft_type": "IA3"}""", "peft_type", "IA3", "LORA")]
    [InlineData("""{"bias": "all"}""", "bias", "all")]
    [InlineData("""{"lora_bias": true}""", "lora_bias")]
    [InlineData("""{"layer_replication": [[0, 1]]}""", "layer_replication")]
    [InlineData("""{"trainable_token_indices": [1]}""", "trainable_token_indices")]
    [InlineData("""{"enable_lora": [true, false]}""", "enable_lora")]
    [InlineData("""{"init_lora_weights": "pissa_niter_4"}""", "init_lora_weights", "pissa")]
    [InlineData("""{"r": 0}""", "r is", "from 1")]
    [InlineData("""{"r": null}""", "r is missing")]
    [InlineData("""{"lora_alpha": "x"}""", "lora_alpha")]
    [InlineData("""{"r": 4}""", "lora_A", "(2, 8)", "(4, 8)")]
    [InlineData("""{"target_modules": ["q_proj"]}""", "down_proj", "does not name")]
    [InlineData("""{"target_modules": ["q_proj", "down_proj", "v_proj"]}""", "lacks tensors", "v_proj")]
    [InlineData("""{"target_modules": "(q_proj"}""", "not a regular expression")]
    [InlineData("""{"target_modules": 3}""", "target_modules", "list of texts")]
    [InlineData("""{"base_model_name_or_path": null}""", "base_model_name_or_path")]
    [InlineData("""{"base_model_name_or_path": "../adapter"}""", "itself an adapter")]
    public void What_is_not_supported_is_refused_by_name(string fields, params string[] because)
    {
        RefusedFor(fields, because);
    }

    [Fact]
    public void An_expression_that_takes_too_long_is_refused() =>
        RefusedFor("""{"target_modules": "((.*)*)*((.*)*)*((.*)*)*x"}""", "takes too long");

    [Fact]
    public void A_base_that_is_not_there_is_not_found_with_advice()
    {
        Write("""{"base_model_name_or_path": "decapoda-research/llama-7b-hf"}""");
        var missing = Assert.Throws<DirectoryNotFoundException>(() => Checkpoint.Open(folder["adapter"]).Dispose());
        Assert.Contains("decapoda-research/llama-7b-hf", missing.Message);
        Assert.Contains("give the base's folder", missing.Message);
        Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder["base"], folder["base"]).Dispose());
    }

    [Fact]
    public void Tensors_that_belong_to_no_module_are_refused()
    {
        var all = Write().Values.SelectMany(f => new[] { f.A, f.B }).ToList();
        TinyTensor[] others =
        [
            TinyTensor.Random(new(1), "base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight", 2, 8),
            TinyTensor.Random(new(1), "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector", 8),
            all[0] with { Name = all[0].Name.Replace("lora_A", "lora_A.default") },
        ];
        foreach (var other in others)
        {
            WriteFactors([.. all, other]);
            RefusedAsIs(other.Name.Contains("layers.2") ? "model.layers.2.self_attn.q_proj"
                : other.Name.Contains("default") ? "two names" : other.Name);
        }
        WriteFactors(all.Skip(1));
        RefusedAsIs("lora_B but no lora_A");
        WriteFactors([]);
        RefusedAsIs("lacks tensors");
    }

    [Fact]
    public void The_fingerprint_of_a_merged_model_covers_base_and_adapter()
    {
        string Fingerprint(string path)
        {
            using var checkpoint = Checkpoint.Open(path);
            return checkpoint.ComputeFingerprint();
        }

        Write();
        var first = Fingerprint(folder["adapter"]);
        Assert.NotEqual(first, Fingerprint(folder["base"]));
        Write("""{"lora_alpha": 7}""");
        Assert.NotEqual(first, Fingerprint(folder["adapter"]));
    }

    [SharedTheory]
    [InlineData("goat-lora-7b_adapter_config.json")]
    [InlineData("llama_adapter_config_modern.json")]
    public void Published_adapter_configurations_are_read(string name)
    {
        var fields = JsonNode.Parse(File.ReadAllText(SharedFolder.PathOf("reference", name)))!.AsObject();
        fields["base_model_name_or_path"] = "../base";
        var rank = (int)fields["r"]!;
        var parts = fields["target_modules"]!.AsArray().Select(t => (string)t!).ToArray();
        AssertMerged(Write(fields.ToJsonString(), parts, ranks: _ => rank), _ => (double)fields["lora_alpha"]! / rank);
    }

    [SharedFact]
    public void Both_forms_of_the_golden_adapter_give_the_same_weights()
    {
        var golden = SharedFolder.PathOf("golden", "formats", "lora-adapter");
        using var merged = Checkpoint.Open(golden);
        Assert.Equal((6, 2.0), (merged.Adapter!.Modules.Count, merged.Adapter.Modules[0].Scale));
        foreach (var name in (string[])["adapter_config.json", "adapter_model.bin"]) folder.Write("bin/" + name,
            File.ReadAllBytes(Path.Combine(golden, name)));
        Loaded.Weights(golden, first =>
        {
            Loaded.Weights(merged.Folder, second =>
            {
                for (var l = 0; l < 2; l++) Assert.Equal(Loaded.Floats(first.Layers[l].Query),
                    Loaded.Floats(second.Layers[l].Query));
            }, adapter: folder["bin"]);
            Loaded.Weights(merged.Folder, plain => Assert.NotEqual(Loaded.Floats(first.Layers[0].Query),
                Loaded.Floats(plain.Layers[0].Query)));
        });
    }
}
