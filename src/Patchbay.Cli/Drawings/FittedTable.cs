using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Drawings;

/// <summary>A table that keeps to the console: its widest columns are wrapped first, and where even narrow columns do not fit,
/// the last ones are cut off.</summary>
internal sealed class FittedTable(Table table) : Renderable
{
    private const int LeastColumn = 3; // Spectre never ends to wrap a wide letter in a column of one
    private const int Around = 3; // columns of blanks and border that every column of the table has, and one more at the end

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var width = maxWidth;
        if (((IRenderable)table).Measure(options, int.MaxValue / 2).Max > maxWidth)
        {
            // Columns that must not be wrapped are made narrower all by the same, some of them to nothing.
            foreach (var column in table.Columns) column.NoWrap = false;
            width = Math.Max(maxWidth, table.Columns.Count * (LeastColumn + Around) + 1);
        }
        return FittedLines.Fit(((IRenderable)table).Render(options, width), maxWidth);
    }
}
