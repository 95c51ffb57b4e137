using System.Text.Json;
using Patchbay.Models.Weights;
using Patchbay.Patching;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>Every family against the numbers of the public modelling code.</summary>
public sealed class FamilyTests
{
    private const double Close = 1e-9; // mutations.md: the least that a mistake moves is 4e-6

    public static TheoryData<string, string> Checkpoints()
    {
        var data = new TheoryData<string, string>();
        foreach (var family in (string[])["gpt2", "gpt_neox", "llama3", "mistral", "qwen2", "qwen3", "gemma", "gemma2",
            "gemma3", "olmo2", "phi3", "phi", "smollm3"])
        {
            data.Add(family, "config.json");
            if (family != "gpt2") data.Add(family, "config_v5.json");
        }
        return data;
    }

    [SharedTheory]
    [MemberData(nameof(Checkpoints))]
    public void Logits_and_z_equal_those_of_the_public_code(string family, string config)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Open(family, config, out var expected);
        var inputs = Inputs(expected);
        for (var i = 0; i < inputs.Length; i++)
            Assert.True(Difference(Last(model, inputs[i]), expected.GetProperty("logits_last")[i]) < Close, $"{i}");
        var z = new Kept();
        var all = model.Forward(model.Index(inputs[0]).unsqueeze(0), z)[0]; // (T, vocabulary)
        Assert.True(Difference(all, expected.GetProperty("logits_all")) < Close);
        Assert.True(Difference(z.Layers[1][0, -1], expected.GetProperty("z_example")) < Close);
    }

    [SharedTheory]
    [MemberData(nameof(Checkpoints))]
    public void The_cone_patches_as_the_public_code_does(string family, string config)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Open(family, config, out var expected);
        var inputs = Inputs(expected);
        PaddedPrompts to = new([inputs[0]]), from = new([inputs[1]]);
        var source = BaseRun.CaptureZ(model, from, [from.Last])[0]; // by layer: (1, H, dh)
        using var cone = new ConeEvaluator(BaseRun.Create(model, to));
        foreach (var patched in expected.GetProperty("patched").EnumerateArray())
        {
            var head = new Tasks.Head(patched.GetProperty("layer").GetInt32(), patched.GetProperty("head").GetInt32());
            var variant = new Variant
            {
                Edits = [new HeadEdit(Site.Z, head, to.Last, source[head.Layer].select(1, head.Index))],
            };
            var logits = patched.GetProperty("logits_last").EnumerateArray().Select(v => v.GetDouble()).ToArray();
            for (var token = 0; token < logits.Length; token++)
            {
                var value = cone.Evaluate([variant], (all, _) => all.select(-1, token))[0, 0];
                Assert.True(Math.Abs(value - logits[token]) < Close, $"{head}, {token}: {value}, {logits[token]}");
            }
        }
    }

    [SharedFact]
    public void Scores_that_are_divided_by_depth_too_are_those_of_smaller_queries()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var plain = Open("gpt2", "config.json", out var expected);
        using var divided = Open("gpt2", "config.json", out var _,
            text => text.Replace("{", "{\"scale_attn_by_inverse_layer_idx\": true, ", StringComparison.Ordinal));
        foreach (var (layer, weights) in plain.Weights.Layers.Index())
            foreach (var part in (Tensor[])[weights.Query, weights.QueryBias!])
                part.div_(Number.Of(layer + 1));
        foreach (var ids in Inputs(expected))
            Assert.True((Last(divided, ids) - Last(plain, ids)).abs().max().ToDouble() < 1e-12);
    }

    [SharedTheory]
    [InlineData("config.json", "language_model.", "vision_tower.vision_model.head.weight")]
    [InlineData("config_v5.json", "model.language_model.", "model.vision_tower.vision_model.head.weight")]
    public void Gemma_3_with_images_is_its_text_model(string config, string prefix, string ofImages)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var folder = SharedFolder.PathOf("golden", "families", "gemma3");
        using var copy = new TemporaryFolder();
        File.WriteAllText(copy.PathOf("config.json"), $$"""
            {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "vision_config": {},
             "text_config": {{File.ReadAllText(Path.Combine(folder, config))}}}
            """);
        using (var text = Checkpoint.Open(folder))
        using (var weights = text.Load(ScalarType.Float32))
        {
            var named = text.Tensors.Select(t => t.Load(ScalarType.Float32, CPU).ToWrite(
                prefix == "language_model." ? prefix + t.Name : prefix + t.Name["model.".Length..]));
            SafetensorsWriter.Write(copy.PathOf("model.safetensors"), [.. named, ones(2, 3).ToWrite(ofImages)]);
        }
        using var checkpoint = Checkpoint.Open(copy.Path);
        using var model = Exact(checkpoint);
        using var own = Open("gemma3", "config.json", out var expected);
        foreach (var ids in Inputs(expected)) Assert.True(Last(model, ids).Equals(Last(own, ids)));
    }

    private static Decoder Open(string family, string config, out JsonElement expected,
        Func<string, string>? change = null)
    {
        var folder = SharedFolder.PathOf("golden", "families", family);
        expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement;
        using var copy = new TemporaryFolder();
        var text = File.ReadAllText(Path.Combine(folder, config));
        File.WriteAllText(copy.PathOf("config.json"), change?.Invoke(text) ?? text);
        File.CreateSymbolicLink(copy.PathOf("model.safetensors"), Path.Combine(folder, "model.safetensors"));
        using var checkpoint = Checkpoint.Open(copy.Path);
        return Exact(checkpoint);
    }

    private static Decoder Exact(Checkpoint checkpoint) =>
        new(checkpoint.Config, checkpoint.Load(ScalarType.Float64, TestDevice.Named)) { ExactRotary = true };

    private static int[][] Inputs(JsonElement expected) => [.. expected.GetProperty("inputs").EnumerateArray()
        .Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    private static Tensor Last(Decoder model, int[] ids) => model.Forward(model.Index(ids).unsqueeze(0))[0, -1];

    // Largest difference of a tensor and nested lists of numbers.
    private static double Difference(Tensor actual, JsonElement expected)
    {
        double[] numbers = [.. Flat(expected)];
        return (actual.reshape(-1).cpu() - tensor(numbers)).abs().max().ToDouble();
    }

    private static IEnumerable<double> Flat(JsonElement json) => json.ValueKind == JsonValueKind.Array
        ? json.EnumerateArray().SelectMany(Flat) : [json.GetDouble()];

    private sealed class Kept : ForwardHooks
    {
        public List<Tensor> Layers { get; } = []; // (N, T, H, dh) each

        public override Tensor Z(int layer, Tensor z)
        {
            Layers.Add(z.clone().DetachFromDisposeScope());
            return z;
        }
    }
}
