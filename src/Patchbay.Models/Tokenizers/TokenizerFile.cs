using System.Text;
using System.Text.Json;

namespace Patchbay.Models.Tokenizers;

/// <summary>A value in a JSON file that knows where it stands ("model.merges[3]"), to be refused by name.</summary>
internal readonly struct JsonField
{
    private readonly string _file, _path;
    private readonly JsonElement _value;

    private JsonField(string file, string path, JsonElement value) => (_file, _path, _value) = (file, path, value);

    /// <summary>Parses a file's bytes and hands its top value to <paramref name="read"/>.</summary>
    public static void Read(ReadOnlyMemory<byte> bytes, string file, Action<JsonField> read)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            read(new(file, "", document.RootElement));
        }
        catch (JsonException error)
        {
            var place = $"line {error.LineNumber + 1}, byte {error.BytePositionInLine}";
            throw TokenizerFile.Invalid(file, place, "JSON", "a syntax error");
        }
    }

    public bool IsObject => _value.ValueKind == JsonValueKind.Object;

    public bool IsArray => _value.ValueKind == JsonValueKind.Array;

    public JsonField Required(string name) =>
        Find(name) ?? throw TokenizerFile.Invalid(_file, Child(name), "a value", "none");

    /// <summary>The member of that name, or null where it is absent or JSON's null.</summary>
    public JsonField? Optional(string name) =>
        Find(name) is { _value.ValueKind: not JsonValueKind.Null } field ? field : null;

    public string Text() =>
        _value.ValueKind == JsonValueKind.String ? WellFormed(_value.GetString)! : throw Expected("a string");

    public bool Flag() => _value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? _value.GetBoolean()
        : throw Expected("true or false");

    /// <summary>The flag of that name; <paramref name="otherwise"/> where it is absent or null.</summary>
    public bool Flag(string name, bool otherwise = false) => Optional(name)?.Flag() ?? otherwise;

    public double Number() => _value.ValueKind == JsonValueKind.Number && _value.TryGetDouble(out var number)
        ? number
        : throw Expected("a number");

    /// <summary>A whole number from 0 to <paramref name="limit"/> - 1.</summary>
    public int Id(int limit) =>
        _value.ValueKind == JsonValueKind.Number && _value.TryGetInt32(out var id) && id >= 0 && id < limit
            ? id
            : throw Expected($"a whole number from 0 to {limit - 1}");

    public IEnumerable<JsonField> Items()
    {
        if (!IsArray) throw Expected("an array");
        var index = 0;
        foreach (var item in _value.EnumerateArray()) yield return new(_file, $"{_path}[{index++}]", item);
    }

    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        if (!IsObject) throw Expected("an object");
        foreach (var member in _value.EnumerateObject())
        {
            var name = WellFormed(() => member.Name);
            yield return (name, new(_file, Child(Refusal.Quote(name)), member.Value));
        }
    }

    /// <summary>The error that this value is not what it has to be.</summary>
    public InvalidDataException Expected(string what) => TokenizerFile.Invalid(_file, Place, what, Found());

    private string Place => _path.Length == 0 ? "top level" : _path;

    private JsonField? Find(string name)
    {
        if (!IsObject) throw Expected("an object");
        var (value, found) = (_value, default(JsonElement));
        return WellFormed(() => value.TryGetProperty(name, out found)) ? new(_file, Child(name), found) : null;
    }

    private string Child(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private string Found() => _value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => Refusal.Quote(Text()),
        _ => Refusal.Shown(_value.GetRawText()),
    };

    // JSON can escape half a surrogate pair or hold bad UTF-8; .NET tells so only when the string is asked for.
    private T WellFormed<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            const string found = "half a surrogate pair or bytes that are not UTF-8";
            throw TokenizerFile.Invalid(_file, Place, "Unicode text", found);
        }
    }
}

/// <summary>Reads the files of a tokenizer whole, within a bound, and words what is wrong with them.</summary>
internal static class TokenizerFile
{
    // More than any tokenizer in use takes (the largest tokenizer.json are about 35 MB).
    private const long MaxJsonBytes = 64L << 20;

    // More than any SentencePiece or llama2.c vocabulary in use takes (about 5 MB).
    private const long MaxBinaryBytes = 16L << 20;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>A JSON file's bytes, without the byte order mark that some editors write.</summary>
    public static ReadOnlyMemory<byte> ReadJson(string path)
    {
        var bytes = Read(path, MaxJsonBytes);
        return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
    }

    public static byte[] ReadBinary(string path) => Read(path, MaxBinaryBytes);

    /// <summary>The one sentence that every defect of a tokenizer file is told with.</summary>
    public static InvalidDataException Invalid(string file, string field, string expected, string found) =>
        Refusal.Because(file, $"{field}: expected {expected}, found {found}");

    /// <summary>Text of <paramref name="bytes"/>, which must be UTF-8.</summary>
    public static string Utf8(string file, string field, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            var shown = Convert.ToHexString(bytes[..Math.Min(bytes.Length, 16)]);
            throw Invalid(file, field, "UTF-8 text", $"bytes that are not ({shown})");
        }
    }

    private static byte[] Read(string path, long limit)
    {
        if (FileKind.OtherThanFile(path) is { } other)
            throw Refusal.Unexpected(path, "a file", other);
        using var file = File.OpenRead(path); // FileInfo tells a link's own length
        if (file.Length > limit) throw Invalid(path, "size", $"at most {limit} bytes", $"{file.Length}");
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
