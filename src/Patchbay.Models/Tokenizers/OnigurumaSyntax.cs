using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>A piece of a translated expression: text in .NET's syntax, or a set that a character is to be
/// of.</summary>
internal readonly record struct PatternPart(string Text, CharacterSet? Set = null);

/// <summary>Reads a regular expression of Oniguruma, the engine of Hugging Face tokenizers, and says in .NET's syntax
/// what it means. What has the same meaning in both passes; possessive repeats, anchors, boundaries and what ignores
/// case are said otherwise; every character and class becomes a set. The rest is refused by name.</summary>
internal sealed partial class OnigurumaSyntax
{
    private const int MostRepeats = 100_000; // Oniguruma's own limit

    private const string Atomic = "(?>";

    // The longest first.
    private static readonly string[] Openings = ["(?<=", "(?<!", "(?i:", "(?:", "(?=", "(?!", Atomic, "("];

    // Two letters that are also one character (ﬀ, ﬁ, ﬂ, ß, ﬆ), which Oniguruma takes for them where case is ignored.
    private static readonly string[] Ligatures = ["ff", "fi", "fl", "ss", "st"];

    private readonly PatternText _text;
    private readonly List<PatternPart> _parts = [];

    private OnigurumaSyntax(string expression) => _text = new(expression);

    /// <exception cref="ArgumentException">Something in it is not supported; the message names it.</exception>
    public static List<PatternPart> Translate(string expression)
    {
        var syntax = new OnigurumaSyntax(expression);
        syntax.Read(ignoreCase: false, isBehind: false);
        return syntax._text.AtEnd ? syntax._parts : throw PatternText.Unsupported("a ) without its (");
    }

    // Up to the end of a group or of the whole; whether it may match nothing.
    private bool Read(bool ignoreCase, bool isBehind)
    {
        var (anyEmpty, isEmpty) = (false, true); // one of the alternatives so far, this one so far
        CharacterSet? before = null; // the character that the next one stands right behind
        while (!_text.AtEnd && !_text.Ahead(")"))
        {
            var (atom, set, empty) = (_parts.Count, default(CharacterSet), true);
            if (_text.Take("|"))
            {
                Add("|");
                (anyEmpty, isEmpty) = (anyEmpty || isEmpty, true);
            }
            else if (_text.Ahead(RepeatForm()))
            {
                throw PatternText.Unsupported("a repeat of nothing, or of another repeat or anchor,");
            }
            else if (_text.Ahead("("))
            {
                if (Group(ignoreCase, isBehind, out empty)) Repeat(atom, isBehind, ref empty);
            }
            else if (!TryAnchor())
            {
                set = Character(ignoreCase);
                _parts.Add(new("", set));
                if (ignoreCase) RefuseLigature(before, set);
                empty = false;
                if (Repeat(atom, isBehind, ref empty)) set = null;
            }
            isEmpty &= empty;
            before = set;
        }
        return anyEmpty || isEmpty;
    }

    // Whether it is one that can be repeated.
    private bool Group(bool ignoreCase, bool isBehind, out bool mayBeEmpty)
    {
        var opening = Openings.First(_text.Take);
        if (opening == "(" && _text.Ahead("?"))
            throw PatternText.Unsupported("a group that begins with (? and is none of the common ones");
        if (isBehind && opening == Atomic) throw PatternText.Unsupported($"{Atomic} in a look-behind");
        Add(opening is "(" or "(?i:" ? "(?:" : opening);
        _text.Enter();
        mayBeEmpty = Read(ignoreCase || opening == "(?i:", isBehind || opening.StartsWith("(?<"));
        _text.Leave();
        if (!_text.Take(")")) throw PatternText.Unsupported("a ( without its )");
        Add(")");
        var looks = opening.EndsWith('=') || opening.EndsWith('!');
        mayBeEmpty |= looks;
        return !looks;
    }

    private bool TryAnchor()
    {
        // A line does not begin at the end of the text, but ends there.
        if (_text.Take("^")) Add(@"(?:\A|(?<=\n)(?!\z))");
        else if (_text.Take("$")) Add(@"(?=\n|\z)");
        else if (_text.Take(@"\A")) Add(@"\A");
        else if (_text.Take(@"\z")) Add(@"\z");
        else if (_text.Take(@"\Z")) Add(@"\Z");
        else if (_text.Take(@"\b")) Boundary("(?!", "(?=");
        else if (_text.Take(@"\B")) Boundary("(?=", "(?!");
        else return false;
        return true;
    }

