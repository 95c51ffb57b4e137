using System.Text.Json;

namespace Patchbay.Models.Weights;

/// <summary>Fields of a JSON object in a file; every refusal names the file, the field, what was expected and found.
/// A field that is null counts as absent.</summary>
internal sealed class JsonFields(string file, JsonElement json, string prefix = "")
{
    public InvalidDataException Bad(string name, string expected) => Refusal.Of(file, Find(name) is { } value
        ? $"{prefix}{name} is {Refusal.Quote(value.GetRawText())}, expected {expected}"
        : $"{prefix}{name} is missing, expected {expected}");

    public JsonElement? Find(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Whether the field is there, null or not.</summary>
    public bool Mentions(string name) => json.TryGetProperty(name, out _);

    public int Integer(string name, int least, int most, int? otherwise = null)
    {
        var expected = $"an integer from {least} to {most}";
        if (Find(name) is not { } value) return otherwise ?? throw Bad(name, expected);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) && n >= least && n <= most
            ? n
            : throw Bad(name, expected);
    }

    /// <summary>A finite number above 0.</summary>
    public double Positive(string name, double? otherwise = null)
    {
        if (Find(name) is not { } value) return otherwise ?? throw Bad(name, "a positive number");
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var n) && double.IsFinite(n) && n > 0
            ? n
            : throw Bad(name, "a positive number");
    }

    public bool Flag(string name, bool otherwise = false) => Find(name)?.ValueKind switch
    {
        null => otherwise,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(name, "true or false"),
    };

    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Bad(name, "a text");

    /// <summary>A list of texts, or null.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String))
            throw Bad(name, "a list of texts");
        return [.. value.EnumerateArray().Select(v => v.GetString()!)];
    }

    /// <summary>One integer or a list of them; empty where the field is absent.</summary>
    public IReadOnlyList<int> Integers(string name, int least, int most)
    {
        if (Find(name) is not { } value) return [];
        var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value];
        return [.. items.Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var n) && n >= least && n <= most
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
}
