using Spectre.Console;

namespace Patchbay.Cli.Results;

/// <summary>A table of texts, drawn as they are.</summary>
internal static class TextTable
{
    /// <summary>Makes one.</summary>
    /// <param name="headers">Of its columns.</param>
    /// <param name="rows">A text for each column.</param>
    public static Table Of(IEnumerable<string> headers, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var header in headers) table.AddColumn(header);
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }
}
