using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>A pattern of tokenizer.json, {"String": ...} or {"Regex": ...}, that cuts a text into matches and the rest.
/// Regular expressions are written for Oniguruma; what means the same in .NET is accepted, the rest refused by name.</summary>
internal sealed class TextPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string? _literal;
    private readonly Regex? _regex;

    private TextPattern(string? literal, Regex? regex) => (_literal, _regex) = (literal, regex);

    public static TextPattern Read(JsonField field)
    {
        if (field.Optional("String") is { } literal)
            return literal.Text() is { Length: > 0 } text ? new(text, null) : throw literal.Expected("a string that is not empty");
        if (field.Optional("Regex") is not { } expression) throw field.Expected("\"String\" or \"Regex\"");
        try
        {
            return OfRegex(expression.Text());
        }
        catch (RegexParseException error)
        {
            throw expression.Expected($"a regular expression (character {error.Offset}: {error.Error})");
        }
        catch (ArgumentException error)
        {
            throw expression.Expected($"a supported regular expression ({error.Message})");
        }
    }

    /// <exception cref="ArgumentException">The expression is wrong or not supported; the message says why.</exception>
    public static TextPattern OfRegex(string expression) =>
        new(null, new(OnigurumaSyntax.Translate(expression), RegexOptions.CultureInvariant | RegexOptions.Compiled, Patience));

    /// <summary>The whole of <paramref name="text"/> in ranges, each a match or what lies between matches.</summary>
    public List<(int Start, int End, bool IsMatch)> Cut(string text)
    {
        var ranges = new List<(int, int, bool)>();
        var from = 0;
        foreach (var (start, end) in _literal is null ? RegexMatches(text) : LiteralMatches(_literal, text))
        {
            if (from < start) ranges.Add((from, start, false));
            ranges.Add((start, end, true));
            from = end;
        }
        if (from < text.Length) ranges.Add((from, text.Length, false));
        return ranges;
    }

    /// <summary><paramref name="text"/> with every match replaced by <paramref name="content"/>.</summary>
    public string Replace(string text, string content)
    {
        if (_literal is not null) return text.Replace(_literal, content, StringComparison.Ordinal);
        var result = new StringBuilder(text.Length);
        foreach (var (start, end, isMatch) in Cut(text))
            _ = isMatch ? result.Append(content) : result.Append(text, start, end - start);
        return result.ToString();
    }

    private static IEnumerable<(int Start, int End)> LiteralMatches(string literal, string text)
    {
        for (var at = 0; (at = text.IndexOf(literal, at, StringComparison.Ordinal)) >= 0; at += literal.Length)
            yield return (at, at + literal.Length);
    }

    private List<(int Start, int End)> RegexMatches(string text)
    {
        try
        {
            return MatchesByCharacter(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new InvalidDataException(
                $"The tokenizer's regular expression {TokenizerFile.Quote(_regex!.ToString())} takes more than " +
                $"{Patience.TotalSeconds} seconds on this text.");
        }
    }

    private List<(int Start, int End)> MatchesByCharacter(string text)
    {
        var matches = new List<(int, int)>();
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            foreach (var match in _regex!.EnumerateMatches(text)) matches.Add((match.Index, match.Index + match.Length));
            return matches;
        }
        var (stand, offsets) = StandIns(text);
        foreach (var match in _regex!.EnumerateMatches(stand))
            matches.Add((offsets[match.Index], offsets[match.Index + match.Length]));
        return matches;
    }

    /// <summary>.NET matches UTF-16 units, tokenizers match characters: each character beyond the first plane is stood for by
    /// one of the first plane with the same general category. Offsets lead back to <paramref name="text"/>.</summary>
    private static (string Text, int[] Offsets) StandIns(string text)
    {
        var stand = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            stand.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            offsets.Add(at);
            at += rune.Utf16SequenceLength;
        }
        offsets.Add(at);
        return (stand.ToString(), [.. offsets]);
    }

    internal static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA790',
        UnicodeCategory.LowercaseLetter => '\uA791',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA7F9',
        UnicodeCategory.OtherLetter => '\uA800',
        UnicodeCategory.NonSpacingMark => '\uA802',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\uA670',
        UnicodeCategory.DecimalDigitNumber => '\uA8D0',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\uFE4D',
        UnicodeCategory.DashPunctuation => '\uFE58',
        UnicodeCategory.OpenPunctuation => '\uFE47',
        UnicodeCategory.ClosePunctuation => '\uFE48',
        UnicodeCategory.InitialQuotePunctuation => '\u2E20',
        UnicodeCategory.FinalQuotePunctuation => '\u2E21',
        UnicodeCategory.OtherPunctuation => '\uA874',
        UnicodeCategory.MathSymbol => '\uFE62',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.OtherSymbol => '\uA828',
        UnicodeCategory.Format => '\u2066',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFDD0', // a character that is not assigned; no other category occurs beyond the first plane
    };
}
