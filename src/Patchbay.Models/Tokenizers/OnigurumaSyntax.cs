using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>Turns a regular expression of Oniguruma, the engine of Hugging Face tokenizers, into .NET's syntax. Only what
/// has the same meaning in both passes; possessive repeats, anchors, boundaries, scripts and set operations do not.</summary>
internal static class OnigurumaSyntax
{
    /// <summary>Oniguruma's \w: letters, marks, decimal digits and connectors (.NET's lacks some marks).</summary>
    private const string Word = @"\p{L}\p{M}\p{Nd}\p{Pc}";

    private static readonly HashSet<string> Categories =
    [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
        "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
    ];

    /// <exception cref="ArgumentException">Something in it is not supported; the message names it.</exception>
    public static string Translate(string expression)
    {
        var result = new StringBuilder(expression.Length);
        var inClass = false;
        for (var at = 0; at < expression.Length; at++)
        {
            var c = expression[at];
            if (char.IsSurrogate(c)) throw Unsupported("a character beyond U+FFFF");
            if (c == '\\') at = Escape(expression, at, inClass, result);
            else if (inClass) inClass = ClassCharacter(expression, at, result);
            else if (c == '[') at = OpenClass(expression, at, result, out inClass);
            else if (c == '(') at = OpenGroup(expression, at, result);
            else if (c is '^' or '$') throw Unsupported($"the anchor {c}");
            else if (c == '+' && at > 0 && expression[at - 1] is '?' or '*' or '+' && !IsEscaped(expression, at - 1))
                throw Unsupported("a possessive repeat");
            else if (c == '{' && at + 1 < expression.Length && expression[at + 1] == ',')
                throw Unsupported("a repeat without a lower bound");
            else result.Append(c);
        }
        return result.ToString();
    }

    private static int Escape(string expression, int at, bool inClass, StringBuilder result)
    {
        if (at + 1 == expression.Length) throw Unsupported("a \\ at its end");
        var c = expression[at + 1];
        if (c == 'w') result.Append(inClass ? Word : $"[{Word}]");
        else if (c is 'p' or 'P') return Property(expression, at, result);
        else if ("sSdDrntf".Contains(c) || !char.IsAsciiLetterOrDigit(c)) result.Append('\\').Append(c);
        else throw Unsupported($"\\{c}");
        return at + 1;
    }

    private static int Property(string expression, int at, StringBuilder result)
    {
        var close = expression.IndexOf('}', at);
        if (close < 0 || expression[at + 2] != '{') throw Unsupported("\\p without {...}");
        var name = expression[(at + 3)..close];
        if (!Categories.Contains(name)) throw Unsupported($"\\p{{{name}}}");
        result.Append(expression, at, close + 1 - at);
        return close;
    }

    private static int OpenClass(string expression, int at, StringBuilder result, out bool inClass)
    {
        inClass = true;
        result.Append('[');
        if (at + 1 < expression.Length && expression[at + 1] == '^')
        {
            result.Append('^');
            at++;
        }
        if (at + 1 < expression.Length && expression[at + 1] == ']') throw Unsupported("an empty class");
        return at;
    }

    private static bool ClassCharacter(string expression, int at, StringBuilder result)
    {
        var c = expression[at];
        if (c == '[') throw Unsupported("a class inside a class");
        if (c == '&' && at + 1 < expression.Length && expression[at + 1] == '&') throw Unsupported("&& in a class");
        result.Append(c);
        return c != ']';
    }

    private static int OpenGroup(string expression, int at, StringBuilder result)
    {
        foreach (var start in (ReadOnlySpan<string>)["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"])
        {
            if (string.CompareOrdinal(expression, at, start, 0, start.Length) != 0) continue;
            result.Append(start);
            return at + start.Length - 1;
        }
        if (at + 1 < expression.Length && expression[at + 1] == '?')
            throw Unsupported("a group that begins with (? and is none of the common ones");
        result.Append('(');
        return at;
    }

    /// <summary>Whether the character there is meant literally: an odd number of backslashes stands before it.</summary>
    private static bool IsEscaped(string expression, int at)
    {
        var slashes = 0;
        while (at - slashes > 0 && expression[at - slashes - 1] == '\\') slashes++;
        return slashes % 2 == 1;
    }

    private static ArgumentException Unsupported(string what) => new($"{what} is not supported");
}
