using System.Text;
using System.Text.Json;

namespace Patchbay.Tasks;

/// <summary>Reads JSON and JSONL files strictly: UTF-8, no repeated fields, errors that name file and line.</summary>
internal static class JsonLines
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The object on each line that is not blank, with its place ("name.jsonl, line 3").</summary>
    public static IEnumerable<(JsonElement Object, string Origin)> Read(string path)
    {
        var name = Path.GetFileName(path);
        var lines = ReadAll(path).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i])) continue;
            var origin = $"{name}, line {i + 1}";
            var value = Parse(lines[i], origin);
            if (value.ValueKind != JsonValueKind.Object) throw Refusal.Of(origin, "a JSON object", Describe(value));
            yield return (value, origin);
        }
    }

    /// <summary>The one value of a JSON file.</summary>
    public static JsonElement ReadFile(string path) => Parse(ReadAll(path), Path.GetFileName(path));

    public static string RequiredText(JsonElement line, string field, string origin)
    {
        if (!line.TryGetProperty(field, out var value)) throw Refusal.Field(origin, field, "a string", "no such field");
        return Text(value, field, origin);
    }

    /// <summary>A string that is not empty.</summary>
    public static string Text(JsonElement value, string field, string origin)
    {
        if (value.ValueKind != JsonValueKind.String) throw Refusal.Field(origin, field, "a string", Describe(value));
        var text = value.GetString()!;
        return text.Length > 0 ? text : throw Refusal.Field(origin, field, "a string", "an empty one");
    }

    /// <summary>A whole number that fits an int.</summary>
    public static int Integer(JsonElement value, string field, string origin) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : throw Refusal.Field(origin, field, "a whole number", Describe(value));

    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the string {Refusal.Quote(value.GetString()!)}",
        _ => value.GetRawText(),
    };

    private static JsonElement Parse(string json, string origin)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            // A JSONL line's place is known already; in a file of one value the parser knows the line.
            var known = origin.Contains(", line ", StringComparison.Ordinal);
            var place = known ? origin : $"{origin}, line {e.LineNumber + 1}";
            throw Refusal.Of(place, "valid JSON", e.Message.Split(" LineNumber")[0].TrimEnd('.'));
        }
    }

    private static string ReadAll(string path)
    {
        try
        {
            return Utf8.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw Refusal.Of(Path.GetFileName(path), "UTF-8 text", "bytes that are none");
        }
    }
}
