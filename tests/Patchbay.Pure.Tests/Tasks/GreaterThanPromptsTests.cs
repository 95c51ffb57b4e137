using System.Globalization;
using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

public partial class GreaterThanPromptsTests
{
    [Fact]
    public void With_a_token_for_two_digits_every_greater_year_of_the_century_is_right()
    {
        var encode = Tokens(@"\d\d|\d");
        var set = Generated(2000, 5, encode);
        Assert.Contains("Years have a token for the last two digits: the answers are all greater ones.", set.Notices);
        foreach (var prompt in set.Prompts)
        {
            var (century, year) = Years(prompt.Clean.Text!);
            Assert.InRange(year, 2, 98);
            var greater = Enumerable.Range(year + 1, 99 - year).Select(later => encode($"{later:00}")[1]);
            Assert.Equal(greater, prompt.Answers);
            Assert.Equal((century, 1), Years(prompt.Counterfactual.Text!));
            var at = prompt.Clean.Positions;
            Assert.Equal(encode($"{year:00}")[1], prompt.Clean.Ids[at["start_year"]]);
            Assert.Equal(at["start_year"], at["start_tens"]);
            Assert.Equal(prompt.Clean.Ids[at["start_century"]], prompt.Clean.Ids[at["last"]]);
            Assert.Equal(at["start_year"] - 1, at["start_century"]);
            Assert.Equal(at, prompt.Counterfactual.Positions);
        }
    }

    [Fact]
    public void With_a_token_for_each_digit_the_answers_are_the_greater_tens_digits()
    {
        var encode = Tokens(@"\d");
        var set = Generated(1000, 5, encode);
        Assert.Contains(set.Notices, notice => notice.StartsWith("Years have a token for each digit",
            StringComparison.Ordinal));
        Assert.Equal(8, set.Prompts.Select(p => p.Answers.Count).Distinct().Count());
        foreach (var prompt in set.Prompts)
        {
            var (_, year) = Years(prompt.Clean.Text!);
            var at = prompt.Clean.Positions;
            Assert.Equal(9, year % 10);
            Assert.Equal(Enumerable.Range(year / 10 + 1, 9 - year / 10).Select(tens => encode($"{tens}")[1]),
                prompt.Answers);
            Assert.Equal(encode($"{year / 10}")[1], prompt.Clean.Ids[at["start_tens"]]);
            Assert.Equal(encode("9")[1], prompt.Clean.Ids[at["start_year"]]);
            Assert.Equal(at["start_tens"] - 1, at["start_century"]);
            Assert.Equal(at, prompt.Counterfactual.Positions);
        }
    }

    [Fact]
    public void Centuries_whose_years_are_spelt_otherwise_are_left_out_and_named()
    {
        var set = Generated(300, 5, Tokens(@"1776|1492|\d\d|\d"));
        Assert.Contains("Years that begin with 14, 17 are spelt otherwise and were left out.", set.Notices);
        Assert.Equal([11, 12, 13, 15, 16], set.Prompts.Select(p => Years(p.Clean.Text!).Century).Distinct().Order());
    }

    [Theory]
    [InlineData(@"\d{1,3}"), InlineData(@"\d+")]
    public void A_tokenizer_of_other_numbers_is_refused(string number) => Refused.With(
        () => Generated(10, 5, Tokens(number)),
            "one token for the last two digits of a year or one for each of them");

    [Fact]
    public void A_seed_gives_the_same_different_prompts_and_no_more_than_there_are()
    {
        var lines = GreaterThanPrompts.Lines(500, 8, GreaterThanWords.All);
        Assert.Equal(500, lines.DistinctBy(line => line.Clean).Count());
        Assert.Equal(PromptFile.Format(lines),
            PromptFile.Format(GreaterThanPrompts.Lines(500, 8, GreaterThanWords.All)));
        Assert.NotEqual(PromptFile.Format(lines),
            PromptFile.Format(GreaterThanPrompts.Lines(500, 9, GreaterThanWords.All)));
        Refused.With(() => GreaterThanPrompts.Lines(100_000, 8, GreaterThanWords.All),
            "different prompts, 100000 are needed");
    }

    private static (int Century, int Year) Years(string text)
    {
        var match = Sentence().Match(text);
        Assert.True(match.Success, text);
        return (Number(1), Number(2));
        int Number(int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>A tokenizer that cuts numbers from the left into stretches that <paramref name="number"/>
    /// matches.</summary>
    private static EncodeText Tokens(string number)
    {
        var words = new WordEncoder();
        return text => words.Encode(Regex.Replace(text, number, match => $" {match.Value} "));
    }

    /// <summary>The prompts of a seed as tokens, by way of a file, of the words that fit the tokenizer.</summary>
    private static PromptSet Generated(int prompts, ulong seed, EncodeText encode)
    {
        var words = GreaterThanWords.For(encode);
        using var file = new TemporaryFile(PromptFile.Format(GreaterThanPrompts.Lines(prompts, seed, words)));
        return new(PromptFile.Load(file.Path, encode).Prompts, words.Notices);
    }

    [GeneratedRegex(@"^The \w+ lasted from the year (\d\d)(\d\d) to the year \1$")]
    private static partial Regex Sentence();
}
