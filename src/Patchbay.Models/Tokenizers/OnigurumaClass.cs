using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>A regular expression and how far it has been read.</summary>
internal sealed class PatternText(string text)
{
    private const int Deepest = 200;

    private int at, depth;

    /// <summary>How many members of classes so far were not of ASCII alone.</summary>
    public int BeyondAscii { get; set; }

    public bool AtEnd => at == text.Length;

    public bool Ahead(string next) => string.CompareOrdinal(text, at, next, 0, next.Length) == 0;

    public bool Take(string next)
    {
        if (!Ahead(next)) return false;
        at += next.Length;
        return true;
    }

    public bool Ahead(Regex form) => form.IsMatch(text, at);

    /// <summary>What an expression, which begins with \G, matches here; it is passed over.</summary>
    public Match Take(Regex form)
    {
        var match = form.Match(text, at);
        at += match.Length;
        return match;
    }

    /// <summary>The next character's code point; it is passed over.</summary>
    public int TakeCharacter()
    {
        var rune = Rune.GetRuneAt(text, at);
        at += rune.Utf16SequenceLength;
        return rune.Value;
    }

    /// <summary>Goes into a group or class, which only so many others may be around.</summary>
    public void Enter()
    {
        if (++depth > Deepest) throw Unsupported($"more than {Deepest} brackets in one another");
    }

    public void Leave() => depth--;

    public static ArgumentException Unsupported(string what) => new($"{what} is not supported");
}

/// <summary>What stands for one character in Oniguruma's expressions: classes, which may hold classes and
/// intersections, and escapes.</summary>
internal static partial class OnigurumaClass
{
    private const string ControlNames = "ntrfvae", Controls = "\n\t\r\f\v\a\e";
    private const string Stray = "a - in a class that is neither first, last nor between two characters";

    /// <summary>A class, whose "[" has been read: unions, then intersections, then the complement.</summary>
    public static CharacterSet Read(PatternText text)
    {
        text.Enter();
        var complement = text.Take("^");
        if (text.Ahead("]")) throw PatternText.Unsupported("an empty class");
        var beyondAscii = text.BeyondAscii;
        var (union, intersection, isFirst) = (CharacterSet.Empty, default(CharacterSet), true);
        while (!text.Take("]"))
        {
            if (text.AtEnd) throw PatternText.Unsupported("a [ without its ]");
            if (text.Take("&&"))
            {
                intersection = intersection?.Intersect(union) ?? union;
                (union, isFirst) = (CharacterSet.Empty, true);
                continue;
            }
            union = union.Union(Item(text, isFirst));
            isFirst = false;
        }
        text.Leave();
        var set = intersection?.Intersect(union) ?? union;
        // Oniguruma 6.9.10 may leave out what is beyond ASCII there.
        if (complement && intersection is not null && set.IsAscii && text.BeyondAscii > beyondAscii)
            throw PatternText.Unsupported("all but an intersection that comes to ASCII characters alone");
        return complement ? set.Complement() : set;
    }

    // A class, a range or a character.
    private static CharacterSet Item(PatternText text, bool isFirst)
    {
        if (text.Ahead("[:")) throw PatternText.Unsupported("[: in a class");
        if (text.Take("[")) return Read(text);
        if (text.Ahead(isFirst ? "--" : "-") && !text.Ahead("-]")) throw PatternText.Unsupported(Stray);
        var from = Member(text);
        if (!text.Ahead("-") || text.Ahead("-]")) return from;
        text.Take("-");
        if (text.AtEnd || text.Ahead("[") || text.Ahead("&&")) throw PatternText.Unsupported(Stray);
        if (from.Only is not { } first || Member(text).Only is not { } last) throw PatternText.Unsupported(Stray);
        return first <= last ? CharacterSet.Of(first, last)
            : throw PatternText.Unsupported("a range that ends before it begins");
    }

    private static CharacterSet Member(PatternText text)
    {
        var set = text.Take("\\") ? Escape(text) : CharacterSet.One(text.TakeCharacter());
        if (!set.IsAscii) text.BeyondAscii++;
        return set;
    }

    /// <summary>An escape, whose "\" has been read.</summary>
    public static CharacterSet Escape(PatternText text)
    {
        if (text.AtEnd) throw PatternText.Unsupported("a \\ at its end");
        var code = text.TakeCharacter();
        if (!char.IsAscii((char)code) || !char.IsAsciiLetterOrDigit((char)code)) return CharacterSet.One(code);
        var name = (char)code;
        if (ControlNames.IndexOf(name) is >= 0 and var control) return CharacterSet.One(Controls[control]);
        return name switch
        {
            's' => UnicodeProperties.Space,
            'S' => UnicodeProperties.Space.Complement(),
            'd' => UnicodeProperties.Digit,
            'D' => UnicodeProperties.Digit.Complement(),
            'w' => UnicodeProperties.Word,
            'W' => UnicodeProperties.Word.Complement(),
            'h' => UnicodeProperties.HexDigit,
            'H' => UnicodeProperties.HexDigit.Complement(),
            'p' => Property(text),
            'P' => Property(text).Complement(),
            'x' or 'u' => CharacterSet.One(Number(text, name)),
            _ => throw PatternText.Unsupported($"\\{name}"),
        };
    }

    private static CharacterSet Property(PatternText text)
    {
        var name = text.Take(PropertyName());
        if (!name.Success) throw PatternText.Unsupported("\\p without {...}");
        var set = UnicodeProperties.Find(name.Groups[2].Value)
            ?? throw PatternText.Unsupported($"\\p{name.Value}");
        return name.Groups[1].Length > 0 ? set.Complement() : set;
    }

    // \x41, a byte, which is a character up to 7F; \x{1F600}; \u0041.
    private static int Number(PatternText text, char name)
    {
        var number = text.Take(name == 'x' ? Hexadecimal() : FourDigits());
        var code = int.Parse($"0{number.Groups["digits"].Value}", NumberStyles.AllowHexSpecifier);
        var limit = number.Value.StartsWith('{') || name == 'u' ? CharacterSet.Limit : 0x7F;
        return number.Success && code <= limit && Rune.IsValid(code) ? code
            : throw PatternText.Unsupported($"\\{name}{number.Value}");
    }

    [GeneratedRegex(@"\G\{(\^?)([^}]*)\}")]
    private static partial Regex PropertyName();

    [GeneratedRegex(@"\G(?:(?<digits>[0-9A-Fa-f]{1,2})|\{(?<digits>[0-9A-Fa-f]{1,6})\})")]
    private static partial Regex Hexadecimal();

    [GeneratedRegex(@"\G(?<digits>[0-9A-Fa-f]{4})")]
    private static partial Regex FourDigits();
}
