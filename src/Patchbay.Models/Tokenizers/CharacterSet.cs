using System.Globalization;

namespace Patchbay.Models.Tokenizers;

/// <summary>A set of Unicode characters.</summary>
/// <param name="ranges">Code points, first and last of each range, in any order; they may overlap.</param>
internal sealed class CharacterSet(IEnumerable<(int First, int Last)> ranges)
{
    /// <summary>The last code point.</summary>
    public const int Limit = 0x10FFFF;

    public static CharacterSet Empty { get; } = new([]);

    /// <summary>Ascending, a gap between any two.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges { get; } = Joined(ranges);

    /// <summary>The one character of the set, or null where it has none or more.</summary>
    public int? Only => Ranges is [var (first, last)] && first == last ? first : null;

    public bool IsAscii => Ranges is not [.., (_, > 0x7F)];

    public static CharacterSet One(int code) => new([(code, code)]);

    public static CharacterSet Of(int first, int last) => new([(first, last)]);

    /// <summary>The characters of some general categories.</summary>
    public static CharacterSet Of(params UnicodeCategory[] categories)
    {
        var all = Enumerable.Range(0, Limit + 1);
        return new(all.Where(code => categories.Contains(CharUnicodeInfo.GetUnicodeCategory(code)))
            .Select(code => (code, code)));
    }

    public bool Contains(int code)
    {
        var (low, high) = (0, Ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Ranges[middle].Last < code) low = middle + 1;
            else high = middle;
        }
        return low < Ranges.Count && Ranges[low].First <= code;
    }

    public CharacterSet Union(CharacterSet other) => new(Ranges.Concat(other.Ranges));

    public CharacterSet Complement()
    {
        var (gaps, next) = (new List<(int, int)>(), 0);
        foreach (var (first, last) in Ranges)
        {
            if (next < first) gaps.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Limit) gaps.Add((next, Limit));
        return new(gaps);
    }

    public CharacterSet Intersect(CharacterSet other) => Complement().Union(other.Complement()).Complement();

    private static List<(int First, int Last)> Joined(IEnumerable<(int First, int Last)> ranges)
    {
        var joined = new List<(int First, int Last)>();
        foreach (var (first, last) in ranges.Order())
        {
            if (joined is [.., var (begin, end)] && first <= end + 1) joined[^1] = (begin, Math.Max(end, last));
            else joined.Add((first, last));
        }
        return joined;
    }
}
