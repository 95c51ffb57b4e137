using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patchbay.Report;

/// <summary>JSON as exports have it: indented, names in snake case, a row of numbers or a list of heads to a line, a
/// number that is not finite null; what is null is left out.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            new JsonWriting<double>((json, number, _) => json.WriteRawValue(Number(number))),
            new JsonWriting<double[,]>((json, matrix, _) =>
            {
                json.WriteStartArray();
                for (var row = 0; row < matrix.GetLength(0); row++)
                    json.WriteRawValue(List(Enumerable.Range(0, matrix.GetLength(1))
                        .Select(column => Number(matrix[row, column]))));
                json.WriteEndArray();
            }),
            new JsonWriting<IReadOnlyList<Head>>((json, heads, _) =>
                json.WriteRawValue(List(heads.Select(h => $"[{h.Layer}, {h.Index}]")))),
            JsonWriting.Shares,
        },
    };

    public static string Write(object document) => JsonSerializer.Serialize(document, Options) + "\n";

    /// <summary>A model, its accuracy where it was asked, and what else is given.</summary>
    public static object Model(SweepState state, PlannedModel model, object? circuit = null, object? groups = null) =>
        new
        {
            model.Name,
            model.Fingerprint,
            model.Layers,
            model.Heads,
            Accuracy = SweepResults.Accuracy(state, model.Name),
            Circuit = circuit,
            Groups = groups,
        };

    private static string List(IEnumerable<string> items) => $"[{string.Join(", ", items)}]";

    private static string Number(double value) => double.IsFinite(value)
        ? value.ToString("R", CultureInfo.InvariantCulture) : "null";
}

/// <summary>Writes a type in JSON; nothing is read back.</summary>
internal sealed class JsonWriting<T>(Action<Utf8JsonWriter, T, JsonSerializerOptions> write) : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        write(writer, value, options);
}

/// <summary>How all documents write some types.</summary>
internal static class JsonWriting
{
    /// <summary>A counted share with its 95 % interval.</summary>
    public static JsonConverter Shares { get; } = new JsonWriting<Proportion>((json, p, options) =>
        JsonSerializer.Serialize(json, new { p.Right, p.Count, p.Share, p.Interval.Low, p.Interval.High }, options));
}
