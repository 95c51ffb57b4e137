using System.Text;
using System.Text.Json;

namespace Patchbay;

/// <summary>How all rooms say that what people give is not as it must be: one sentence with place, expected and found.
/// Compiled into each room that reads such things.</summary>
internal static class Refusal
{
    private const int Longest = 80;

    /// <summary>"{file}: {what}." as the exception that says that a file is not what it should be.</summary>
    public static InvalidDataException Because(string file, string what) => new($"{file}: {what}.");

    public static InvalidDataException Field(string origin, string field, string expected, string found) =>
        Unexpected(field.Length == 0 ? origin : $"{origin}, field '{field}'", expected, found);

    public static InvalidDataException Unexpected(string origin, string expected, string found) =>
        Because(origin, $"expected {expected}, found {found}");

    /// <summary>A text in quotes, as <see cref="Shown"/>.</summary>
    public static string Quote(string text) => $"'{Shown(text)}'";

    /// <summary>A value of JSON: a string in quotes, anything else as it is written.</summary>
    public static string Quote(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? Quote(value.GetString()!) : Shown(value.GetRawText());

    /// <summary>A text as a sentence may show it: on one line, its beginning only where it is long; what cannot be seen
    /// is told by its number.</summary>
    public static string Shown(string text)
    {
        var (shown, kept) = (new StringBuilder(), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var isUnseen = Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 or 0xFFFD;
            shown.Append(isUnseen ? $"\\u{rune.Value:X4}" : rune.ToString());
            if (shown.Length > Longest) return $"{shown.ToString(0, kept)}...";
            if (shown.Length <= Longest - 3) kept = shown.Length;
        }
        return shown.ToString();
    }
}
