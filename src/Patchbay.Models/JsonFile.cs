using System.Text.Json;

namespace Patchbay.Models;

/// <summary>A JSON file of settings, read field by field; what is not as it must be is refused by file and field.</summary>
internal sealed class JsonFile
{
    private const long MaxBytes = 64 << 20;
    private readonly string name, prefix;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no JSON.</exception>
    public JsonFile(string path)
    {
        (name, prefix) = (Path.GetFileName(path), "");
        var file = new FileInfo(path);
        if (!file.Exists) throw new FileNotFoundException($"there is no file {path}", path);
        if (file.Length > MaxBytes) throw Refused("", $"at most {MaxBytes} bytes", $"{file.Length}");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 32 });
            Root = document.RootElement.Clone();
            CheckText(Root);
        }
        catch (JsonException e)
        {
            throw Refused("", "JSON", $"something else in line {e.LineNumber + 1}");
        }
        catch (InvalidOperationException)
        {
            throw Refused("", "text in valid UTF-8", "other bytes");
        }
    }

    private JsonFile(JsonFile outer, string field, JsonElement root) => (name, prefix, Root) = (outer.name, $"{outer.prefix}{field}, ", root);

    /// <summary>The whole.</summary>
    public JsonElement Root { get; }

    public bool TryGet(string field, out JsonElement value)
    {
        value = default;
        return Root.ValueKind == JsonValueKind.Object && Root.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;
    }

    public bool Has(string field) => TryGet(field, out _);

    public JsonElement Get(string field) => TryGet(field, out var value) ? value : throw Refused(field, "a value", "none");

    /// <summary>A whole number from 1 to <paramref name="most"/>.</summary>
    public int Count(string field, int most) => TryGet(field, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number) && number >= 1 && number <= most
        ? (int)number : throw Refused(field, $"a whole number from 1 to {most}", Raw(field));

    /// <summary>A number above <paramref name="above"/> and up to <paramref name="most"/>; where there is none, <paramref name="otherwise"/>.</summary>
    public double Number(string field, double? otherwise, double above, double most)
    {
        if (!Has(field) && otherwise is { } value) return value;
        return TryGet(field, out var element) && element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number)
            && number > above && number <= most ? number : throw Refused(field, $"a number above {above}, up to {most}", Raw(field));
    }

    /// <summary>true or false; false where there is none.</summary>
    public bool Flag(string field) => TryGet(field, out var value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refused(field, "true or false", Raw(field)),
    };

    /// <summary>A text, or null where there is none.</summary>
    public string? Text(string field) => !TryGet(field, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Refused(field, "a text", Raw(field));

    /// <summary>An object, or null where there is none.</summary>
    public JsonFile? Object(string field) => !TryGet(field, out var value) ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonFile(this, field, value) : throw Refused(field, "an object", Raw(field));

    /// <summary>One id or a list of them, from 0 up; empty where there is none.</summary>
    public int[] Ids(string field)
    {
        if (!TryGet(field, out var value)) return [];
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. items.Select(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt32(out var id) && id >= -1
            ? id : throw Refused(field, "a token id or a list of them", Raw(field))).Where(id => id >= 0)];
    }

    /// <summary>What to throw where a field is not as it must be.</summary>
    public InvalidDataException Refused(string field, string expected, string found) =>
        new($"{name}: {prefix}{field}{(field.Length > 0 ? ": " : "")}expected {expected}, found {(found.Length > 80 ? found[..80] + "..." : found)}");

    private string Raw(string field) => TryGet(field, out var value) ? value.GetRawText() : "none";

    /// <summary>Reads every name and text once, which throws where one is not valid UTF-8.</summary>
    private static void CheckText(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) value.GetString();
        else if (value.ValueKind == JsonValueKind.Array) foreach (var item in value.EnumerateArray()) CheckText(item);
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject())
            {
                _ = property.Name;
                CheckText(property.Value);
            }
        }
    }
}
