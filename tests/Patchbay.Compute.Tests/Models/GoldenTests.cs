using System.Text.Json;
using Patchbay.Models.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>Real checkpoints against the numbers given with them.</summary>
public class GoldenTests
{
    [SharedTheory]
    [InlineData("stories260K/stories260K.bin", "stories260K")]
    [InlineData("tinystories-656k", "tinystories-656k")]
    [InlineData("tinystories-656k-f32", "tinystories-656k")]
    public void Greedy_ids_and_logits_equal_the_golden_ones(string checkpoint, string golden)
    {
        using var model = Load(SharedFolder.PathOf("checkpoints", checkpoint), ScalarType.Float32);
        foreach (var reference in Json(SharedFolder.PathOf("checkpoints", golden, "golden_reference.json"))
            .EnumerateArray())
        {
            var prompt = Ints(reference.GetProperty("prompt_ids"));
            var expected = Ints(reference.GetProperty("forced_then_greedy_next_ids"))[(prompt.Length - 1)..];
            foreach (var kernel in new[] { true, false }) // without it as a GPU computes
            {
                model.RowKernel = kernel;
                Assert.Equal(expected, model.Generate(prompt, expected.Length));
            }
            AssertClose(Doubles(reference.GetProperty("logits_last_prompt_pos")), LastLogits(model, prompt), 1e-4);
        }
    }

    [SharedFact]
    public void A_prompt_goes_in_as_text_and_comes_out_as_the_golden_story()
    {
        var folder = SharedFolder.PathOf("checkpoints", "tinystories-656k");
        using var model = Load(folder, ScalarType.Float32);
        var tokenizer = TokenizerLoader.Open(folder)!;
        foreach (var reference in Json(Path.Combine(folder, "golden_reference.json")).EnumerateArray())
        {
            var prompt = tokenizer.Encode(reference.GetProperty("prompt").GetString()!);
            var count = Ints(reference.GetProperty("forced_then_greedy_next_ids")).Length - prompt.Length + 1;
            Assert.StartsWith(reference.GetProperty("text").GetString()!.TrimEnd()[..40],
                tokenizer.Decode([.. prompt, .. model.Generate(prompt, count)]).TrimStart(), StringComparison.Ordinal);
        }
    }

    [SharedFact]
    public void Logits_of_s256x4_equal_the_golden_ones()
    {
        using var scope = NewDisposeScope();
        var folder = SharedFolder.PathOf("golden", "s256x4");
        using var model = Load(folder, ScalarType.Float32);
        var batch = Json(Path.Combine(folder, "batch.json"));
        foreach (var (tokens, file) in new[] { ("base_tokens", "clean_logits_last.npy"),
            ("source_tokens", "corrupt_logits_last.npy") })
        {
            var expected = Npy(Path.Combine(folder, file));
            var prompts = batch.GetProperty(tokens).EnumerateArray().Select(Ints).ToArray();
            for (var n = 0; n < prompts.Length; n++)
                AssertClose(expected.AsSpan(n * 2048, 2048).ToArray(), LastLogits(model, prompts[n]), 1e-4);
        }
        var whole = model.Forward(model.Index(Ints(batch.GetProperty("base_tokens")[0])).unsqueeze(0))
            .to(ScalarType.Float64).cpu().data<double>().ToArray();
        AssertClose(Npy(Path.Combine(folder, "clean_logits_prompt0_all.npy")), whole, 1e-4);
    }

    [SharedTheory]
    [InlineData("sharded-bin")]
    [InlineData("lora-adapter")]
    public void Logits_of_other_formats_equal_the_float64_ones(string folder)
    {
        var path = SharedFolder.PathOf("golden", "formats", folder);
        using var model = Load(path, ScalarType.Float32);
        var expected = Json(Path.Combine(path, "expected.json"));
        AssertClose(Doubles(expected.GetProperty("logits_last")), LastLogits(model,
            Ints(expected.GetProperty("prompt_ids"))), 1e-4);
    }

    [SharedFact]
    public void The_adapter_as_bin_gives_the_same_logits()
    {
        var source = SharedFolder.PathOf("golden", "formats", "lora-adapter");
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(source, "adapter_config.json"), folder.PathOf("adapter_config.json"));
        File.Copy(Path.Combine(source, "adapter_model.bin"), folder.PathOf("adapter_model.bin"));
        using var checkpoint = Checkpoint.Open(SharedFolder.PathOf("checkpoints", "tinystories-656k"), folder.Path);
        using var model = new Decoder(checkpoint.Config, checkpoint.Load(ScalarType.Float32, TestDevice.Named));
        var expected = Json(Path.Combine(source, "expected.json"));
        AssertClose(Doubles(expected.GetProperty("logits_last")), LastLogits(model,
            Ints(expected.GetProperty("prompt_ids"))), 1e-4);
    }

    [SharedTheory]
    [InlineData(ScalarType.Float16, 0.02)]
    [InlineData(ScalarType.BFloat16, 0.4)]
    [InlineData(ScalarType.Float64, 1e-4)]
    public void Other_dtypes_are_as_close_as_they_can_be(ScalarType dtype, double tolerance)
    {
        using var model = Load(SharedFolder.PathOf("checkpoints", "tinystories-656k"), dtype);
        var reference = Json(SharedFolder.PathOf("checkpoints", "tinystories-656k", "golden_reference.json"))[0];
        AssertClose(Doubles(reference.GetProperty("logits_last_prompt_pos")),
            LastLogits(model, Ints(reference.GetProperty("prompt_ids"))), tolerance);
    }

    private static Decoder Load(string path, ScalarType dtype)
    {
        using var checkpoint = Checkpoint.Open(path);
        return new Decoder(checkpoint.Config, checkpoint.Load(dtype, TestDevice.Named));
    }

    private static double[] LastLogits(Decoder model, int[] prompt)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return model.Forward(model.Index(prompt).unsqueeze(0))[0, -1].to(
            ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }

    private static void AssertClose(double[] expected, double[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        var largest = expected.Zip(found, (e, f) => Math.Abs(e - f)).Max();
        Assert.True(largest <= tolerance, $"largest difference {largest:e2}, allowed {tolerance:e0}");
    }

    private static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetInt32())];

    private static double[] Doubles(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetDouble())];

    /// <summary>A little-endian float32 or float64 array in NumPy's format, flat.</summary>
    private static double[] Npy(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = bytes.AsSpan(10 + BitConverter.ToUInt16(bytes, 8));
        return System.Text.Encoding.ASCII.GetString(bytes, 10, 100).Contains("<f8", StringComparison.Ordinal)
            ? System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(data).ToArray()
            : Array.ConvertAll(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data).ToArray(), x =>
                (double)x);
    }
}
