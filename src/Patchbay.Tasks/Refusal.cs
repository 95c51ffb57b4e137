namespace Patchbay.Tasks;

/// <summary>How this room says that data is not as it must be: one sentence with place, field, expected and
/// found.</summary>
internal static class Refusal
{
    public static InvalidDataException Field(string origin, string field, string expected, string found) =>
        new($"{origin}, field '{field}': expected {expected}, found {found}.");

    public static InvalidDataException Of(string origin, string expected, string found) =>
        new($"{origin}: expected {expected}, found {found}.");

    /// <summary>A text for a message: quoted, its beginning only where it is long.</summary>
    public static string Quote(string text) => text.Length <= 80 ? $"'{text}'" : $"'{text[..77]}...'";
}
