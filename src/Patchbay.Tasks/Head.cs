using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patchbay.Tasks;

/// <summary>An attention head: layer and index within it, both from 0. As text and in JSON "5.3".</summary>
[JsonConverter(typeof(HeadConverter))]
public readonly record struct Head(int Layer, int Index)
{
    /// <summary>The head that a text such as "5.3" names, or null where it names none.</summary>
    public static Head? Read(string text) => text.Split('.') is [var layer, var index]
        && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var l)
        && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var i) ? new(l, i) : null;

    /// <summary>The head that a text names.</summary>
    /// <exception cref="InvalidDataException">It names none.</exception>
    public static Head Parse(string text) =>
        Read(text) ?? throw new InvalidDataException($"'{text}' is no head; expected LAYER.HEAD such as 5.3");

    /// <summary>The heads that a text such as "5.3 5.1" names, in its order.</summary>
    /// <exception cref="InvalidDataException">A word of it names none.</exception>
    public static IReadOnlyList<Head> ParseAll(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    /// <summary>All heads of a model, layer by layer.</summary>
    public static IEnumerable<Head> All(int layers, int heads) =>
        from layer in Enumerable.Range(0, layers)
        from index in Enumerable.Range(0, heads)
        select new Head(layer,
            index);

    /// <inheritdoc/>
    public override string ToString() => $"{Layer}.{Index}";

    /// <summary>Writes a head as its text.</summary>
    public sealed class HeadConverter : JsonConverter<Head>
    {
        /// <inheritdoc/>
        public override Head Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Head.Read(reader.GetString() ?? "") ?? throw new JsonException("expected a head such as \"5.3\"");

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, Head value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
