using System.Globalization;

namespace Patchbay.Report;

/// <summary>CSV files (RFC 4180).</summary>
internal static class CsvText
{
    /// <summary>A row with its line end: words in quotes where they need them; a number reads as the same double again;
    /// what is null or not finite is empty.</summary>
    public static string Row(params ReadOnlySpan<object?> cells)
    {
        var texts = new string[cells.Length];
        for (var i = 0; i < cells.Length; i++) texts[i] = Cell(cells[i]);
        return string.Join(',', texts) + "\n";
    }

    private static string Cell(object? cell) => cell switch
    {
        string text => text.AsSpan().IndexOfAny(",\"\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"")}\"",
        double number => double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "",
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture) ?? "",
    };
}
