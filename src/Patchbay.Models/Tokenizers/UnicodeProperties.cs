using System.Collections.Concurrent;
using System.Globalization;

namespace Patchbay.Models.Tokenizers;

/// <summary>The sets of characters that regular expressions of Oniguruma have names for: general categories, by the
/// data of .NET, and scripts, by the data in Scripts.txt.</summary>
internal static class UnicodeProperties
{
    private static readonly ConcurrentDictionary<string, CharacterSet?> Named = [];
    private static readonly Lazy<Dictionary<string, CharacterSet>> Scripts = new(ReadScripts);

    /// <summary>Symbols that are alphabetic: letters in circles, and in squares.</summary>
    public static CharacterSet LetterSymbols { get; } =
        new([(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]);

    // In the order of .NET's categories.
    private static readonly string[] Categories =
    [
        "lu", "ll", "lt", "lm", "lo", "mn", "mc", "me", "nd", "nl", "no", "zs", "zl", "zp", "cc", "cf", "cs", "co",
        "pc", "pd", "ps", "pe", "pi", "pf", "po", "sm", "sc", "sk", "so", "cn",
    ];

    /// <summary>What \s means: the characters with the property White_Space.</summary>
    public static CharacterSet Space { get; } = new(Enumerable.Range(0, char.MaxValue)
        .Where(code => char.IsWhiteSpace((char)code)).Select(code => (code, code)));

    /// <summary>What \d means.</summary>
    public static CharacterSet Digit => Find("nd")!;

    /// <summary>What \w means: what is alphabetic, marks, decimal digits and connectors.</summary>
    public static CharacterSet Word => Find("word")!;

    /// <summary>What \h means.</summary>
    public static CharacterSet HexDigit { get; } = new([('0', '9'), ('A', 'F'), ('a', 'f')]);

    /// <summary>The characters of a general category ("Lu", "L", "LC") or script ("Han", "Hani"), or null where no
    /// such name is known. Case, spaces, "_" and "-" make no difference.</summary>
    public static CharacterSet? Find(string name) => Named.GetOrAdd(Plain(name), Make);

    private static CharacterSet? Make(string name) => name switch
    {
        "any" => CharacterSet.Of(0, CharacterSet.Limit),
        "lc" => OfCategories(category => category is "lu" or "ll" or "lt"),
        "word" => OfCategories(category => category[0] is 'l' or 'm' || category is "nd" or "nl" or "pc")
            .Union(LetterSymbols),
        [_] when Categories.Any(category => category[0] == name[0]) => OfCategories(c => c[0] == name[0]),
        [_, _] when Categories.Contains(name) => OfCategories(category => category == name),
        _ => Scripts.Value.GetValueOrDefault(name),
    };

    private static CharacterSet OfCategories(Predicate<string> chosen) => CharacterSet.Of(
        [.. Categories.Index().Where(category => chosen(category.Item)).Select(c => (UnicodeCategory)c.Index)]);

    private static Dictionary<string, CharacterSet> ReadScripts()
    {
        using var data = typeof(UnicodeProperties).Assembly.GetManifestResourceStream("Scripts.txt")!;
        var lines = new StreamReader(data).ReadToEnd().Split('\n').Where(line => !line.StartsWith('#'));
        var (scripts, names, ranges) = (new Dictionary<string, CharacterSet>(), "", new List<(int, int)>());
        foreach (var word in string.Join(' ', lines).Split(' ', StringSplitOptions.RemoveEmptyEntries).Append("/"))
        {
            if (!word.Contains('/'))
            {
                var codes = Array.ConvertAll(word.Split('-'), text => int.Parse(text, NumberStyles.AllowHexSpecifier));
                ranges.Add((codes[0], codes[^1]));
                continue;
            }
            var script = new CharacterSet(ranges);
            foreach (var name in names.Split('/', StringSplitOptions.RemoveEmptyEntries)) scripts[Plain(name)] = script;
            (names, ranges) = (word, []);
        }
        return scripts;
    }

    private static string Plain(string name) =>
        string.Concat(name.Where(c => c is not (' ' or '_' or '-'))).ToLowerInvariant();
}
