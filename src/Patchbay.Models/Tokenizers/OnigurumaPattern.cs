using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>A regular expression of Oniguruma, matched by .NET's engine. That one matches UTF-16 units, where
/// tokenizers match characters: each character beyond U+FFFF is stood for by half of a surrogate pair, which no text
/// has alone, the same one for characters that no class of the expression tells apart.</summary>
internal sealed class OnigurumaPattern
{
    private const char FirstStandIn = '\uD800', AfterStandIns = '\uE000';
    private const int FirstBeyond = 0x10000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _expression;
    private readonly Regex _regex;
    private readonly int[] _starts; // first code points of runs beyond U+FFFF that no class divides
    private readonly char[] _standIns; // one for each run

    /// <exception cref="ArgumentException">It is wrong or not supported; the message says why.</exception>
    public OnigurumaPattern(string expression)
    {
        _expression = expression;
        var parts = OnigurumaSyntax.Translate(expression);
        CharacterSet[] sets = [.. parts.Select(part => part.Set).OfType<CharacterSet>().Distinct()];
        var ends = sets.SelectMany(set => set.Ranges).SelectMany(range => (int[])[range.First, range.Last + 1]);
        _starts = [.. ends.Where(code => code is > FirstBeyond and <= CharacterSet.Limit).Append(FirstBeyond)
            .Distinct().Order()];
        var kinds = new Dictionary<string, char>(); // which sets have a character, and its stand-in
        _standIns = [.. _starts.Select(start => StandIn(start))];
        _regex = new(string.Concat(parts.Select(part => part.Set is { } set ? Class(set) : part.Text)),
            RegexOptions.None, Patience);

        char StandIn(int code)
        {
            var kind = string.Concat(sets.Select(set => set.Contains(code) ? '1' : '0'));
            if (kinds.TryGetValue(kind, out var known)) return known;
            if (kinds.Count == AfterStandIns - FirstStandIn)
                throw PatternText.Unsupported("an expression that tells so many kinds of characters apart");
            return kinds[kind] = (char)(FirstStandIn + kinds.Count);
        }
    }

    /// <summary>Where the expression matches, left to right; an empty match right behind another is none.</summary>
    /// <param name="text">Well-formed Unicode.</param>
    /// <exception cref="InvalidDataException">It takes too long.</exception>
    public List<(int Start, int End)> Matches(string text)
    {
        var matches = new List<(int, int)>();
        var (shown, offsets) = WithStandIns(text);
        var before = -1;
        try
        {
            foreach (var match in _regex.EnumerateMatches(shown))
            {
                var (start, end) = (match.Index, match.Index + match.Length);
                if (start == end && start == before) continue;
                before = end;
                matches.Add(offsets is null ? (start, end) : (offsets[start], offsets[end]));
            }
            return matches;
        }
        catch (RegexMatchTimeoutException)
        {
            throw new InvalidDataException($"the tokenizer's regular expression {Refusal.Quote(_expression)} " +
                $"takes more than {Patience.TotalSeconds} seconds on this text.");
        }
    }

    // Offsets lead back to text; null where it has no character beyond U+FFFF.
    private (string Text, List<int>? Offsets) WithStandIns(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return (text, null);
        var shown = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            shown.Append(rune.IsBmp ? (char)rune.Value : _standIns[RunOf(rune.Value)]);
            offsets.Add(at);
            at += rune.Utf16SequenceLength;
        }
        offsets.Add(at);
        return (shown.ToString(), offsets);
    }

    private int RunOf(int code)
    {
        var at = Array.BinarySearch(_starts, code);
        return at >= 0 ? at : ~at - 1;
    }

    // A set as .NET's class: its characters up to U+FFFF, and the stand-ins of those beyond.
    private string Class(CharacterSet set)
    {
        if (set.Only is { } only and < FirstStandIn) return Regex.Escape($"{(char)only}");
        var text = new StringBuilder();
        foreach (var (first, last) in set.Ranges)
        {
            AppendRange(first, Math.Min(last, FirstStandIn - 1));
            AppendRange(Math.Max(first, AfterStandIns), Math.Min(last, char.MaxValue));
        }
        foreach (var kind in _starts.Zip(_standIns).Where(run => set.Contains(run.First)).DistinctBy(r => r.Second))
            AppendRange(kind.Second, kind.Second);
        return text.Length > 0 ? $"[{text}]" : "(?!)";

        void AppendRange(int first, int last)
        {
            if (first <= last) text.Append(CultureInfo.InvariantCulture, $@"\u{first:X4}-\u{last:X4}");
        }
    }
}
