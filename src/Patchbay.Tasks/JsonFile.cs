using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patchbay.Tasks;

/// <summary>Reads JSON and JSONL files strictly: UTF-8, no repeated fields, errors that name file and line.</summary>
internal static class JsonFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>How lines are written: letters of all languages as they are.</summary>
    public static readonly JsonSerializerOptions Plain =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The object on each line that is not blank, its origin "prompts.jsonl, line 3".</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What messages call it, where that is not its path.</param>
    public static IEnumerable<JsonField> Objects(string path, string? name = null)
    {
        name ??= path;
        var lines = Text(path, name).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i])) continue;
            var origin = $"{name}, line {i + 1}";
            yield return Parse(lines[i], origin, place: _ => origin).AsObject();
        }
    }

    /// <summary>The one value of a JSON file, which is its origin.</summary>
    /// <inheritdoc cref="Objects"/>
    public static JsonField Value(string path, string? name = null)
    {
        name ??= path;
        return Parse(Text(path, name), name, place: e => $"{name}, line {e.LineNumber + 1}");
    }

    private static JsonField Parse(string json, string origin, Func<JsonException, string> place)
    {
        try
        {
            return new(JsonElement.Parse(json, Strict), "", origin);
        }
        catch (JsonException e)
        {
            throw Refusal.Unexpected(place(e), "valid JSON", Mistake(json, e));
        }
    }

    /// <summary>What is found where a text stops being JSON; the parser tells it in words of its own making.</summary>
    private static string Mistake(string json, JsonException e)
    {
        if (e.BytePositionInLine is not { } at) return "a field that is there twice";
        var lines = json.TrimEnd().Split('\n');
        var line = Encoding.UTF8.GetBytes(lines[Math.Min((int)(e.LineNumber ?? 0), lines.Length - 1)]);
        if (e.LineNumber >= lines.Length - 1 && at >= line.Length) return "text that ends too early";
        // The parser stops within a word, which is shown whole.
        while (at > 0 && at <= line.Length && char.IsAsciiLetterOrDigit((char)line[at - 1])) at--;
        var rest = Encoding.UTF8.GetString(line.AsSpan(Math.Min((int)at, line.Length)));
        return rest.Length == 0 ? "a line that ends too early" : $"{Refusal.Quote(rest)} at column {at + 1}";
    }

    private static string Text(string path, string name)
    {
        try
        {
            return Utf8.GetString(InputFile.Bytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw Refusal.Unexpected(name, "UTF-8 text", "bytes that are none");
        }
    }
}

/// <summary>A value of a JSON file, and how refusals call it.</summary>
/// <param name="Value">The value, undefined where there is no such field.</param>
/// <param name="Name">Its path: "positions.io"; "" for the whole.</param>
/// <param name="Origin">Its place: "ioi.jsonl, line 3".</param>
internal readonly record struct JsonField(JsonElement Value, string Name, string Origin)
{
    public bool Exists => Value.ValueKind != JsonValueKind.Undefined;

    /// <summary>A field of an object, which may not exist.</summary>
    public JsonField this[string field] => new(
        Value.TryGetProperty(field, out var value) ? value : default, Name == "" ? field : $"{Name}.{field}", Origin);

    /// <summary>The fields that an object has, by their names.</summary>
    public Dictionary<string, JsonField> Fields
    {
        get
        {
            var self = this;
            return Value.EnumerateObject().ToDictionary(property => property.Name, property => self[property.Name]);
        }
    }

    /// <summary>A string that is not empty.</summary>
    public string Text => Value.ValueKind != JsonValueKind.String ? throw Refused("a string")
        : Value.GetString() is { Length: > 0 } text ? text : throw Refused("a string", "an empty one");

    /// <summary>A whole number that fits an int.</summary>
    public int Integer => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var number)
        ? number : throw Refused("a whole number");

    /// <summary>The entries of a list, named "labels[0]" and so on.</summary>
    public JsonField[] Items
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Array) throw Refused("a list");
            var (name, origin) = (Name, Origin);
            return [.. Value.EnumerateArray().Select((item, i) => new JsonField(item, $"{name}[{i}]", origin))];
        }
    }

    /// <summary>A whole number in a range, both ends included; <paramref name="range"/> is what a refusal says that is
    /// expected, if not "0 to 9".</summary>
    public int IntegerIn(int from, int to, string? range = null) =>
        Integer is var number && number >= from && number <= to
            ? number : throw Refused(range ?? $"{from} to {to}", $"{number}");

    /// <summary>The whole of a file or line, if it is an object.</summary>
    public JsonField AsObject() =>
        Value.ValueKind == JsonValueKind.Object ? this : throw Refusal.Unexpected(Origin, "a JSON object", Found);

    /// <summary>The exception for a field that is not as it must be; <paramref name="found"/> says what it is instead,
    /// if that is not to be told from the value.</summary>
    public InvalidDataException Refused(string expected, string? found = null) =>
        Refusal.Field(Origin, Name, expected, found ?? Found);

    private string Found => Value.ValueKind switch
    {
        JsonValueKind.Undefined => "no such field",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the string {Refusal.Quote(Value.GetString()!)}",
        _ => Value.GetRawText(),
    };
}
