namespace Patchbay.Tasks;

/// <summary>Greater-than (Hanna et al. 2023): "The war lasted from the year 1741 to the year 17" goes on with any
/// number above 41. The counterfactual's first year ends in 01, behind which nearly everything is right.</summary>
/// <remarks>Where the tokenizer has a token for each digit, the answer is the tens digit alone, and first years end in
/// 9: behind 1749 every greater tens digit is right and the same one is not.</remarks>
public static class GreaterThanPrompts
{
    /// <summary>Prompts from a seed, no two alike. Positions: "last" (the second year's first two digits, or the last
    /// of their tokens), "start_century" (the same in the first year), "start_tens" (the token that holds its tens
    /// digit) and "start_year" (its last token, the same one where a token holds two digits).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No prompt is asked for.</exception>
    /// <exception cref="InvalidDataException">There are not so many different prompts.</exception>
    public static IReadOnlyList<PromptLine> Lines(int prompts, ulong seed, GreaterThanWords words)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(prompts, 1);
        var years = words.TwoDigits ? Enumerable.Range(2, 97) : Enumerable.Range(1, 8).Select(tens => 10 * tens + 9);
        List<(string Noun, int Century, int Year)> all =
            [.. from noun in words.Nouns from century in words.Centuries from year in years select (noun, century, year)];
        if (all.Count < prompts)
        {
            throw new InvalidDataException(
                $"The words of this tokenizer give only {all.Count} different prompts, {prompts} are needed.");
        }
        return
        [
            .. SplitMix64.For(seed, "greater-than").Sample(all, prompts).Select(drawn => new PromptLine(
                Marked(drawn.Noun, drawn.Century, drawn.Year, words.TwoDigits),
                Marked(drawn.Noun, drawn.Century, 1, words.TwoDigits),
                Answers(drawn.Year, words.TwoDigits)) { AnswerSpace = false }),
        ];
    }

    /// <summary>The prompts of a seed as tokens, of the words and in the form that fit the tokenizer; the notices of
    /// the set say which.</summary>
    /// <exception cref="InvalidDataException">The tokenizer fits neither form, or knows too few of the
    /// words.</exception>
    public static PromptSet Generate(int prompts, ulong seed, EncodeText encode)
    {
        var words = GreaterThanWords.For(encode);
        return PromptFile.Build(Lines(prompts, seed, words), encode, words.Notices);
    }

    /// <summary>The prompt about a first year, up to and with the second year's first two digits.</summary>
    public static string Text(string noun, int century, int year) =>
        $"The {noun} lasted from the year {century}{year:00} to the year {century}";

    private static string[] Answers(int year, bool twoDigits) => twoDigits
        ? [.. Enumerable.Range(year + 1, 99 - year).Select(later => $"{later:00}")]
        : [.. Enumerable.Range(year / 10 + 1, 9 - year / 10).Select(tens => $"{tens}")];

    private static MarkedText Marked(string noun, int century, int year, bool twoDigits)
    {
        var text = Text(noun, century, year);
        var start = text.IndexOf($"{century}", StringComparison.Ordinal);
        Mark EndOf(int digits) => new(new TextSpan(start, digits), "last");
        return new MarkedText(text, new Dictionary<string, Mark>
        {
            ["start_century"] = EndOf(2),
            ["start_tens"] = EndOf(twoDigits ? 4 : 3),
            ["start_year"] = EndOf(4),
        });
    }
}
