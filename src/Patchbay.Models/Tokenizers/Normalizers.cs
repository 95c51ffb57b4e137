namespace Patchbay.Models.Tokenizers;

/// <summary>The normalizers of tokenizer.json, each a function from text to text.</summary>
internal static class Normalizers
{
    public static Converter<string, string> Read(JsonField? field)
    {
        if (field is not { } normalizer) return text => text;
        var type = normalizer.Required("type");
        return type.Text() switch
        {
            "Sequence" => Chain([.. normalizer.Required("normalizers").Items().Select(item => Read(item))]),
            "Prepend" => Prepend(normalizer.Required("prepend").Text()),
            "Replace" => TextPattern.ReadReplace(normalizer),
            "Lowercase" => Lowercase,
            "Strip" => Strip(normalizer.Required("strip_left").Flag(), normalizer.Required("strip_right").Flag()),
            "NFC" => CanonicalForm.Compose,
            "NFD" => CanonicalForm.Decompose,
            _ => throw type.Expected(
                "a supported normalizer (Sequence, Prepend, Replace, Lowercase, Strip, NFC, NFD)"),
        };
    }

    private static Converter<string, string> Chain(Converter<string, string>[] steps) =>
        text => steps.Aggregate(text, (t, step) => step(t));

    private static Converter<string, string> Prepend(string prefix) => text => text.Length == 0 ? text : prefix + text;

    // Character by character, as Rust's to_lowercase: U+0130 is the one that becomes two.
    private static string Lowercase(string text) =>
        text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    private static Converter<string, string> Strip(bool left, bool right) => (left, right) switch
    {
        (true, true) => text => text.Trim(),
        (true, false) => text => text.TrimStart(),
        (false, true) => text => text.TrimEnd(),
        _ => text => text,
    };
}
