using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patchbay.Report;

/// <summary>The numbers behind a report as JSON: names in snake case, heads as "5.3", matrices as rows, shares with
/// their 95 % intervals, what is not finite as null.</summary>
internal static class ReportData
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            new JsonWriting<double>((json, number, _) =>
            {
                if (double.IsFinite(number)) json.WriteNumberValue(number);
                else json.WriteNullValue();
            }),
            new JsonWriting<Head>((json, head, _) => json.WriteStringValue(head.ToString())),
            new JsonWriting<double[,]>((json, matrix, options) =>
                JsonSerializer.Serialize(json, Rows(matrix), options)),
            JsonWriting.Shares,
            new JsonStringEnumConverter(),
        },
    };

    /// <summary>Path of a section's data, relative to the report.</summary>
    public static string FileOf(Section section) => $"data/{section.Id}.json";

    public static string Write(object data) => JsonSerializer.Serialize(data, Options) + "\n";

    private static IEnumerable<double[]> Rows(double[,] matrix) => Enumerable.Range(0, matrix.GetLength(0))
        .Select(r => Enumerable.Range(0, matrix.GetLength(1)).Select(c => matrix[r, c]).ToArray());
}
