namespace Patchbay.Models.Tokenizers;

/// <summary>A pattern of tokenizer.json, {"String": ...} or {"Regex": ...}, that cuts a text into matches and the
/// rest.</summary>
internal sealed class TextPattern
{
    private readonly string? _literal;
    private readonly OnigurumaPattern? _regex;

    private TextPattern(string? literal, OnigurumaPattern? regex) => (_literal, _regex) = (literal, regex);

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
        catch (ArgumentException error)
        {
            throw expression.Expected($"a supported regular expression ({error.Message})");
        }
    }

    /// <exception cref="ArgumentException">The expression is wrong or not supported; the message says why.</exception>
    public static TextPattern OfRegex(string expression) => new(null, new(expression));

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
        foreach (var (start, end) in _literal is null ? _regex!.Matches(text) : LiteralMatches(_literal, text))
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
}
