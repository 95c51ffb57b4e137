using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>A pattern of tokenizer.json, {"String": ...} or {"Regex": ...}, that cuts a text into matches and the rest.
/// Regular expressions are written for Oniguruma; what means the same in .NET is taken, the rest refused by
/// name.</summary>
internal sealed class TextPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly Lazy<char[]> StandIns = new(FindStandIns);

    private readonly string? _literal;
    private readonly Regex? _regex;

    private TextPattern(string? literal, Regex? regex) => (_literal, _regex) = (literal, regex);

    public static TextPattern Read(JsonField field)
    {
        if (field.Optional("String") is { } literal)
            return literal.Text() is { Length: > 0 } text
                ? new(text, null)
                : throw literal.Expected("a string that is not empty");
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
    public static TextPattern OfRegex(string expression)
    {
        return new(null, new(OnigurumaSyntax.Translate(expression), RegexOptions.CultureInvariant, Patience));
    }

    /// <summary>The replacement that a normalizer or decoder of type Replace asks for. Versions of the library disagree
    /// on "$" in its content where the pattern is an expression.</summary>
    public static Converter<string, string> ReadReplace(JsonField replace)
    {
        var (pattern, field) = (Read(replace.Required("pattern")), replace.Required("content"));
        var content = field.Text();
        if (pattern._regex is not null && content.Contains('$')) throw field.Expected("text without $");
        return text => pattern.Replace(text, content);
    }

    /// <summary>The whole of <paramref name="text"/> in ranges, each a match or what lies between matches.</summary>
    public List<(int Start, int End, bool IsMatch)> Cut(string text)
    {
        var ranges = new List<(int, int, bool)>();
        var from = 0;
        foreach (var (start, end) in _literal is null ? RegexMatches(_regex!, text) : LiteralMatches(_literal, text))
        {
            if (from < start) ranges.Add((from, start, false));
            ranges.Add((start, end, true));
            from = end;
        }
        if (from < text.Length) ranges.Add((from, text.Length, false));
        return ranges;
    }

    private string Replace(string text, string content)
    {
        if (_literal is not null) return text.Replace(_literal, content, StringComparison.Ordinal);
        return string.Concat(Cut(text).Select(range => range.IsMatch ? content : text[range.Start..range.End]));
    }

    private static IEnumerable<(int Start, int End)> LiteralMatches(string literal, string text)
    {
        for (var at = 0; (at = text.IndexOf(literal, at, StringComparison.Ordinal)) >= 0; at += literal.Length)
            yield return (at, at + literal.Length);
    }

    private static List<(int Start, int End)> RegexMatches(Regex regex, string text)
    {
        var matches = new List<(int, int)>();
        var (shown, offsets) = WithStandIns(text);
        try
        {
            foreach (var match in regex.EnumerateMatches(shown))
            {
                var (start, end) = (match.Index, match.Index + match.Length);
                matches.Add(offsets is null ? (start, end) : (offsets[start], offsets[end]));
            }
            return matches;
        }
        catch (RegexMatchTimeoutException)
        {
            var expression = TokenizerFile.Quote(regex.ToString());
            throw new InvalidDataException($"the tokenizer's regular expression {expression} takes more than " +
                $"{Patience.TotalSeconds} seconds on this text.");
        }
    }

    // .NET matches UTF-16 units, tokenizers match characters: each character beyond the first plane is stood for by one
    // of the first plane with the same general category. Offsets lead back to text; null where it has no such
    // character.
    private static (string Text, List<int>? Offsets) WithStandIns(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return (text, null);
        var shown = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            shown.Append(rune.IsBmp ? (char)rune.Value : StandIns.Value[(int)Rune.GetUnicodeCategory(rune)]);
            offsets.Add(at);
            at += rune.Utf16SequenceLength;
        }
        offsets.Add(at);
        return (shown.ToString(), offsets);
    }

    // A character of each category that no expression names: the last one before the compatibility ideographs.
    private static char[] FindStandIns()
    {
        var found = new char[(int)UnicodeCategory.OtherNotAssigned + 1];
        for (var c = '\0'; c < '\uF900'; c++) found[(int)char.GetUnicodeCategory(c)] = c;
        return found;
    }
}
