using System.Text.Json.Nodes;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

public class HuggingFaceModelTests
{
    private static string[] Shown(Tokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text, addSpecial: false).Select(tokenizer.Piece)];

    [Fact]
    public void Word_level_words_are_ids_and_others_the_unknown_one()
    {
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(
            TokenizerJson.WordLevel("Hello", "world", "!", "a_1"), preTokenizer: """{"type": "Whitespace"}"""));
        Assert.Equal([1, 2, 3, 0, 4], tokenizer.Encode("Hello world!  nope\ta_1"));
        Assert.Equal("Hello world !", tokenizer.Decode([1, 2, 3]));
        Assert.Equal("Hugging Face WordLevel, 5 tokens", tokenizer.Description);
    }

    [Fact]
    public void A_word_level_vocabulary_without_unknown_token_refuses_the_word_by_name()
    {
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(
            """{"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "[UNK]"}"""));
        Assert.Contains("'b'", Assert.Throws<InvalidDataException>(() => tokenizer.Encode("b")).Message);
    }

    [Fact]
    public void Merges_apply_in_their_order_leftmost_first()
    {
        var model = TokenizerJson.Bpe(["a", "b", "c", "ab", "bc", "aa"], "b c", "a b", "a a");
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString()));
        Assert.Equal(["a", "bc"], Shown(tokenizer, "abc"));
        Assert.Equal(["ab", "a"], Shown(tokenizer, "aba"));
        Assert.Equal(["aa", "aa", "a"], Shown(tokenizer, "aaaaa"));
    }

    [Fact]
    public void Merges_may_be_pairs_and_the_type_may_be_missing()
    {
        var model = TokenizerJson.Bpe([" ", "b", " b"]);
        model["merges"] = JsonNode.Parse("""[[" ", "b"]]""");
        model.Remove("type");
        Assert.Equal([2, 2], TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString())).Encode(" b b"));
    }

    [Theory]
    [InlineData("""{"unk_token": "?", "fuse_unk": true}""", new[] { "a", "?", "b", "?" })]
    [InlineData("""{"unk_token": "?"}""", new[] { "a", "?", "?", "b", "?" })]
    [InlineData("""{}""", new[] { "a", "b" })]
    public void Unknown_characters_are_fused_kept_or_dropped(string settings, string[] expected)
    {
        var model = TokenizerJson.Bpe(["?", "a", "b"]);
        foreach (var (name, value) in JsonNode.Parse(settings)!.AsObject()) model[name] = value?.DeepClone();
        Assert.Equal(expected, Shown(TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString())), "axybz"));
    }

    [Fact]
    public void Byte_fallback_needs_all_bytes_of_a_character()
    {
        var model = TokenizerJson.Bpe(["?", "a", "<0xC3>", "<0xA9>"]);
        (model["unk_token"], model["byte_fallback"]) = ("?", true);
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString(),
            decoder: """{"type": "ByteFallback"}"""));
        Assert.Equal(["a", "<0xC3>", "<0xA9>", "?"], Shown(tokenizer, "aéü"));
        Assert.Equal("aé", tokenizer.Decode([1, 2, 3]));
        Assert.Equal("a\uFFFDa", tokenizer.Decode([1, 2, 1]));
        Assert.Equal("\uFFFD\uFFFD\uFFFD", tokenizer.Decode([2, 3, 2])); // not é and one: the whole run fails
    }

    [Fact]
    public void Ignore_merges_takes_a_word_of_the_vocabulary_whole()
    {
        var model = TokenizerJson.Bpe(["a", "b", "c", "ab", "abc"], "a b");
        Assert.Equal(["ab", "c"], Shown(TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString())), "abc"));
        model["ignore_merges"] = true;
        Assert.Equal(["abc"], Shown(TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString())), "abc"));
    }

    [Fact]
    public void Cutting_caching_and_heap_give_what_the_definition_of_merging_gives()
    {
        var random = new Random(7);
        for (var n = 0; n < 300; n++)
        {
            var tokens = "abcd".Select(c => c.ToString()).ToList();
            var merges = new List<(string Left, string Right)>();
            while (merges.Count < 12)
            {
                var (left, right) = (tokens[random.Next(tokens.Count)], tokens[random.Next(tokens.Count)]);
                if (left.Length + right.Length > 6 || merges.Contains((left, right))) continue;
                merges.Add((left, right));
                if (!tokens.Contains(left + right)) tokens.Add(left + right);
            }
            var model = TokenizerJson.Bpe([.. tokens], [.. merges.Select(m => $"{m.Left} {m.Right}")]);
            var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(model.ToJsonString()));
            for (var m = 0; m < 20; m++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => "abcd"[random.Next(4)]));
                Assert.Equal(ByDefinition(text, merges), Shown(tokenizer, text));
            }
        }
    }

    /// <summary>The first merge in the list that applies anywhere, at its leftmost place, again and again.</summary>
    private static List<string> ByDefinition(string text, List<(string Left, string Right)> merges)
    {
        var symbols = text.Select(c => c.ToString()).ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, symbols.Count - 1))
                .Select(i => (Rank: merges.IndexOf((symbols[i], symbols[i + 1])), Place: i)).Where(p => p.Rank >= 0)
                    .Order().ToList();
            if (best.Count == 0) return symbols;
            symbols[best[0].Place] += symbols[best[0].Place + 1];
            symbols.RemoveAt(best[0].Place + 1);
        }
    }
}
