using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patchbay.Sweeps;

/// <summary>A record that only an experiment understands, as JSON: a stage's parameters, or what it takes from the
/// stages before it. Names are written as study files have them ("as-published").</summary>
/// <param name="Text">The JSON. Equal texts are equal records.</param>
[JsonConverter(typeof(RawConverter))]
public sealed record JsonRecord(string Text)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new FlagConverter(), new ListConverter<string>(t => t), new ListConverter<int>(int.Parse) },
    };

    /// <summary>No fields.</summary>
    public static JsonRecord Empty { get; } = new("{}");

    /// <summary>Writes a record.</summary>
    public static JsonRecord Of<T>(T value) => new(JsonSerializer.Serialize(value, Options));

    /// <summary>Reads it as a record of a type. Values may be texts, as study files and journals of version 0.1 have
    /// them: "500" for a number, "A,B" for a list.</summary>
    /// <exception cref="JsonException">It is of another form.</exception>
    public T As<T>() => JsonSerializer.Deserialize<T>(Text, Options) ?? throw new JsonException("null is no record");

    /// <summary>The text that stands in place of a record in journals of version 0.1, or null where it is a
    /// record.</summary>
    public string? OlderText => Text.StartsWith('"') ? JsonSerializer.Deserialize<string>(Text) : null;

    /// <summary>Writes the JSON as it is.</summary>
    public sealed class RawConverter : JsonConverter<JsonRecord>
    {
        /// <inheritdoc/>
        public override JsonRecord Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(JsonElement.ParseValue(ref reader).GetRawText());

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, JsonRecord value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.Text);
    }

    private sealed class FlagConverter : JsonConverter<bool>
    {
        public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? bool.Parse(reader.GetString()!) : reader.GetBoolean();

        public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) =>
            writer.WriteBooleanValue(value);
    }

    private sealed class ListConverter<T>(Func<string, T> parse) : JsonConverter<IReadOnlyList<T>>
    {
        public override IReadOnlyList<T> Read(ref Utf8JsonReader reader, Type typeToConvert,
            JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String
                ? [.. reader.GetString()!.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(parse)]
                : JsonSerializer.Deserialize<T[]>(ref reader, options)!;

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.ToArray(), options);
    }
}
