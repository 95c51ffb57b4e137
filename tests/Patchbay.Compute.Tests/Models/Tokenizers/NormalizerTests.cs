using System.Text;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

public class NormalizerTests
{
    /// <summary>A tokenizer whose tokens are the bytes, so that decoding shows the normalized text.</summary>
    private static Func<string, string> Normalizer(string normalizer)
    {
        var alphabet = new List<string>();
        var next = 256;
        for (var b = 0; b < 256; b++)
            alphabet.Add(((char)(b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? b : next++))
                .ToString());
        var tokenizer = TokenizerFolder.OpenJson(TokenizerJson.Of(TokenizerJson.Bpe([.. alphabet]).ToJsonString(),
            normalizer,
            """{"type": "ByteLevel", "add_prefix_space": false}""", """{"type": "ByteLevel"}"""));
        Assert.Equal(Encoding.UTF8.GetBytes("aé€👍\n").Select(b => (int)b), TokenizerFolder.OpenJson(TokenizerJson.Of(
            TokenizerJson.Bpe([.. alphabet]).ToJsonString(),
                preTokenizer: """{"type": "ByteLevel", "add_prefix_space": false}""")).Encode("aé€👍\n"));
        return text => tokenizer.Decode(tokenizer.Encode(text));
    }

    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("\u212B\u2126", "ÅΩ")] // singletons
    [InlineData("\u1112\u1161\u11AB\u1100\u1173\u11AF", "한글")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // marks in canonical order
    [InlineData("\u0344", "\u0308\u0301")] // excluded from composition
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("D\u0307\u0323", "\u1E0C\u0307")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("plain ASCII and Latin-1 ÿ", "plain ASCII and Latin-1 ÿ")]
    public void Nfc_composes(string text, string expected) => Assert.Equal(expected,
        Normalizer("""{"type": "NFC"}""")(text));

    [Theory]
    [InlineData("é", "e\u0301")]
    [InlineData("한글", "\u1112\u1161\u11AB\u1100\u1173\u11AF")]
    [InlineData("\u1E69", "s\u0323\u0307")]
    public void Nfd_decomposes(string text, string expected) => Assert.Equal(expected,
        Normalizer("""{"type": "NFD"}""")(text));

    [Fact]
    public void Composing_and_decomposing_undo_each_other_on_random_texts()
    {
        var (compose, decompose, random) = (Normalizer("""{"type": "NFC"}"""), Normalizer("""{"type": "NFD"}"""),
            new RandomText(5));
        for (var n = 0; n < 1000; n++)
        {
            var text = random.Next();
            Assert.Equal(decompose(text), decompose(compose(text)));
            Assert.Equal(compose(text), compose(decompose(text)));
        }
    }

    [Theory]
    [InlineData("""{"type": "Lowercase"}""", "ÀÉ İI Σ", "àé i\u0307i σ")]
    [InlineData("""{"type": "Strip", "strip_left": true, "strip_right": true}""", " \u00A0a b\n", "a b")]
    [InlineData("""{"type": "Strip", "strip_left": false, "strip_right": true}""", " a ", " a")]
    [InlineData("""{"type": "Replace", "pattern": {"String": "''"}, "content": "\""}""", "''x'''", "\"x\"'")]
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}""", "a \n\t b", "a b")]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "_"}, {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]}""", "a b", "_a_b")]
    public void Normalizers_change_the_text(string normalizer, string text, string expected) =>
        Assert.Equal(expected, Normalizer(normalizer)(text));
}
