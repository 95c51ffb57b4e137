using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>Turns a regular expression of Oniguruma, the engine of Hugging Face tokenizers, into .NET's syntax. Only
/// what has the same meaning in both passes, or can be said otherwise: possessive repeats as atomic groups, anchors as
/// what Oniguruma's are, those of lines. Boundaries, scripts and sets do not.</summary>
internal static partial class OnigurumaSyntax
{
    // Oniguruma's \w: letters, marks, decimal digits and connectors (.NET's lacks some marks).
    private const string Word = @"\p{L}\p{M}\p{Nd}\p{Pc}";

    private static readonly string[] Groups = ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"];

    /// <exception cref="ArgumentException">Something in it is not supported; the message names it.</exception>
    public static string Translate(string expression)
    {
        var result = new StringBuilder(expression.Length);
        var groups = new Stack<int>(); // where in the result each open group begins
        var (inClass, element, atom) = (false, "", 0); // what the last repeat is of begins at atom
        for (var at = 0; at < expression.Length; at += element.Length)
        {
            var rest = expression.AsSpan(at);
            if (char.IsSurrogate(rest[0])) throw Unsupported("a character beyond U+FFFF");
            var before = element;
            element = rest[0] == '\\' ? Escape(rest) : inClass ? InClass(rest) : Outside(rest);
            if (!inClass && element == "+" && (before is "?" or "*" or "+" || before is ['{', ..]))
            {
                // a++ does not give back what it took; a{1,3}+ is a repeat of a repeat.
                var counted = before[0] == '{';
                result.Insert(atom, counted ? "(?:" : "(?>").Append(counted ? ")+" : ")");
                continue;
            }
            if (!inClass) atom = AtomAt(element, result.Length, atom, groups);
            result.Append((element, inClass) switch
            {
                (@"\w", true) => Word,
                (@"\w", false) => $"[{Word}]",
                ("^", false) => @"(?<![^\n])",
                ("$", false) => @"(?=\n|\z)",
                _ => element,
            });
            inClass = element is "[" or "[^" || (inClass && element != "]");
        }
        return result.ToString();
    }

    // Where the atom begins that a repeat after an element would be of.
    private static int AtomAt(string element, int length, int atom, Stack<int> groups)
    {
        if (element[0] == '(') groups.Push(length);
        if (element == ")") return groups.TryPop(out var begin) ? begin : length;
        return element is "?" or "*" or "+" || element[0] == '{' ? atom : length;
    }

    private static string Escape(ReadOnlySpan<char> rest)
    {
        if (rest.Length == 1) throw Unsupported("a \\ at its end");
        if (rest[1] is 'p' or 'P') return Property(rest);
        if ("wsSdDrntf".Contains(rest[1]) || !char.IsAsciiLetterOrDigit(rest[1])) return rest[..2].ToString();
        throw Unsupported($"\\{rest[1]}");
    }

    private static string Property(ReadOnlySpan<char> rest)
    {
        var close = rest.IndexOf('}');
        if (close < 0 || rest[2] != '{') throw Unsupported("\\p without {...}");
        var name = rest[3..close].ToString();
        return Category().IsMatch(name) ? rest[..(close + 1)].ToString() : throw Unsupported($"\\p{{{name}}}");
    }

    private static string InClass(ReadOnlySpan<char> rest)
    {
        if (rest[0] == '[') throw Unsupported("a class inside a class");
        if (rest.StartsWith("&&")) throw Unsupported("&& in a class");
        return rest[..1].ToString();
    }

    private static string Outside(ReadOnlySpan<char> rest)
    {
        foreach (var group in Groups)
            if (rest.StartsWith(group)) return group;
        if (rest.StartsWith("(?")) throw Unsupported("a group that begins with (? and is none of the common ones");
        if (rest.StartsWith("[]") || rest.StartsWith("[^]")) throw Unsupported("an empty class");
        if (rest.StartsWith("[^")) return "[^";
        if (rest.StartsWith("{,")) throw Unsupported("a repeat without a lower bound");
        foreach (var repeat in Repeat().EnumerateMatches(rest)) return rest[..repeat.Length].ToString();
        return rest[..1].ToString();
    }

    [GeneratedRegex(@"\A([LMNPSZ]|L[ultmo]|M[nce]|N[dlo]|P[cdseifo]|S[mcko]|Z[slp]|C[cfo])\z")]
    private static partial Regex Category();

    [GeneratedRegex(@"\A\{\d+(,\d*)?\}")]
    private static partial Regex Repeat();

    private static ArgumentException Unsupported(string what) => new($"{what} is not supported");
}
