using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>The normalizers of tokenizer.json, each a function from text to text.</summary>
internal static class Normalizers
{
    private const string Supported = "a supported normalizer (Sequence, Prepend, Replace, Lowercase, Strip, NFC, NFD)";

    public static Func<string, string> Read(JsonField? field)
    {
        if (field is not { } normalizer) return text => text;
        var type = normalizer.Required("type");
        return type.Text() switch
        {
            "Sequence" => Chain([.. normalizer.Required("normalizers").Items().Select(item => Read(item))]),
            "Prepend" => Prepend(normalizer.Required("prepend").Text()),
            "Replace" => Replace(normalizer),
            "Lowercase" => Lowercase,
            "Strip" => Strip(normalizer.Required("strip_left").Flag(), normalizer.Required("strip_right").Flag()),
            "NFC" => CanonicalForm.Compose,
            "NFD" => CanonicalForm.Decompose,
            _ => throw type.Expected(Supported),
        };
    }

    private static Func<string, string> Chain(Func<string, string>[] steps) => text => steps.Aggregate(text, (t, step) => step(t));

    private static Func<string, string> Prepend(string prefix) => text => text.Length == 0 ? text : prefix + text;

    private static Func<string, string> Replace(JsonField normalizer)
    {
        var (pattern, content) = (TextPattern.Read(normalizer.Required("pattern")), ReplacementText(normalizer));
        return text => pattern.Replace(text, content);
    }

    /// <summary>The content of a Replace. Versions of the library disagree on "$" in it where the pattern is an expression.</summary>
    public static string ReplacementText(JsonField replace)
    {
        var content = replace.Required("content");
        var text = content.Text();
        var isRegex = replace.Required("pattern").Optional("Regex") is not null;
        return isRegex && text.Contains('$') ? throw content.Expected("text without $") : text;
    }

    /// <summary>Character by character, as Rust's to_lowercase: U+0130 is the one that becomes two.</summary>
    private static string Lowercase(string text) => text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    private static Func<string, string> Strip(bool left, bool right) => text =>
    {
        var rest = text.AsSpan();
        if (left) rest = rest.TrimStart();
        if (right) rest = rest.TrimEnd();
        return rest.ToString();
    };
}
