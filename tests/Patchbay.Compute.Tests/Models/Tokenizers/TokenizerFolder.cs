using System.Text.Json;
using System.Text.Json.Nodes;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>A folder of tokenizer files made by a test, gone when the test is.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("patchbay-tokenizer-").FullName;

    public static Tokenizer OpenJson(JsonNode json, params (string Name, string Text)[] beside)
    {
        using var folder = new TokenizerFolder();
        foreach (var (name, text) in beside) folder.Write(name, text);
        return folder.Write("tokenizer.json", json.ToJsonString()).Open();
    }

    public static Tokenizer OpenBytes(string name, byte[] bytes)
    {
        using var folder = new TokenizerFolder();
        File.WriteAllBytes(Path.Combine(folder.Root, name), bytes);
        return folder.Open();
    }

    public TokenizerFolder Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(Root, name), text);
        return this;
    }

    public Tokenizer Open() => TokenizerLoader.Open(Root)!;

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>A tokenizer.json in the making.</summary>
internal static class TokenizerJson
{
    public static JsonObject Of(string model, string? normalizer = null, string? preTokenizer = null,
        string? decoder = null,
        string? postProcessor = null, string? addedTokens = null) => new()
        {
            ["version"] = "1.0",
            ["added_tokens"] = addedTokens is null ? new JsonArray() : JsonNode.Parse(addedTokens),
            ["normalizer"] = Parse(normalizer),
            ["pre_tokenizer"] = Parse(preTokenizer),
            ["post_processor"] = Parse(postProcessor),
            ["decoder"] = Parse(decoder),
            ["model"] = JsonNode.Parse(model),
        };

    /// <summary>A WordLevel model of these words, ids in order, "[UNK]" first.</summary>
    public static string WordLevel(params string[] words) => JsonSerializer.Serialize(new
    {
        type = "WordLevel",
        vocab = words.Prepend("[UNK]").Select((w, i) => (w, i)).ToDictionary(p => p.w, p => p.i),
        unk_token = "[UNK]",
    });

    /// <summary>A BPE model: the tokens in order, merges as "a b".</summary>
    public static JsonObject Bpe(string[] tokens, params string[] merges) => new()
    {
        ["type"] = "BPE",
        ["vocab"] = new JsonObject(tokens.Select((t, i) => KeyValuePair.Create(t, (JsonNode?)JsonValue.Create(i)))),
        ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode?)JsonValue.Create(m))]),
    };

    private static JsonNode? Parse(string? json) => json is null ? null : JsonNode.Parse(json);
}
