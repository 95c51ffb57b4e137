namespace Patchbay.Tasks;

/// <summary>What greater-than prompts are made of, and how the tokenizer spells years.</summary>
/// <param name="Nouns">Things that last, without article.</param>
/// <param name="Centuries">First two digits of the years.</param>
/// <param name="TwoDigits">Whether a year's last two digits are one token, or one each.</param>
/// <param name="Notices">Sentences for people: how years are spelt, and what was left out.</param>
public sealed record GreaterThanWords(
    IReadOnlyList<string> Nouns, IReadOnlyList<int> Centuries, bool TwoDigits, IReadOnlyList<string> Notices)
{
    private const string DigitsNotice = "a token for each digit: the answer is the tens digit alone, and the first " +
        "years end in 9, so that the same tens digit is wrong.";

    /// <summary>All words, and a token for each digit, as Llama's tokenizer has them.</summary>
    public static GreaterThanWords All { get; } = new(
        IoiWords.Split("""
            battle campaign conflict construction crisis debate development dispute exhibition expedition experiment
            festival investigation journey marriage migration mission occupation operation process program project
            reform reign revolution strike study tour tradition trial voyage war
            """),
        [.. Enumerable.Range(11, 7)],
        TwoDigits: false,
        [$"No tokenizer was given; years are taken to have {DigitsNotice}"]);

    /// <summary>The words of <see cref="All"/> that <paramref name="encode"/> turns into one token each, and the
    /// centuries all of whose years it spells in one way: with a token for the last two digits where there is such a
    /// century, else with a token for each digit. Notices tell which, and what was left out.</summary>
    /// <exception cref="InvalidDataException">It spells the years of no century in either way.</exception>
    public static GreaterThanWords For(EncodeText encode)
    {
        var notices = new List<string>();
        var nouns = EntityWords.Usable(All.Nouns, "The", "nouns", encode, notices);
        List<int> pairs = [.. All.Centuries.Where(century => HasPairs(century, encode))];
        List<int> digits = pairs.Count > 0 ? [] : [.. All.Centuries.Where(century => HasDigits(century, encode))];
        var (centuries, form) = pairs.Count > 0
            ? (pairs, "a token for the last two digits: the answers are all greater ones.")
            : (digits, DigitsNotice);
        if (centuries.Count == 0)
        {
            throw new InvalidDataException("Greater-than needs a tokenizer that has one token for the last two digits " +
                "of a year or one for each of them behind the first two, this tokenizer has neither.");
        }
        notices.Add($"Years have {form}");
        if (centuries.Count < All.Centuries.Count)
        {
            notices.Add("Years that begin with " + string.Join(", ", All.Centuries.Except(centuries)) +
                " are spelt otherwise and were left out.");
        }
        return new GreaterThanWords(nouns, centuries, pairs.Count > 0, notices);
    }

    private static bool HasPairs(int century, EncodeText encode) =>
        HasTokens(Enumerable.Range(1, 99).Select(year => $"{year:00}"), $"{century}", encode);

    private static bool HasDigits(int century, EncodeText encode)
    {
        string[] digits = [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")];
        return HasTokens(digits, $"{century}", encode)
            && digits.All(tens => HasTokens(digits, $"{century}{tens}", encode));
    }

    /// <summary>Whether every ending is one token of its own behind a year's beginning.</summary>
    private static bool HasTokens(IEnumerable<string> endings, string beginning, EncodeText encode)
    {
        var before = "The year " + beginning;
        var ids = encode(before);
        var seen = new HashSet<int>();
        return endings.All(ending =>
            TokenAlignment.ContinuationToken(ids, before + ending, encode, out _) is int token && seen.Add(token));
    }
}
