using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

public class Llama2cTests
{
    private static readonly Tokenizer Tokenizer = TokenizerFolder.OpenBytes("tok267.bin",
        Llama2cFile.Of(" ", "a", "b", "c", "ab", " a", " ab", "abc"));

    private static string[] Shown(string text) => [.. Tokenizer.Encode(text, addSpecial: false)
        .Select(Tokenizer.Piece)];

    [Fact]
    public void Text_gets_a_space_before_it_and_the_best_scored_merges()
    {
        Assert.Equal([" ab"], Shown("ab"));
        Assert.Equal([" ab", "c", " ", " a"], Shown("abc  a"));
        Assert.Equal([1, 265], Tokenizer.Encode("ab"));
        Assert.Equal([1], Tokenizer.Encode(""));
    }

    [Fact]
    public void Characters_without_a_token_become_bytes_three_ids_up()
    {
        Assert.Equal([1, 264, 3 + 0xE2, 3 + 0x82, 3 + 0xAC, 261], Tokenizer.Encode("a€b"));
        Assert.Equal("a€b\n\0 ", Tokenizer.Decode(Tokenizer.Encode("a€b\n\0 ")));
    }

    [Fact]
    public void Decoding_takes_the_first_space_away_and_leaves_special_tokens_out()
    {
        Assert.Equal("ab a", Tokenizer.Decode([1, 265, 264, 2]));
        Assert.Equal("ab", Tokenizer.Decode([265]));
        Assert.Equal(" ab", Tokenizer.Decode(Tokenizer.Encode(" ab")));
        Assert.Equal("a\uFFFD", Tokenizer.Decode([264, 3 + 0xE2]));
    }

    [Fact]
    public void It_describes_itself()
    {
        Assert.Equal("llama2.c BPE, 267 tokens, byte fallback", Tokenizer.Description);
        Assert.Equal((267, 1, 2), (Tokenizer.VocabularySize, Tokenizer.BeginId, Tokenizer.EndId));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Piece(267));
    }
}
