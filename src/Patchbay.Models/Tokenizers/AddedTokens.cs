using System.Buffers;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>A token that is found in the text before the model sees it.</summary>
internal sealed record AddedToken(
    int Id, string Content, bool Special, bool Normalized, bool SingleWord, bool StripLeft, bool StripRight)
{
    public static AddedToken Read(JsonField field, int id) => new(
        id,
        field.Required("content").Text() is { Length: > 0 } content
            ? content
            : throw field.Required("content").Expected("a string that is not empty"),
        field.Flag("special"),
        field.Flag("normalized", otherwise: true),
        field.Flag("single_word"),
        field.Flag("lstrip"),
        field.Flag("rstrip"));

    /// <summary>One of which only the spelling is given.</summary>
    public static AddedToken Plain(int id, string content, bool special) =>
        new(id, content, special, Normalized: !special, SingleWord: false, StripLeft: false, StripRight: false);
}

/// <summary>Cuts a text at its added tokens: leftmost first, the longest of those that begin at one place.</summary>
internal sealed class AddedTokenSplitter
{
    private readonly LiteralMatcher _matcher;
    private readonly AddedToken[] _tokens; // special ones first: of two that are spelled alike, the first is found

    /// <summary>Takes the tokens to find and how each is spelled in the texts to come.</summary>
    public AddedTokenSplitter(IEnumerable<AddedToken> tokens, Converter<string, string> spelling)
    {
        _tokens = [.. tokens.OrderByDescending(t => t.Special).ThenBy(t => t.Id)];
        _matcher = new(_tokens.Select((token, index) => (spelling(token.Content), index)));
    }

    /// <summary>The text in ranges, in order; an added token has its id, the rest has -1.</summary>
    public List<(int Start, int End, int Id)> Split(string text)
    {
        var ranges = new List<(int, int, int)>();
        var done = 0;
        for (var from = 0; from < text.Length;)
        {
            var (start, length, index) = _matcher.Next(text, from);
            if (length == 0) break;
            var end = from = start + length;
            var token = _tokens[index];
            if (token.SingleWord && IsInsideWord(text, start, end)) continue;
            if (token.StripLeft) start = Math.Max(text.AsSpan(0, start).TrimEnd().Length, done);
            if (token.StripRight) end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (done < start) ranges.Add((done, start, -1));
            ranges.Add((Math.Max(start, done), end, token.Id));
            done = end;
        }
        if (done < text.Length) ranges.Add((done, text.Length, -1));
        return ranges;
    }

    private static bool IsInsideWord(string text, int start, int end)
    {
        // Where there is nothing or half a surrogate pair, the rune is U+FFFD, which is no part of a word.
        Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var before, out _);
        Rune.DecodeFromUtf16(text.AsSpan(end), out var after, out _);
        return PreTokenizers.IsWord(before) || PreTokenizers.IsWord(after);
    }
}

/// <summary>Finds given strings in a text: leftmost first, the longest of those that begin at one place.</summary>
internal sealed class LiteralMatcher
{
    private readonly Dictionary<char, (string Text, int Id)[]> _byFirst; // longest first
    private readonly SearchValues<string> _literals;

    /// <summary>Takes the strings to find, with their ids; of equal strings the first counts.</summary>
    public LiteralMatcher(IEnumerable<(string Text, int Id)> literals)
    {
        var present = literals.Where(l => l.Text.Length > 0).ToArray();
        _byFirst = present.GroupBy(l => l.Text[0])
            .ToDictionary(g => g.Key, g => g.OrderByDescending(l => l.Text.Length).ToArray());
        _literals = SearchValues.Create([.. present.Select(l => l.Text)], StringComparison.Ordinal);
    }

    public bool IsEmpty => _byFirst.Count == 0;

    /// <summary>The longest string that begins at <paramref name="at"/>: its length (0 for none) and id.</summary>
    public (int Length, int Id) At(string text, int at)
    {
        if (_byFirst.TryGetValue(text[at], out var list))
            foreach (var (literal, id) in list)
                if (string.CompareOrdinal(text, at, literal, 0, literal.Length) == 0) return (literal.Length, id);
        return (0, -1);
    }

    /// <summary>The first match at or after <paramref name="from"/>, or a length of 0.</summary>
    public (int Start, int Length, int Id) Next(string text, int from)
    {
        var step = text.AsSpan(from).IndexOfAny(_literals);
        if (step < 0) return (text.Length, 0, -1);
        var (length, id) = At(text, from + step);
        return (from + step, length, id);
    }
}
