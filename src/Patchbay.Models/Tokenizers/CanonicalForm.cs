using System.Globalization;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>Unicode's canonical normal forms, NFC and NFD (UAX 15), by the data in CanonicalForm.txt: .NET itself
/// normalizes nothing where InvariantGlobalization is on. A text is a list of code points here.</summary>
internal static class CanonicalForm
{
    // Hangul syllables are arithmetic: 19 x 21 x 28 of them, from leading, vowel and trailing parts.
    private const int Syllable = 0xAC00, Leading = 0x1100, Vowel = 0x1161, Trailing = 0x11A7;
    private const int Leadings = 19, Vowels = 21, Trailings = 28, Syllables = Leadings * Vowels * Trailings;

    private static readonly Dictionary<int, int[]> Parts = [];
    private static readonly Dictionary<(int First, int Second), int> Wholes = [];
    private static readonly Dictionary<int, int> Classes = [];

    static CanonicalForm()
    {
        using var data = typeof(CanonicalForm).Assembly.GetManifestResourceStream("CanonicalForm.txt")!;
        using var reader = new StreamReader(data);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            foreach (var entry in line.Split(' ')) Add(entry);
        }
    }

    private static void Add(string entry)
    {
        if (entry.Split(':') is [var run, var combining])
        {
            var codes = Array.ConvertAll(run.Split('-'), Code);
            for (var code = codes[0]; code <= codes[^1]; code++) Classes[code] = int.Parse(combining);
            return;
        }
        var all = Array.ConvertAll(entry.Split('=', '>', '+'), Code); // a character and its one or two parts
        Parts[all[0]] = all[1..];
        if (entry.Contains('=')) Wholes[(all[1], all[2])] = all[0];

        static int Code(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier);
    }

    /// <summary>NFD: every character in its parts, marks in canonical order.</summary>
    public static string Decompose(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('\0', '\u00BF') ? ToText(Decomposed(text)) : text;

    /// <summary>NFC: decomposed, then joined again where Unicode does.</summary>
    public static string Compose(string text)
    {
        // No character before U+0300 changes or joins what stands before it.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return text;
        var codes = Decomposed(text);
        int starter = -1, count = 0, previousClass = 0;
        foreach (var code in codes.ToArray())
        {
            var combining = Class(code);
            // A character joins the last starter unless one of its own class or above, or another starter, is between.
            var reaches = starter == count - 1 || (previousClass < combining && previousClass != 0);
            if (starter >= 0 && reaches && Whole(codes[starter], code) is { } whole)
            {
                codes[starter] = whole;
                continue;
            }
            if (combining == 0) starter = count;
            previousClass = combining;
            codes[count++] = code;
        }
        return ToText(codes[..count]);
    }

    private static List<int> Decomposed(string text)
    {
        var codes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes()) AppendParts(rune.Value, codes);
        for (int start = 0, end; start < codes.Count; start = end + 1)
        {
            for (end = start; end < codes.Count && Class(codes[end]) != 0;) end++;
            if (end - start < 2) continue;
            var ordered = codes[start..end].OrderBy(Class).ToArray(); // stable, as it has to be
            for (var i = 0; i < ordered.Length; i++) codes[start + i] = ordered[i];
        }
        return codes;
    }

    private static void AppendParts(int code, List<int> codes)
    {
        if (code is >= Syllable and < Syllable + Syllables)
        {
            var index = code - Syllable;
            codes.Add(Leading + index / (Vowels * Trailings));
            codes.Add(Vowel + index / Trailings % Vowels);
            if (index % Trailings > 0) codes.Add(Trailing + index % Trailings);
        }
        else if (Parts.TryGetValue(code, out var parts))
        {
            foreach (var part in parts) AppendParts(part, codes);
        }
        else
        {
            codes.Add(code);
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

    private static string ToText(List<int> codes) => string.Concat(codes.Select(code => new Rune(code).ToString()));
}
