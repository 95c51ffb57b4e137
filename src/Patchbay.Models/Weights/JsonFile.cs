using System.Text.Json;
using System.Text.Unicode;

namespace Patchbay.Models.Weights;

/// <summary>Reads JSON strictly: valid UTF-8, no key twice, a size limit, and one sentence where it is not so.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a whole file whose root is an object.</summary>
    public static JsonDocument Read(string path, long longest)
    {
        using var file = new MappedFile(path);
        if (file.Length > longest)
            throw Refusal.Of(path, $"the file has {file.Length} bytes, more than the {longest} that such a file may have");
        var bytes = new byte[file.Length];
        file.Read(0, bytes, "text");
        var start = bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        return Parse(bytes.AsMemory(start), path, "the text");
    }

    /// <summary>Parses an object; <paramref name="what"/> says which part of the file it is.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8, string path, string what)
    {
        if (!Utf8.IsValid(utf8.Span)) throw Refusal.Of(path, $"{what} is not valid UTF-8");
        JsonDocument? document = null;
        try
        {
            CheckEscapes(utf8.Span);
            document = JsonDocument.Parse(utf8, Options);
        }
        catch (JsonException e)
        {
            throw Refusal.Of(path, e.LineNumber is { } line
                ? $"{what} is not valid JSON (line {line + 1}, byte {e.BytePositionInLine + 1})"
                : $"{what} is not valid JSON without duplicate keys");
        }
        catch (InvalidOperationException)
        {
            throw Refusal.Of(path, $"{what} has an escape in a string that is not a character");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        throw Refusal.Of(path, $"{what} should be a JSON object and is not");
    }

    // A lone surrogate is valid JSON, but no string: found here, once, and not wherever a string is used.
    private static void CheckEscapes(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String && reader.ValueIsEscaped)
                _ = reader.GetString();
        }
    }
}
