using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

public class HuggingFacePipelineTests
{
    /// <summary>Asserts that the pre-tokenizer cuts <paramref name="text"/> into these words.</summary>
    private static void Cuts(string preTokenizer, string text, params string[] words)
    {
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(TokenizerJson.WordLevel([.. words.Distinct()]),
            preTokenizer: preTokenizer));
        Assert.Equal(words, tokenizer.Encode(text).Select(tokenizer.Piece));
    }

    [Fact]
    public void Byte_level_cuts_as_gpt2_does()
    {
        const string byteLevel = """{"type": "ByteLevel", "add_prefix_space": false}""";
        Cuts(byteLevel, "Hello my friend, how is your day going?", "Hello", "Ġmy", "Ġfriend", ",", "Ġhow", "Ġis",
            "Ġyour", "Ġday", "Ġgoing", "?");
        Cuts(byteLevel, "Hello there       dear", "Hello", "Ġthere", "ĠĠĠĠĠĠ", "Ġdear");
        Cuts(byteLevel, "Hello there\nHello there", "Hello", "Ġthere", "Ċ", "Hello", "Ġthere");
        Cuts(byteLevel, "we'll 42x i⭢j", "we", "'ll", "Ġ42", "x", "Ġi", "âŃ¢", "j");
        Cuts("""{"type": "ByteLevel"}""", "Hi", "ĠHi");
        Cuts("""{"type": "ByteLevel", "use_regex": false}""", "Hi you", "ĠHiĠyou");
    }

    [Fact]
    public void Characters_beyond_the_first_plane_have_their_own_category()
    {
        // 𝔘 is a letter, 𝟗 a digit, 👍 neither.
        const string split = """{"type": "Split", "pattern": {"Regex": "\\p{L}+|\\p{N}+"}, "behavior": "Isolated"}""";
        Cuts(split, "𝔘x𝟗1👍y", "𝔘x", "𝟗1", "👍", "y");
        Cuts("""{"type": "Whitespace"}""", "𝔘x👍 y", "𝔘x", "👍", "y");
    }

    [Fact]
    public void Llama3_and_qwen2_expressions_work()
    {
        const string expression = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        var split = """{"type": "Split", "pattern": {"Regex": "EXPRESSION"}, "behavior": "Isolated", "invert": false}""".Replace("EXPRESSION", expression, StringComparison.Ordinal);
        Cuts(split, "It'S 12345 (ok)\n\n  a ", "It", "'S", " ", "123", "45", " (", "ok", ")\n\n", " ", " a", " ");
    }

    [Theory]
    [InlineData("Removed", "the", "final", "countdown")]
    [InlineData("Isolated", "the", "-", "final", "-", "-", "countdown")]
    [InlineData("MergedWithPrevious", "the-", "final-", "-", "countdown")]
    [InlineData("MergedWithNext", "the", "-final", "-", "-countdown")]
    [InlineData("Contiguous", "the", "-", "final", "--", "countdown")]
    public void Split_treats_matches_by_its_behavior(string behavior, params string[] words) =>
        Cuts($$"""{"type": "Split", "pattern": {"String": "-"}, "behavior": "{{behavior}}", "invert": false}""",
            "the-final--countdown", words);

    [Theory]
    [InlineData("Removed", "How", "are", "you", "doing", "?")]
    [InlineData("MergedWithPrevious", "How ", "are ", "you ", "doing", "?")]
    [InlineData("MergedWithNext", "How", " are", " you", " doing", "?")]
    [InlineData("Contiguous", "How", " ", "are", " ", "you", " ", "doing?")]
    public void An_inverted_split_matches_words(string behavior, params string[] words) =>
        Cuts($$"""{"type": "Split", "pattern": {"Regex": "\\w+|[^\\w\\s]+"}, "behavior": "{{behavior}}", "invert": true}""", "How are you doing?", words);

    [Fact]
    public void Digits_and_punctuation_are_cut_out()
    {
        Cuts("""{"type": "Digits", "individual_digits": true}""", "Hey 123 friend!", "Hey ", "1", "2", "3", " friend!");
        Cuts("""{"type": "Digits"}""", "Hey 123 friend!", "Hey ", "123", " friend!");
        Cuts("""{"type": "Punctuation"}""", "Hey friend!     How are you?!?", "Hey friend", "!", "     How are you",
            "?", "!", "?");
        Cuts("""{"type": "WhitespaceSplit"}""", " Hey,  man!\u00A0x", "Hey,", "man!", "x");
    }

    [Fact]
    public void Metaspace_marks_and_cuts_words()
    {
        const string metaspace = """{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "SCHEME", "split": true}""";
        Cuts(metaspace.Replace("SCHEME", "always", StringComparison.Ordinal), "Hey   friend!", "▁Hey", "▁", "▁",
            "▁friend!");
        Cuts(metaspace.Replace("SCHEME", "never", StringComparison.Ordinal), "Hey friend!", "Hey", "▁friend!");
        Cuts("""{"type": "Metaspace", "replacement": "▁", "add_prefix_space": false, "split": false}""", "Hey friend",
            "Hey▁friend");
    }

    [Fact]
    public void A_sequence_of_pre_tokenizers_prepends_only_where_the_text_begins()
    {
        const string sequence = """
            {"type": "Sequence", "pretokenizers": [{"type": "Digits"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]}
            """;
        Cuts(sequence, "ab12cd e", "▁ab", "12", "cd", "▁e");
    }

    [Fact]
    public void Added_tokens_strip_stand_alone_and_match_normalized_text_as_they_say()
    {
        // The library's own example: Lowercase, "my" strips both sides, "ony" is a single word only.
        const string added = """
            [{"id": 1, "content": "my", "lstrip": true, "rstrip": true, "normalized": true, "special": false},
             {"id": 2, "content": "name", "normalized": true}, {"id": 3, "content": "ony", "single_word": true},
             {"id": 4, "content": "[CLS]", "normalized": false, "special": true}, {"id": 5, "content": "[SEP]", "normalized": false, "special": true}]
            """;
        var model = """{"type": "WordLevel", "vocab": {"[UNK]": 0, " is anthony ": 6}, "unk_token": "[UNK]"}""";
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(model, normalizer: """{"type": "Lowercase"}""",
            addedTokens: added));
        Assert.Equal([4, 1, 2, 6, 5], tokenizer.Encode("[CLS] My name is Anthony [SEP]"));
        Assert.Equal("my name  is anthony ", tokenizer.Decode([4, 1, 2, 6, 5]));
    }

    [Fact]
    public void A_normalized_added_token_is_found_as_the_normalizer_spells_it()
    {
        const string added = """[{"id": 1, "content": "<x>", "normalized": true, "special": true}]""";
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(
            TokenizerJson.Bpe(["▁", "<x>", "a", "<", "x", ">"]).ToJsonString(),
                normalizer: """{"type": "Prepend", "prepend": "▁"}""", addedTokens: added));
        Assert.Equal([1, 2], tokenizer.Encode("<x>a"));
        Assert.Equal([0, 2, 3, 4, 5], tokenizer.Encode("a<x>"));
    }

    [Fact]
    public void A_template_puts_tokens_around()
    {
        const string processor = """
            {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "E", "type_id": 0}}],
             "pair": [], "special_tokens": {"B": {"id": "B", "ids": [1], "tokens": ["a"]}, "E": {"id": "E", "ids": [2], "tokens": ["b"]}}}]}
            """;
        var json = TokenizerJson.Of(TokenizerJson.Bpe(["x", "a", "b"]).ToJsonString(), postProcessor: processor);
        var tokenizer = TokenizerFolder.OpenJson(json);
        Assert.Equal([1, 0, 2], tokenizer.Encode("x"));
        Assert.Equal([0], tokenizer.Encode("x", addSpecial: false));
        Assert.Equal((1, 2), (tokenizer.BeginId, tokenizer.EndId));
    }

    [Fact]
    public void Files_beside_name_the_end_token_and_llama_classes_what_goes_around()
    {
        var json = TokenizerJson.Of(TokenizerJson.Bpe(["x", "<s>", "</s>"]).ToJsonString());
        var config = ("tokenizer_config.json", """{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true}""");
        var llama = TokenizerFolder.OpenJson(json, config);
        Assert.Equal([1, 0], llama.Encode("x"));
        Assert.Equal((1, 2), (llama.BeginId, llama.EndId));
        var other = TokenizerFolder.OpenJson(json, ("special_tokens_map.json",
            """{"eos_token": {"content": "<s>"}}"""));
        Assert.Equal((null, 1), (other.BeginId, other.EndId));
        Assert.Equal(2, TokenizerFolder.OpenJson(json, ("config.json", """{"eos_token_id": [2, 1]}""")).EndId);
    }

    [Theory]
    [InlineData("special_tokens_map.json", """{"eos_token": "<end>"}""")]
    [InlineData("special_tokens_map.json", """{"additional_special_tokens": [{"content": "<end>"}]}""")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"7": {"content": "<end>", "special": true}}}""")]
    [InlineData("added_tokens.json", """{"<end>": 7}""")]
    public void Tokens_that_files_beside_name_are_found_in_texts(string file, string text)
    {
        var one = TokenizerFolder.OpenJson(TokenizerJson.Of(TokenizerJson.Bpe(["a", "<", "end"]).ToJsonString()),
            (file, text));
        Assert.Equal([0, 3, 0], one.Encode("a<end>a")); // the next free id, as the public library gives it
        var other = TokenizerFolder.OpenJson(
            TokenizerJson.Of(TokenizerJson.Bpe(["a", "<end>", "b"]).ToJsonString()), (file, text));
        Assert.Equal((3, "<end>"), (other.VocabularySize, other.Piece(1)));
        Assert.Equal([0, 1, 0], other.Encode("a<end>a"));
    }

    [Fact]
    public void Decoders_follow_one_another()
    {
        const string llama = """
            {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
             {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
            """;
        var model = TokenizerJson.Bpe(["▁a", "▁", "<0xE5>", "<0x8F>", "<0xAB>", "b"]).ToJsonString();
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(model, decoder: llama));
        Assert.Equal("a 叫b", tokenizer.Decode([0, 1, 2, 3, 4, 5]));
        Assert.Equal(" a", tokenizer.Decode([1, 0]));
        var metaspace = TokenizerFolder.OpenJson(TokenizerJson.Of(model,
            decoder: """{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}"""));
        Assert.Equal("a ab", metaspace.Decode([0, 0, 5]));
    }
}
