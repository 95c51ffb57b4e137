using System.Buffers;

namespace Patchbay.Models.Tokenizers;

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