    // What is ahead where a word is behind, and where none is.
    private void Boundary(string behindWord, string elsewhere)
    {
        var word = new PatternPart("", UnicodeProperties.Word);
        _parts.AddRange([new("(?:(?<="), word, new($"){behindWord}"), word, new(")|(?<!"), word,
            new($"){elsewhere}"), word, new("))")]);
    }

    private CharacterSet Character(bool ignoreCase)
    {
        if (_text.Take(".")) return CharacterSet.One('\n').Complement();
        var hasNoCase = _text.Ahead(Shorthand());
        var set = _text.Take("[") ? OnigurumaClass.Read(_text)
            : _text.Take("\\") ? OnigurumaClass.Escape(_text)
            : CharacterSet.One(_text.TakeCharacter());
        return ignoreCase && !hasNoCase ? InBothCases(set) : set;
    }

    private static CharacterSet InBothCases(CharacterSet set)
    {
        if (!set.IsAscii)
            throw PatternText.Unsupported("a character beyond ASCII, or all but some, where case is ignored");
        var others = Enumerable.Range(0, 0x80).Where(code => char.IsAsciiLetter((char)code) && set.Contains(code))
            .Select(code => code ^ 0x20);
        var both = set.Union(new(others.Select(code => (code, code))));
        if (both.Contains('k')) both = both.Union(CharacterSet.One(0x212A)); // the sign of the kelvin
        return both.Contains('s') ? both.Union(CharacterSet.One(0x017F)) : both; // the long s
    }

    private static void RefuseLigature(CharacterSet? before, CharacterSet set)
    {
        foreach (var pair in Ligatures)
            if (before?.Contains(pair[0]) == true && set.Contains(pair[1]))
                throw PatternText.Unsupported($"\"{pair}\", which is a character too, where case is ignored");
    }

    // Reads what repeats the parts from an atom on; whether anything does.
    private bool Repeat(int atom, bool isBehind, ref bool mayBeEmpty)
    {
        if (!_text.Ahead(RepeatForm())) return false;
        // In these two .NET's engine gives back less than it should, or goes on for ever.
        if (_parts.Skip(atom).Any(part => part.Text == Atomic))
            throw PatternText.Unsupported($"a repeat around {Atomic} or a possessive repeat");
        var form = _text.Take(RepeatForm()).Value;
        var (least, most) = Bounds(form);
        if (mayBeEmpty && most > 1) throw PatternText.Unsupported("a repeat of what may be empty");
        mayBeEmpty |= least == 0;
        Add(form.StartsWith("{,") ? $"{{0{form[1..]}" : form);
        // Behind a count, + is a repeat of the repeat, and so is ? behind a single number.
        if (form[0] == '{' && (_text.Ahead("+") || (_text.Ahead("?") && !form.Contains(','))))
        {
            Wrap(atom, "(?:");
            return Repeat(atom, isBehind, ref mayBeEmpty);
        }
        if (_text.Take("?"))
        {
            Add("?");
        }
        else if (_text.Take("+"))
        {
            if (isBehind) throw PatternText.Unsupported("a possessive repeat in a look-behind");
            Wrap(atom, Atomic);
        }
        return true;
    }

    // Fewest and most repeats: of "{2,}" 2 and the most that there can be.
    private static (int Least, int Most) Bounds(string form)
    {
        if (form[0] != '{') return (form == "+" ? 1 : 0, form == "?" ? 1 : MostRepeats);
        int?[] counts = [.. form[1..^1].Split(',').Select(digits => digits.Length == 0 ? (int?)null
            : int.TryParse(digits, out var count) ? count : int.MaxValue)];
        var (least, most) = (counts[0] ?? 0, counts[^1] ?? MostRepeats);
        return least <= most && most <= MostRepeats ? (least, most)
            : throw PatternText.Unsupported($"the repeat {form}");
    }

    private void Wrap(int atom, string opening)
    {
        _parts.Insert(atom, new(opening));
        Add(")");
    }

    private void Add(string text) => _parts.Add(new(text));

    [GeneratedRegex(@"\G\\[sSdDwW]")]
    private static partial Regex Shorthand();

    [GeneratedRegex(@"\G(?:[?*+]|\{[0-9]+(?:,[0-9]*)?\}|\{,[0-9]+\})")]
    private static partial Regex RepeatForm();
}
