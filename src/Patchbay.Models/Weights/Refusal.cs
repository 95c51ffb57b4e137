using System.Text;

namespace Patchbay.Models.Weights;

/// <summary>Words for what is wrong with a file: one sentence, on one line, of bounded length.</summary>
internal static class Refusal
{
    private const int LongestQuote = 100;

    /// <summary>"{file}: {what}." as the exception that says that a file is not what it should be.</summary>
    public static InvalidDataException Of(string file, string what) => new($"{file}: {what}.");

    /// <summary>Text out of a file in quotes: control characters replaced, cut where it is long.</summary>
    public static string Quote(string text)
    {
        var clean = new StringBuilder("\"");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LongestQuote)))
            clean.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '\uFFFD' : c);
        return clean.Append(text.Length > LongestQuote ? "…\"" : "\"").ToString();
    }

    /// <summary>A shape as people write it: "(32, 128)".</summary>
    public static string Shape(IReadOnlyList<long> shape) => shape.Count <= 16
        ? $"({string.Join(", ", shape)})"
        : $"({string.Join(", ", shape.Take(16))}, … {shape.Count} dimensions)";
}
