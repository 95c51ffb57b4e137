using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Models.Tokenizers;

/// <summary>Turns a regular expression of Oniguruma, the engine of Hugging Face tokenizers, into .NET's syntax. Only
/// what has the same meaning in both passes; possessive repeats, anchors, boundaries, scripts and sets do
/// not.</summary>
internal static partial class OnigurumaSyntax
{
    // Oniguruma's \w: letters, marks, decimal digits and connectors (.NET's lacks some marks).
    private const string Word = @"\p{L}\p{M}\p{Nd}\p{Pc}";

    private static readonly string[] Groups = ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"];

    /// <exception cref="ArgumentException">Something in it is not supported; the message names it.</exception>
    public static string Translate(string expression)
    {
        var result = new StringBuilder(expression.Length);
        var (inClass, element) = (false, "");
        for (var at = 0; at < expression.Length; at += element.Length)
        {
            var rest = expression.AsSpan(at);
            if (char.IsSurrogate(rest[0])) throw Unsupported("a character beyond U+FFFF");
            element = rest[0] == '\\' ? Escape(rest) : inClass ? InClass(rest) : Outside(rest, before: element);
            result.Append(element != @"\w" ? element : inClass ? Word : $"[{Word}]");
            inClass = element is "[" or "[^" || (inClass && element != "]");
        }
        return result.ToString();
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

    private static string Outside(ReadOnlySpan<char> rest, string before)
    {
        foreach (var group in Groups)
            if (rest.StartsWith(group)) return group;
        if (rest.StartsWith("(?")) throw Unsupported("a group that begins with (? and is none of the common ones");
        if (rest.StartsWith("[]") || rest.StartsWith("[^]")) throw Unsupported("an empty class");
        if (rest.StartsWith("[^")) return "[^";
        if (rest[0] is '^' or '$') throw Unsupported($"the anchor {rest[0]}");
        if (rest[0] == '+' && before is ("?" or "*" or "+")) throw Unsupported("a possessive repeat");
        if (rest.StartsWith("{,")) throw Unsupported("a repeat without a lower bound");
        return rest[..1].ToString();
    }

    [GeneratedRegex(@"\A([LMNPSZ]|L[ultmo]|M[nce]|N[dlo]|P[cdseifo]|S[mcko]|Z[slp]|C[cfo])\z")]
    private static partial Regex Category();

    private static ArgumentException Unsupported(string what) => new($"{what} is not supported");
}
