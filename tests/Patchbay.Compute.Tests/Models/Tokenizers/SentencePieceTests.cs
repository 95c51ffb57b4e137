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
        Assert.Equal("ab", tokenizer.Decode([265, 267, 268]));
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_an_argument_error()
    {
        var tokenizer = Open(SentencePieceFile.Bpe(Pieces));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Piece(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([tokenizer.VocabularySize]));
    }
}
