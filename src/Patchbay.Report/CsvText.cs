using System.Globalization;

namespace Patchbay.Report;

/// <summary>Cells of a CSV file (RFC 4180).</summary>
internal static class CsvText
{
    /// <summary>A word, in quotes where it needs them.</summary>
    public static string Cell(string text) =>
        text.AsSpan().IndexOfAny(",\"\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"")}\"";

    /// <summary>A number that reads as the same double again; empty where it is not finite.</summary>
    public static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "";
}
