using System.Text.Json;
using Patchbay.EndToEnd.Tests;

namespace Patchbay.Cli.Tests;

/// <summary>`pbm model tokens` and `logits`: for looking at a model and comparing it with other programs.</summary>
public sealed class ModelCommandTests
{
    /// <summary>Rotary angles are computed in float32, as the checkpoints' own code does.</summary>
    private const double Tolerance = 2e-6;

    private static readonly string TinyBase = Path.Combine(Pbm.Root, "models", "tiny-base");

    [SharedFact]
    public void Logits_are_those_of_the_public_code_untouched_and_patched()
    {
        using var folder = new TemporaryFolder();
        var model = SharedFolder.PathOf("golden", "families", "qwen2");
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "expected.json")));
        var root = expected.RootElement;
        var inputs = root.GetProperty("inputs");
        var (all, first, second) = (folder.File("all.json", inputs.GetRawText()),
            folder.File("first.json", inputs[0].GetRawText()), folder.File("second.json", inputs[1].GetRawText()));

        AssertNear(root.GetProperty("logits_last"), Logits(folder, model, "--ids", all, "--last"));
        AssertNear(root.GetProperty("logits_all"), Logits(folder, model, "--ids", first).RootElement[0]);
        foreach (var patch in root.GetProperty("patched").EnumerateArray())
            AssertNear(patch.GetProperty("logits_last"), Logits(folder, model, "--ids", first, "--source-ids", second,
                "--patch", $"{patch.GetProperty("layer")}.{patch.GetProperty("head")}@last", "--last").RootElement[0]);
    }

    [Fact]
    public void Logits_as_npy_have_the_shape_of_prompts_and_tokens()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("logits.npy");
        var run = PbmRun.Of("model", "logits", TinyBase, "--ids", folder.File("ids.json", "[[1,2,3],[4,5,6]]"),
            "--out", file, "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(2, document.RootElement.GetProperty("best").GetArrayLength());
        var header = System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(file), 0, 120);
        Assert.Contains("'shape': (2, 3, ", header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null", "ids.json: expected a list, found null")]
    [InlineData("[[1], null]", "field '[1]': expected a list, found null")]
    [InlineData("[]", "ids.json: expected at least one id, found none")]
    [InlineData("[-1]", "field '[0]': expected a token id of 0 or more, found -1")]
    [InlineData("[1, 2.5]", "field '[1]': expected a whole number, found 2.5")]
    [InlineData("[1, 2", "line 1: expected valid JSON, found text that ends too early")]
    [InlineData("[99999999]", "the model's vocabulary, found 99999999")]
    [InlineData("{\"a\": 1}", "ids.json: expected a list, found an object")]
    public void Ids_that_are_none_are_refused_in_a_sentence(string ids, string sentence)
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("model", "logits", TinyBase, "--ids", folder.File("ids.json", ids), "--out",
            folder.File("l.json"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("ids.json", run.Error, StringComparison.Ordinal);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9.0@last")]
    [InlineData("0.0@77")]
    [InlineData("0.0")]
    public void A_patch_that_the_model_has_no_place_for_is_refused(string patch)
    {
        using var folder = new TemporaryFolder();
        var ids = folder.File("ids.json", "[1,2,3]");
        var run = PbmRun.Of("model", "logits", TinyBase, "--ids", ids, "--source-ids", ids, "--patch", patch, "--out",
            folder.File("l.json"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.StartsWith("error: --patch: expected ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("\n  ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1000")]
    [InlineData("1000000")]
    public void More_tokens_than_the_model_reads_are_refused_before_anything_is_printed(string tokens)
    {
        var run = PbmRun.Of("model", "generate", TinyBase, "--prompt", "Box F", "--max-tokens", tokens);
        Assert.Equal((ExitCode.BadInput, ""), (run.Code, run.Out));
        Assert.Matches("^error: --max-tokens: expected at most [0-9]+ after a prompt of [0-9]+ tokens, as the model "
            + $"reads [0-9]+, found {tokens}\n$", run.Error);
    }

    [Fact]
    public void Tokens_are_shown_with_what_comes_next()
    {
        var run = PbmRun.Of("model", "tokens", TinyBase, "--prompt", "Box F contains the", "--json");
        using var document = JsonDocument.Parse(run.Out);
        var tokens = document.RootElement.GetProperty("tokens").EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(0, tokens.Length), tokens.Select(t => t.GetProperty("index").GetInt32()));
        Assert.Contains(tokens, t => t.GetProperty("text").GetString()!.Contains("contains", StringComparison.Ordinal));
        var next = document.RootElement.GetProperty("next").EnumerateArray()
            .Select(n => n.GetProperty("probability").GetDouble()).ToArray();
        Assert.Equal(10, next.Length);
        Assert.Equal(next.OrderDescending(), next);
        Assert.InRange(next.Sum(), 0.02, 1); // of a vocabulary of 1,000
    }

    private static JsonDocument Logits(TemporaryFolder folder, string model, params string[] arguments)
    {
        var file = folder.File("logits.json");
        var run = PbmRun.Of(["model", "logits", model, "--dtype", "float64", "--out", file, .. arguments]);
        Assert.True(run.Code == ExitCode.Ok, run.Error);
        return JsonDocument.Parse(File.ReadAllText(file));
    }

    private static void AssertNear(JsonElement expected, JsonDocument found) => AssertNear(expected, found.RootElement);

    private static void AssertNear(JsonElement expected, JsonElement found)
    {
        if (expected.ValueKind == JsonValueKind.Number)
        {
            Assert.Equal(expected.GetDouble(), found.GetDouble(), Tolerance);
            return;
        }
        Assert.Equal(expected.GetArrayLength(), found.GetArrayLength());
        foreach (var (e, f) in expected.EnumerateArray().Zip(found.EnumerateArray())) AssertNear(e, f);
    }
}
