using System.Text.Json;
using System.Text.Unicode;

namespace Patchbay.Models.Weights;

/// <summary>Fields of a JSON object in a file; every refusal names the file, the field, what was expected and found.
/// A field that is null counts as absent.</summary>
internal sealed class JsonFields(string file, JsonElement json, string prefix = "")
{
    public InvalidDataException Bad(string name, string expected) => Refusal.Because(file, Find(name) is { } value
        ? $"{prefix}{name} is {Refusal.Quote(value)}, expected {expected}"
        : $"{prefix}{name} is missing, expected {expected}");

    /// <summary>Throws <see cref="Bad"/> where a field has a value that is not supported.</summary>
    public void RefuseIf(bool wrong, string name, string expected)
    {
        if (wrong) throw Bad(name, expected);
    }

    public JsonElement? Find(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Names of all fields.</summary>
    public IEnumerable<string> Names => json.EnumerateObject().Select(entry => entry.Name);

    /// <summary>Whether the field is there, null or not.</summary>
    public bool Mentions(string name) => json.TryGetProperty(name, out _);

    public int Integer(string name, int least, int most, int? otherwise = null)
    {
        if (Find(name) is null && otherwise is { } absent) return absent;
        return IsInteger(Find(name), least, most, out var n)
            ? n
            : throw Bad(name, $"an integer from {least} to {most}");
    }

    /// <summary>A finite number above 0.</summary>
    public double Positive(string name, double? otherwise = null)
    {
        if (Find(name) is null && otherwise is { } absent) return absent;
        return Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var n)
            && double.IsFinite(n) && n > 0
            ? n
            : throw Bad(name, "a positive number");
    }

    public bool Flag(string name, bool otherwise = false) => Find(name)?.ValueKind switch
    {
        null => otherwise,
        JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Bad(name, "true or false"),
    };

    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Bad(name, "a text");

    /// <summary>A list of texts, or null.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array
            || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String))
            throw Bad(name, "a list of texts");
        return [.. value.EnumerateArray().Select(v => v.GetString()!)];
    }

    /// <summary>One integer or a list of them; empty where the field is absent.</summary>
    public IReadOnlyList<int> Integers(string name, int least, int most)
    {
        if (Find(name) is not { } value) return [];
        var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value];
        return [.. items.Select(v => IsInteger(v, least, most, out var n)
            ? n
            : throw Bad(name, $"an integer from {least} to {most} or a list of them"))];
    }

    /// <summary>The fields of an object, or null.</summary>
    public JsonFields? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new(file, value, $"{prefix}{name}.")
        : throw Bad(name, "an object");

    /// <summary>Names and values of an object of positive numbers; empty where the field is absent.</summary>
    public IReadOnlyList<(string Key, double Value)> Numbers(string name) => Object(name) is not { } inner
        ? []
        : [.. Find(name)!.Value.EnumerateObject().Select(p => (p.Name, inner.Positive(p.Name)))];

    /// <summary>Whether the field asks for nothing: absent, null, false, or empty.</summary>
    public bool IsOff(string name) => Find(name) is not { } value || value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        JsonValueKind.String => value.ValueEquals(""),
        _ => false,
    };

    private static bool IsInteger(JsonElement? value, int least, int most, out int n)
    {
        n = 0;
        // Some exporters write 64 as 64.0.
        if (value is not { ValueKind: JsonValueKind.Number } number || !number.TryGetDouble(out var real)) return false;
        if (real != Math.Floor(real) || real < int.MinValue || real > int.MaxValue) return false;
        n = (int)real;
        return n >= least && n <= most;
    }
}

/// <summary>Reads JSON strictly: valid UTF-8, no key twice, a size limit; one sentence where it is not so.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a whole file whose root is an object.</summary>
    public static JsonDocument Read(string path, long longest)
    {
        using var file = new OpenFile(path);
        if (file.Length > longest)
            throw file.Refuse($"the file has {file.Length} bytes, more than the {longest} that such a file may have");
        var bytes = file.Read(0, file.Length, "text");
        var start = bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        return Parse(bytes.AsMemory(start), path, "the text");
    }

    /// <summary>Parses an object; <paramref name="what"/> says which part of the file it is.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8, string path, string what)
    {
        if (!Utf8.IsValid(utf8.Span)) throw Refusal.Because(path, $"{what} is not valid UTF-8");
        try
        {
            CheckEscapes(utf8.Span);
            return Opening.CloseOnError(JsonDocument.Parse(utf8, Options), document =>
                document.RootElement.ValueKind == JsonValueKind.Object
                    ? document
                    : throw Refusal.Because(path, $"{what} should be a JSON object and is not"));
        }
        catch (JsonException e)
        {
            throw Refusal.Because(path, e.LineNumber is { } line
                ? $"{what} is not valid JSON (line {line + 1}, byte {e.BytePositionInLine + 1})"
                : $"{what} is not valid JSON without duplicate keys");
        }
        catch (InvalidOperationException)
        {
            throw Refusal.Because(path, $"{what} has an escape in a string that is not a character");
        }
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
