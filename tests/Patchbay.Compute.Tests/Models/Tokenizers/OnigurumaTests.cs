using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>Expressions of Oniguruma cut texts as Hugging Face's library does (tokenizers 0.22.2 gave these cuts), or
/// are refused by what they hold.</summary>
public class OnigurumaTests
{
    private static string Cut(string expression, string text) => string.Join('|',
        TextPattern.OfRegex(expression).Cut(text).Where(r => r.Start < r.End).Select(r => text[r.Start..r.End]));

    [Theory]
    [InlineData(@"\p{Han}+", "ab漢字𠀀かな々a", "ab|漢字𠀀|かな|々|a")]
    [InlineData(@"[\p{Hiragana}\p{Katakana}]+", "漢かナーｱa", "漢|かナ|ー|ｱ|a")]
    [InlineData(@"\P{hani}+|\p{^Latin}", "aé漢 б", "aé|漢| б")]
    [InlineData(@"[\p{Lu}\p{Lo}&&[^\p{Han}]]+", "ABか漢字Ж", "ABか|漢字|Ж")]
    [InlineData("[a-z&&[^aeiou]]+", "hello😀ytr", "h|e|ll|o😀|ytr")]
    [InlineData("[a[bc]d&&[^c]]+", "abcda", "ab|c|da")]
    [InlineData("[^a-z&&[aeiou]]", "aex", "ae|x")]
    [InlineData(@" ?[^(\s|[.,!?…。，、।۔،])]+", "Hi, you (2)", "Hi|,| you| (|2|)")]
    [InlineData(@"[\x{1F300}-\x{1F5FF}𝔘]", "🌀x𝔘𝔙👍", "🌀|x|𝔘|𝔙|👍")]
    [InlineData(@"\w+", "aⅧⒶ🄰_٣ b-c\u200D", "aⅧⒶ🄰_٣| |b|-|c|\u200D")]
    [InlineData(@"\b", "ab, c", "ab|, |c")]
    [InlineData(@"(?i:'s|'t|k)", "it'S 'ſ\u212Ax", "it|'S| |'ſ|\u212A|x")]
    [InlineData("^a", "a\na\n", "a|\n|a|\n")]
    [InlineData("^", "a\nb\n", "a\n|b\n")]
    [InlineData(@"\s++$|b{,2}c", "bbbc \n", "b|bbc| \n")]
    [InlineData("a{2}?b|x{1,2}+", "aabbxxxxx", "aab|b|xxxxx")]
    [InlineData("a*", "aab", "aa|b")]
    [InlineData(@"\h+|\t", "f0z\t", "f0|z|\t")]
    public void Cuts_are_as_in_the_public_library(string expression, string text, string cuts) =>
        Assert.Equal(cuts, Cut(expression, text));

    [Theory]
    [InlineData(@"\p{Script=Han}", @"\p{Script=Han}")]
    [InlineData(@"\pL", @"\p without {...}")]
    [InlineData(@"\X", @"\X")]
    [InlineData(@"(a)\1", @"\1")]
    [InlineData(@"\xE3\x81", @"\xE3")]
    [InlineData("[a[:alpha:]]", "[: in a class")]
    [InlineData(@"[\w-a]", "a - in a class")]
    [InlineData("[a-[b]]", "a - in a class")]
    [InlineData("[z-a]", "a range that ends before it begins")]
    [InlineData("[]a]", "an empty class")]
    [InlineData("[a", "a [ without its ]")]
    [InlineData(@"[^[^\H]&&[^b]]", "all but an intersection that comes to ASCII")]
    [InlineData("a)", "a ) without its (")]
    [InlineData("(?<name>a)", "a group that begins with (?")]
    [InlineData("(?i)a", "a group that begins with (?")]
    [InlineData("(?i:é)", "where case is ignored")]
    [InlineData("(?i:strasse)", "\"st\", which is a character too")]
    [InlineData("*a", "a repeat of nothing")]
    [InlineData("a**", "a repeat of nothing, or of another repeat")]
    [InlineData("a{3,2}", "the repeat {3,2}")]
    [InlineData("(?:a?)*", "a repeat of what may be empty")]
    [InlineData("(?:a++b)*", "a repeat around (?> or a possessive repeat")]
    [InlineData("(?<=a++)b", "a possessive repeat in a look-behind")]
    public void What_would_be_read_otherwise_is_refused_by_name(string expression, string what)
    {
        var refused = Assert.Throws<ArgumentException>(() => TextPattern.OfRegex(expression));
        Assert.Contains($"{what}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("is not supported", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Brackets_in_brackets_without_end_are_refused()
    {
        foreach (var bracket in (string[])["(", "["])
            Assert.Throws<ArgumentException>(() =>
                TextPattern.OfRegex(string.Concat(Enumerable.Repeat(bracket, 99999))));
    }
}
