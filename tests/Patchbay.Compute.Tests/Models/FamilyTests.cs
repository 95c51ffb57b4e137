using System.Text.Json;
using Patchbay.Patching;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>Every family against the numbers of the public modelling code.</summary>
public sealed class FamilyTests
{
    // Rotary frequencies are float32 here, as in the checkpoints' own code; the references have them in float64.
    private const double Close = 2e-5;

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

    private static Decoder Open(string family, string config, out JsonElement expected)
    {
        var folder = SharedFolder.PathOf("golden", "families", family);
        expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement;
        using var copy = new TemporaryFolder();
        File.Copy(Path.Combine(folder, config), copy.PathOf("config.json"));
        File.CreateSymbolicLink(copy.PathOf("model.safetensors"), Path.Combine(folder, "model.safetensors"));
        using var checkpoint = Checkpoint.Open(copy.Path);
        return new(checkpoint.Config, checkpoint.Load(ScalarType.Float64));
    }

    private static int[][] Inputs(JsonElement expected) => [.. expected.GetProperty("inputs").EnumerateArray()
        .Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    private static Tensor Last(Decoder model, int[] ids) => model.Forward(model.Index(ids).unsqueeze(0))[0, -1];

    // Largest difference of a tensor and nested lists of numbers.
    private static double Difference(Tensor actual, JsonElement expected)
    {
        double[] numbers = [.. Flat(expected)];
        return (actual.reshape(-1) - tensor(numbers)).abs().max().ToDouble();
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
