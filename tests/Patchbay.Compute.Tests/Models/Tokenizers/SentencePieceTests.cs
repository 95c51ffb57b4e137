using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

public class SentencePieceTests
{
    private static readonly string[] Pieces = ["▁", "a", "b", "c", "ab", "▁a", "▁ab", "abc"];

    private static Tokenizer Open(SentencePieceFile file) => TokenizerFolder.OpenBytes("tokenizer.model", file.Bytes);

    private static string[] Shown(Tokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text, addSpecial: false).Select(tokenizer.Piece)];

    [Fact]
    public void The_best_scored_merge_comes_first_and_the_dummy_prefix_counts()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces));
        Assert.Equal(["▁ab"], Shown(tokenizer, "ab"));
        Assert.Equal(["▁ab", "c"], Shown(tokenizer, "abc"));
        Assert.Equal(["▁ab", "▁ab"], Shown(tokenizer, "ab ab"));
        Assert.Equal(["▁a", "c", "c"], Shown(tokenizer, "acc"));
    }

    [Fact]
    public void Begin_is_added_unless_asked_not_to()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces));
        Assert.Equal((1, 2), (tokenizer.BeginId, tokenizer.EndId));
        Assert.Equal([1, 259 + 6], tokenizer.Encode("ab"));
        Assert.Equal([1], tokenizer.Encode(""));
        Assert.Equal([], tokenizer.Encode("", addSpecial: false));
    }

    [Fact]
    public void Extra_spaces_are_removed_by_default_and_kept_when_the_normalizer_says_so()
    {
        var removing = Open(SentencePieceFile.Bpe(Pieces));
        var keeping = Open(SentencePieceFile.Bpe(Pieces, normalizer: spec => spec.Number(4, 0)));
        Assert.Equal(["▁ab", "▁a"], Shown(removing, "  ab   a "));
        Assert.Equal([], Shown(removing, "   "));
        Assert.Equal(["▁", "▁", "▁ab", "▁", "▁", "▁a", "▁"], Shown(keeping, "  ab   a "));
        Assert.Equal("  ab   a ", keeping.Decode(keeping.Encode("  ab   a ")));
        Assert.Equal("ab a", removing.Decode(removing.Encode("  ab   a ")));
    }

    [Fact]
    public void Without_a_dummy_prefix_nothing_is_put_before_and_nothing_is_taken_away()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces, normalizer: spec => spec.Number(3, 0).Number(4, 0)));
        Assert.Equal(["abc"], Shown(tokenizer, "abc"));
        Assert.Equal(" abc", tokenizer.Decode(tokenizer.Encode(" abc")));
    }

    [Fact]
    public void Unknown_characters_become_their_bytes()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces));
        Assert.Equal(["▁a", "<0xE2>", "<0x82>", "<0xAC>", "b"], Shown(tokenizer, "a€b"));
        Assert.Equal(["▁", "<0xF0>", "<0x9F>", "<0x91>", "<0x8D>", "<0x0A>", "<0x00>"], Shown(tokenizer, "👍\n\0"));
        Assert.Equal("a€b👍\n\0", tokenizer.Decode(tokenizer.Encode("a€b👍\n\0")));
    }

    [Fact]
    public void Bytes_that_are_no_character_decode_to_one_replacement_each()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces));
        int a = 259 + 1, e2 = 3 + 0xE2, x82 = 3 + 0x82;
        Assert.Equal("a\uFFFD\uFFFDa\uFFFD", tokenizer.Decode([a, e2, x82, a, x82]));
    }

    [Fact]
    public void A_lone_surrogate_is_a_replacement_character() =>
        Assert.Equal(["▁a", "<0xEF>", "<0xBF>", "<0xBD>", "b"], Shown(Open(SentencePieceFile.Bpe(Pieces)), "a\uD800b"));

    [Fact]
    public void Without_byte_fallback_a_run_of_unknown_characters_is_one_unknown_piece()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces, byteFallback: false));
        Assert.Equal(["▁a", "<unk>", "b", "<unk>"], Shown(tokenizer, "a€$b👍"));
        Assert.Equal("a \u2047 b \u2047 ", tokenizer.Decode(tokenizer.Encode("a€$b👍")));
    }

    [Fact]
    public void A_character_that_is_only_part_of_pieces_still_merges()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(["▁", "a", "aé", "éa"], byteFallback: false));
        Assert.Equal(["▁", "aé"], Shown(tokenizer, "aé"));
        Assert.Equal(["▁", "<unk>", "aé"], Shown(tokenizer, "éaé"));
    }

    [Fact]
    public void User_defined_pieces_are_found_first_and_never_merge()
    {
        var file = SentencePieceFile.Bpe(Pieces).Piece("<b>", 0, SentencePieceFile.UserDefined)
            .Piece("<b>c", 0, SentencePieceFile.UserDefined);
        var tokenizer = Open(file);
        Assert.Equal(["▁a", "<b>", "b", "c", "<0x3C>"], Shown(tokenizer, "a<b>bc<"));
        Assert.Equal(["▁a", "<b>c", "abc"], Shown(tokenizer, "a<b>cabc"));
        Assert.Equal("a<b>cabc", tokenizer.Decode(tokenizer.Encode("a<b>cabc")));
    }

    [Fact]
    public void Control_pieces_are_not_found_in_text_and_decode_to_nothing()
    {
        var tokenizer = Open(SentencePieceFile.Bpe([.. Pieces, "<", "s", ">", "<s"]));
        Assert.Equal(["▁", "<s", ">"], Shown(tokenizer, "<s>"));
        Assert.Equal("ab", tokenizer.Decode([1, 259 + 6, 2]));
    }

    [Fact]
    public void The_leftmost_of_equally_scored_merges_wins()
    {
        var file = new SentencePieceFile().Piece("<unk>", 0, SentencePieceFile.Unknown);
        foreach (var piece in (string[])["▁", "a", "aa"]) file.Piece(piece, -1, SentencePieceFile.Normal);
        var tokenizer = Open(file.Message(2, trainer => trainer.Number(3, 2)));
        Assert.Equal(["▁", "aa", "aa", "a"], Shown(tokenizer, "aaaaa"));
        Assert.Null(tokenizer.BeginId);
        Assert.Null(tokenizer.EndId);
    }

    [Fact]
    public void Files_beside_the_model_say_what_goes_around_and_add_ids()
    {
        using var folder = new TokenizerFolder();
        File.WriteAllBytes(Path.Combine(folder.Root, "tokenizer.model"), SentencePieceFile.Bpe(Pieces).Bytes);
        folder.Write("tokenizer_config.json",
            """{"add_bos_token": false, "add_eos_token": true, "eos_token": {"content": "[END]"}}""");
        folder.Write("added_tokens.json", """{"[PAD]": 267, "[END]": 268}""");
        var tokenizer = folder.Open();
        Assert.Equal(269, tokenizer.VocabularySize);
        Assert.Equal("[PAD]", tokenizer.Piece(267));
        Assert.Equal([265, 268], tokenizer.Encode("ab"));
        Assert.Equal("ab[PAD]", tokenizer.Decode([265, 267, 268])); // [PAD] is not said to be special
    }

    private static Tokenizer OpenWith(params (string Name, string Text)[] beside)
    {
        using var folder = new TokenizerFolder();
        File.WriteAllBytes(Path.Combine(folder.Root, "tokenizer.model"), SentencePieceFile.Bpe(Pieces).Bytes);
        foreach (var (name, text) in beside) folder.Write(name, text);
        return folder.Open();
    }

    [Theory]
    [InlineData("added_tokens.json", """{"<|im|>": 267}""", 267)]
    [InlineData("added_tokens.json", """{"[X]": 270, "<|im|>": 275}""", 275)] // ids between that no token has
    [InlineData("special_tokens_map.json", """{"additional_special_tokens": ["<|im|>"]}""", 267)] // the next free id
    [InlineData("special_tokens_map.json", """{"pad_token": {"content": "<|im|>", "lstrip": false}}""", 267)]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"268": {"content": "<|im|>", "special": true}}}""",
        268)]
    [InlineData("tokenizer_config.json", """{"eos_token": "<|im|>"}""", 267)]
    public void Tokens_that_files_beside_name_are_found_anywhere_in_texts(string file, string text, int id)
    {
        var tokenizer = OpenWith((file, text));
        Assert.Equal((id + 1, "<|im|>"), (tokenizer.VocabularySize, tokenizer.Piece(id)));
        Assert.Equal([1, id], tokenizer.Encode("<|im|>"));
        Assert.Equal([1, 265, id, id, 264, 2, 0], tokenizer.Encode("ab<|im|><|im|>a</s><unk>"));
    }

    [Fact]
    public void Space_goes_before_every_stretch_of_text_or_with_legacy_false_before_the_whole()
    {
        var added = ("added_tokens.json", """{"<|im|>": 267}""");
        Assert.Equal(["▁ab", "<|im|>", "▁a", "<|im|>", "▁ab"], Shown(OpenWith(added), "ab<|im|>a<|im|> ab"));
        var newer = OpenWith(added, ("tokenizer_config.json", """{"legacy": false}"""));
        Assert.Equal(["▁ab", "<|im|>", "a"], Shown(newer, "ab<|im|>a"));
        Assert.Equal(["<|im|>", "ab"], Shown(newer, "<|im|>ab"));
    }

    [Fact]
    public void A_list_in_the_configuration_goes_before_the_older_file()
    {
        var tokenizer = OpenWith(("added_tokens.json", """{"[OLD]": 267}"""),
            ("tokenizer_config.json", """{"added_tokens_decoder": {"267": {"content": "[NEW]", "rstrip": true}}}"""));
        Assert.Equal([1, 267, 259, 261], tokenizer.Encode("[NEW]  b"));
        Assert.DoesNotContain(267, tokenizer.Encode("[OLD]"));
    }

    [Fact]
    public void A_wild_id_is_refused_and_so_is_what_is_no_list_of_tokens()
    {
        var refused = Assert.Throws<InvalidDataException>(() => OpenWith(("added_tokens.json", """{"[X]": 999999}""")));
        Assert.Contains("/added_tokens.json: id of '[X]': expected one below ", refused.Message);
        Assert.Throws<InvalidDataException>(() => OpenWith(("added_tokens.json", "[]")));
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_an_argument_error()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Piece(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([tokenizer.VocabularySize]));
    }
}
