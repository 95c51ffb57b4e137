using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patchbay.Tasks;

namespace Patchbay.Cli.Report;

/// <summary>The numbers behind a report as JSON: names in snake case, heads as "5.3", matrices as rows, what is not finite as null.</summary>
internal static class ReportData
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new NumberConverter(), new HeadConverter(), new MatrixConverter(), new ShareConverter(), new JsonStringEnumConverter() },
    };

    /// <summary>Path of a section's data, relative to the report.</summary>
    public static string FileOf(Section section) => $"data/{section.Id}.json";

    /// <summary>The document.</summary>
    public static string Write(object data) => JsonSerializer.Serialize(data, Options) + "\n";

    private sealed class NumberConverter : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value)) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }

    private sealed class HeadConverter : JsonConverter<Head>
    {
        public override Head Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Head value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    private sealed class MatrixConverter : JsonConverter<double[,]>
    {
        public override double[,] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, double[,] value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            for (var row = 0; row < value.GetLength(0); row++)
                JsonSerializer.Serialize(writer, Enumerable.Range(0, value.GetLength(1)).Select(column => value[row, column]), options);
            writer.WriteEndArray();
        }
    }

    private sealed class ShareConverter : JsonConverter<Proportion>
    {
        public override Proportion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Proportion value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteNumber("right", value.Right);
            writer.WriteNumber("count", value.Count);
            foreach (var (name, number) in new[] { ("share", value.Share), ("low", value.Interval.Low), ("high", value.Interval.High) })
            {
                writer.WritePropertyName(name);
                JsonSerializer.Serialize(writer, number, options);
            }
            writer.WriteEndObject();
        }
    }
}
