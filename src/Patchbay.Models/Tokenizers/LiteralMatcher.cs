using System.Buffers;

namespace Patchbay.Models.Tokenizers;

/// <summary>Finds given strings in a text: leftmost first, the longest of those that begin at one place.</summary>
internal sealed class LiteralMatcher
{
    private readonly Dictionary<char, List<(string Text, int Id)>> _byFirst = [];
    private readonly SearchValues<char> _firsts;

    /// <summary>Takes the strings to find, with their ids; of equal strings the first counts.</summary>
    public LiteralMatcher(IEnumerable<(string Text, int Id)> literals)
    {
        foreach (var literal in literals.Where(l => l.Text.Length > 0))
        {
            if (!_byFirst.TryGetValue(literal.Text[0], out var list)) _byFirst[literal.Text[0]] = list = [];
            list.Add(literal);
        }
        foreach (var (first, list) in _byFirst) _byFirst[first] = [.. list.OrderByDescending(l => l.Text.Length)];
        _firsts = SearchValues.Create([.. _byFirst.Keys]);
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
        for (var at = from; at < text.Length; at++)
        {
            var step = text.AsSpan(at).IndexOfAny(_firsts);
            if (step < 0) break;
            at += step;
            var (length, id) = At(text, at);
            if (length > 0) return (at, length, id);
        }
        return (text.Length, 0, -1);
    }
}
