namespace Patchbay.Report;

/// <summary>A drawing that is never wider than the console and that, where making or rendering it throws, is empty and
/// says why.</summary>
/// <param name="make">Makes what is drawn, anew each time.</param>
/// <param name="failed">Takes what was thrown.</param>
internal sealed class GuardedDrawing(Func<IRenderable> make, Action<Exception> failed) : IRenderable
{
    public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        try
        {
            var drawing = make();
            if (drawing is Table table) drawing = new FittedTable(table);
            return [.. FittedLines.Fit(drawing.Render(options, maxWidth), maxWidth)];
        }
#pragma warning disable CA1031 // A drawing that fails costs the drawing, whatever is wrong with it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failed(e);
            return [];
        }
    }
}

/// <summary>A table that keeps to the console. Where it does not fit, its columns move together, then the widest of
/// them are wrapped, and where even narrow columns do not fit, the last ones are cut off.</summary>
internal sealed class FittedTable(Table table) : Renderable
{
    private const int LeastColumn = 3; // Spectre never ends to wrap a wide letter in a column of one
    private const int Around = 2; // blanks beside every column that has moved together with the others

    /// <summary>A table of plain texts.</summary>
    /// <param name="headings">Headings; a '>' before one, which is not shown, aligns its column to the right.</param>
    /// <param name="rows">Cells, row by row; none of more cells than there are headings.</param>
    public static Table OfText(IEnumerable<string> headings, IEnumerable<IEnumerable<string>> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var heading in headings)
        {
            var column = new TableColumn(new Text(heading.TrimStart('>')));
            table.AddColumn(heading.StartsWith('>') ? column.RightAligned() : column);
        }
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var width = maxWidth;
        if (UnwrappedWidth(options) > maxWidth)
            foreach (var column in table.Columns) column.Padding = new Padding(0, 0, 1, 0);
        if (UnwrappedWidth(options) > maxWidth)
        {
            // Columns that must not be wrapped are made narrower all by the same, some of them to nothing. Only the
            // first stays, which names the row and may be copied, where the others have room beside it.
            foreach (var column in table.Columns) column.NoWrap = false;
            var others = (table.Columns.Count - 1) * (LeastColumn + Around);
            var first = new Table { Border = table.Border }.AddColumn(new TableColumn(table.Columns[0].Header));
            foreach (var row in table.Rows) first.AddRow(row[0]);
            table.Columns[0].NoWrap = ((IRenderable)first).Measure(options, int.MaxValue / 2).Max + others <= maxWidth;
            width = Math.Max(maxWidth, table.Columns.Count * (LeastColumn + Around) + 1);
        }
        return FittedLines.Fit(((IRenderable)table).Render(options, width), maxWidth);
    }

    private int UnwrappedWidth(RenderOptions options) => ((IRenderable)table).Measure(options, int.MaxValue / 2).Max;
}
