using System.IO.Compression;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>Unicode's canonical normal forms, NFC and NFD (UAX 15).</summary>
internal static class CanonicalForm
{
    // Hangul syllables are arithmetic: 19 x 21 x 28 of them, from leading, vowel and trailing parts.
    private const int Syllable = 0xAC00, Leading = 0x1100, Vowel = 0x1161, Trailing = 0x11A7;
    private const int Leadings = 19, Vowels = 21, Trailings = 28, Syllables = Leadings * Vowels * Trailings;

    private static readonly Dictionary<int, (int First, int Second)> Parts = [];
    private static readonly Dictionary<(int First, int Second), int> Wholes = [];
    private static readonly Dictionary<int, int> Classes = [];

    static CanonicalForm()
    {
        using var packed = new ZLibStream(
            new MemoryStream(Convert.FromBase64String(CanonicalData.Packed)), CompressionMode.Decompress);
        var (codes, firsts, seconds) = (Differences(packed), Differences(packed), Differences(packed));
        for (var i = 0; i < codes.Length; i++)
        {
            var (code, composes) = (codes[i] >> 1, (codes[i] & 1) == 1);
            Parts[code] = (firsts[i], seconds[i]);
            if (composes) Wholes[(firsts[i], seconds[i])] = code;
        }
        var (starts, lengths, classes) = (Differences(packed), Column(packed), Column(packed));
        for (var i = 0; i < starts.Length; i++)
            for (var n = 0; n < lengths[i]; n++) Classes[starts[i] + n] = classes[i];
    }

    /// <summary>NFD.</summary>
    public static string Decompose(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('\0', '\u00BF') ? ToText(Decomposed(text)) : text;

    /// <summary>NFC.</summary>
    public static string Compose(string text)
    {
        // No character before U+0300 changes or joins what stands before it.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return text;
        var runes = Decomposed(text);
        int starter = -1, count = 0, previousClass = 0;
        foreach (var code in runes.ToArray())
        {
            var combining = Class(code);
            // A character joins the last starter unless one of its own class or above, or another starter, is between.
            var reaches = starter == count - 1 || (previousClass < combining && previousClass != 0);
            if (starter >= 0 && reaches && Whole(runes[starter], code) is { } whole)
            {
                runes[starter] = whole;
                continue;
            }
            if (combining == 0) starter = count;
            previousClass = combining;
            runes[count++] = code;
        }
        return ToText(runes[..count]);
    }

    private static List<int> Decomposed(string text)
    {
        var runes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes()) AppendParts(rune.Value, runes);
        for (var start = 0; start < runes.Count; start++)
        {
            if (Class(runes[start]) == 0) continue;
            var end = start + 1;
            while (end < runes.Count && Class(runes[end]) != 0) end++;
            if (end - start > 1)
            {
                var ordered = runes[start..end].OrderBy(Class).ToList(); // stable, as it has to be
                for (var i = 0; i < ordered.Count; i++) runes[start + i] = ordered[i];
            }
            start = end;
        }
        return runes;
    }

    private static void AppendParts(int code, List<int> runes)
    {
        if (code is >= Syllable and < Syllable + Syllables)
        {
            var index = code - Syllable;
            runes.Add(Leading + index / (Vowels * Trailings));
            runes.Add(Vowel + index / Trailings % Vowels);
            if (index % Trailings > 0) runes.Add(Trailing + index % Trailings);
        }
        else if (Parts.TryGetValue(code, out var parts))
        {
            AppendParts(parts.First, runes);
            if (parts.Second != 0) AppendParts(parts.Second, runes);
        }
        else
        {
            runes.Add(code);
        }
    }

    private static int? Whole(int first, int second)
    {
        if (first is >= Leading and < Leading + Leadings && second is >= Vowel and < Vowel + Vowels)
            return Syllable + ((first - Leading) * Vowels + second - Vowel) * Trailings;
        if (first is >= Syllable and < Syllable + Syllables && (first - Syllable) % Trailings == 0 &&
            second is > Trailing and < Trailing + Trailings)
            return first + second - Trailing;
        return Wholes.TryGetValue((first, second), out var whole) ? whole : null;
    }

    private static int Class(int code) => code < 0x300 ? 0 : Classes.GetValueOrDefault(code);

    private static string ToText(List<int> runes)
    {
        var text = new StringBuilder(runes.Count);
        foreach (var code in runes) text.Append(new Rune(code));
        return text.ToString();
    }

    private static int[] Differences(Stream packed)
    {
        var column = Column(packed);
        for (var i = 1; i < column.Length; i++) column[i] += column[i - 1];
        return column;
    }

    private static int[] Column(Stream packed)
    {
        var column = new int[Number(packed)];
        for (var i = 0; i < column.Length; i++) column[i] = Number(packed);
        return column;
    }

    private static int Number(Stream packed)
    {
        var value = 0u;
        for (var shift = 0; ; shift += 7)
        {
            var b = packed.ReadByte();
            value |= (uint)(b & 0x7F) << shift;
            if (b < 0x80) return (int)(value >> 1) ^ -(int)(value & 1);
        }
    }
}
