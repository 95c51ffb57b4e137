using System.Globalization;
using Patchbay.Cli.Drawings;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.HeatMaps;

/// <summary>One heat map as lines of a terminal: title, axis, rows, legend.</summary>
internal sealed class HeatMapPanel
{
    private const string Label = "layer";
    private const int MostSteps = 21, LeastSteps = 3; // of the colour bar; an odd number has zero in its middle
    private static readonly Style Faint = new(decoration: Decoration.Dim);
    private readonly HeatMap map;
    private readonly HeatMapPaint paint;
    private readonly int cellWidth;

    /// <param name="map">What to draw.</param>
    /// <param name="paint">How cells look.</param>
    /// <param name="cellWidth">Columns a cell takes.</param>
    /// <param name="room">Columns there are; a plot that needs more is left out.</param>
    /// <param name="least">Columns to take where the plot needs fewer.</param>
    /// <param name="halves">Two layers to a line, the upper and the lower half of it; marks are left out. Needs colours.</param>
    public HeatMapPanel(HeatMap map, HeatMapPaint paint, int cellWidth, int room, int least, bool halves = false)
    {
        (this.map, this.paint, this.cellWidth) = (map, paint, cellWidth);
        var plot = PlotWidth(map, cellWidth);
        var fits = plot <= room;
        Width = Math.Min(room, Math.Max(fits ? plot : 0, least));
        var title = $"{map.Name}  {map.Title}";
        Segment[] heading = [Text(title, new Style(decoration: Decoration.Bold))];
        IEnumerable<Segment[]> lines = fits
            ? [heading, Axis(), .. halves ? HalfRows() : Rows(), ScaleLine(), MarkLine(halves)]
            : [heading, [Text("too wide to draw here", Faint)], MarkLine()];
        Lines = [.. lines.Select(line => FittedLines.Fit(line, Width).ToArray())];
    }

    /// <summary>Columns taken.</summary>
    public int Width { get; }

    /// <summary>Line by line, none wider than <see cref="Width"/>.</summary>
    public IReadOnlyList<IReadOnlyList<Segment>> Lines { get; }

    /// <summary>Columns that a map's rows take.</summary>
    public static int PlotWidth(HeatMap map, int cellWidth) => Label.Length + 1 + map.Heads * cellWidth;

    /// <summary>Numbers of heads above their columns, the word "head" behind them, in place of the last where it must be.</summary>
    private Segment[] Axis()
    {
        var digits = map.Heads > 10 ? map.Heads > 100 ? 3 : 2 : 1;
        var step = HeatMap.LabelStep(cellWidth, digits + 1);
        // Without colours a cell is a sign and a digit, and numbers stand above the digits.
        var line = paint.HasColor ? Label + " " : Label + "  ";
        var first = line.Length;
        for (var head = 0; head < map.Heads; head += step)
        {
            var number = head.ToString(CultureInfo.InvariantCulture);
            if (first + head * cellWidth + number.Length + " head".Length > Width && head + step < map.Heads) break;
            line = line.PadRight(first + head * cellWidth) + number;
        }
        return [new Segment(line.Length + " head".Length <= Width ? line + " head" : line, Faint)];
    }

    private IEnumerable<Segment[]> Rows()
    {
        var marked = map.Marked.ToHashSet();
        for (var layer = 0; layer < map.Layers; layer++)
        {
            var label = layer.ToString(CultureInfo.InvariantCulture).PadLeft(Label.Length);
            var cells = Enumerable.Range(0, map.Heads).Select(head => new HeatMapCell(layer, head))
                .Select(cell => paint.Cell(map.Fraction(cell), marked.Contains(cell), cellWidth));
            yield return [new Segment(label + " ", Faint), .. cells];
        }
    }

    private IEnumerable<Segment[]> HalfRows()
    {
        for (var layer = 0; layer < map.Layers; layer += 2)
        {
            var label = layer.ToString(CultureInfo.InvariantCulture).PadLeft(Label.Length);
            var cells = Enumerable.Range(0, map.Heads).Select(head => paint.Halves(map.Fraction(new(layer, head)),
                layer + 1 < map.Layers ? map.Fraction(new(layer + 1, head)) : double.NaN, cellWidth));
            yield return [new Segment(label + " ", Faint), .. cells];
        }
    }

    private Segment[] ScaleLine()
    {
        if (!map.Scores.Cast<double>().Any(double.IsFinite)) return [Text("no scores yet", Faint)];
        if (map.Limit == 0) return [Text("all scores are zero", Faint)];
        return paint.HasColor ? ColorBar() : [Text(Ninths(), Faint)];
    }

    /// <summary>"-0.09 ▇▇▇▇▇ +0.09 or more", in fewer words where there is little room, without a bar where there is
    /// less.
    /// </summary>
    private Segment[] ColorBar()
    {
        var (low, high) = (Number(-map.Limit), "+" + Number(map.Limit));
        string[] ends = map.IsClipped ? [$"{high} or more", $"{paint.AtLeast}{high}"] : [high];
        foreach (var end in ends)
        {
            var room = Math.Min(MostSteps, Width - low.Length - end.Length - 2);
            if (room < LeastSteps) continue;
            var half = (room - 1) / 2;
            var colors = Enumerable.Range(-half, 2 * half + 1).Select(i => paint.Cell((double)i / half, false, 1));
            return [new Segment(low + " ", Faint), .. colors, new Segment(" " + end, Faint)];
        }
        return [Text($"{low} to {ends[^1]}", Faint)];
    }

    /// <summary>What the digits of a map without colours stand for.</summary>
    private string Ninths()
    {
        var high = Number(map.Limit) + (map.IsClipped ? " or more" : "");
        var both = $"-9 is {Number(-map.Limit)}, +9 is +{high}";
        return both.Length <= Width ? both : $"9: {high}";
    }

    private Segment[] MarkLine(bool listOnly = false)
    {
        if (map.Marked.Count == 0) return [];
        var mark = listOnly ? "" : !paint.HasColor ? "*" : cellWidth == 1 ? paint.Dot : "[]";
        var line = $"{mark} top {map.Marked.Count}:".TrimStart();
        foreach (var (index, cell) in map.Marked.Index())
        {
            var rest = index < map.Marked.Count - 1 ? " ..".Length : 0;
            if (line.Length + 1 + cell.ToString().Length + rest > Width) return [Text(line + " ..", Faint)];
            line += $" {cell}";
        }
        return [Text(line, Faint)];
    }

    private static Segment Text(string text, Style style) => new(text.ReplaceLineEndings(" "), style);

    private static string Number(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
