using System.Text.Json;
using Xunit.Abstractions;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>Ten published tokenizers against the ids and texts that Hugging Face's own library gives.</summary>
public class PublishedTokenizerTests(ITestOutputHelper output)
{
    [PublishedTheory]
    [InlineData("llama3")]
    [InlineData("llama3_1")]
    [InlineData("qwen3")]
    [InlineData("gemma3")]
    [InlineData("gpt4o")]
    [InlineData("gpt35turbo")]
    [InlineData("gptoss")]
    [InlineData("llama2")]
    [InlineData("deepseek_v3")]
    [InlineData("gpt2")]
    public void All_encodings_equal_the_golden_ones_and_decode_as_they_do(string name)
    {
        var golden = PublishedTokenizers.Golden.GetProperty("tokenizers").GetProperty(name);
        var json = PublishedTokenizers.Json(name);
        using var folder = new TokenizerFolder();
        var tokenizer = folder.Write("tokenizer.json", json).Open();
        string[] texts = Texts(PublishedTokenizers.Golden.GetProperty("strings"));
        JsonElement[] encodings = [.. golden.GetProperty("encodings").EnumerateArray()];
        Assert.Equal(texts.Length, encodings.Length);
        foreach (var (text, ids) in texts.Zip(encodings))
        {
            Assert.Equal(Ids(ids, "ids"), tokenizer.Encode(text, addSpecial: false));
            if (ids.TryGetProperty("ids_special", out _)) Assert.Equal(Ids(ids, "ids_special"), tokenizer.Encode(text));
        }
        output.WriteLine($"{name}: {texts.Length} of {texts.Length} texts equal");
        if (!golden.TryGetProperty("decoded", out var decoded)) return;

        // Golden texts have special tokens spelled out, Patchbay leaves them out: such texts are not compared.
        string[] specials = [.. JsonDocument.Parse(json).RootElement.GetProperty("added_tokens").EnumerateArray()
            .Where(t => t.GetProperty("special").GetBoolean()).Select(t => t.GetProperty("content").GetString()!)];
        foreach (var (text, ids) in Texts(decoded).Zip(encodings))
            if (!specials.Any(text.Contains)) Assert.Equal(text, tokenizer.Decode(Ids(ids, "ids")));
    }

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString()!)];

    private static int[] Ids(JsonElement encoding, string name) =>
        [.. encoding.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
