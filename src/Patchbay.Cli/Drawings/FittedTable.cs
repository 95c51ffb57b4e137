using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Drawings;

/// <summary>A table that keeps to the console. Where it does not fit, its columns move together, then the widest of
/// them are wrapped, and where even narrow columns do not fit, the last ones are cut off.</summary>
internal sealed class FittedTable(Table table) : Renderable
{
    private const int LeastColumn = 3; // Spectre never ends to wrap a wide letter in a column of one
    private const int Around = 2; // blanks beside every column that has moved together with the others

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var width = maxWidth;
        if (Natural(options) > maxWidth)
            foreach (var column in table.Columns) column.Padding = new Padding(0, 0, 1, 0);
        if (Natural(options) > maxWidth)
        {
            // Columns that must not be wrapped are made narrower all by the same, some of them to nothing.
            foreach (var column in table.Columns) column.NoWrap = false;
            width = Math.Max(maxWidth, table.Columns.Count * (LeastColumn + Around) + 1);
        }
        return FittedLines.Fit(((IRenderable)table).Render(options, width), maxWidth);
    }

    /// <summary>Columns of the console that it takes with nothing wrapped.</summary>
    private int Natural(RenderOptions options) => ((IRenderable)table).Measure(options, int.MaxValue / 2).Max;
}
