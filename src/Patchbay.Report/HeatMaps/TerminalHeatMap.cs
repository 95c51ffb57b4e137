namespace Patchbay.Report;

/// <summary>One heat map as lines of a terminal: title, axis, rows, legend.</summary>
internal sealed class TerminalHeatMap
{
    private const string Label = "layer";
    private const int MostSteps = 21, LeastSteps = 3; // of the colour bar; an odd number has zero in its middle
    private static readonly Style Faint = new(decoration: Decoration.Dim);
    private readonly HeatMap map;
    private readonly HeatMapPaint paint;
    private readonly int cellWidth;
    private readonly bool halves;

    /// <summary>A map in so many columns at most, where a plot that needs more is left out, and at least, where it
    /// needs fewer. In halves, which need colours, two layers share a line, and marks are left out.</summary>
    public TerminalHeatMap(HeatMap map, HeatMapPaint paint, int cellWidth, int room, int least, bool halves)
    {
        (this.map, this.paint, this.cellWidth, this.halves) = (map, paint, cellWidth, halves);
        var plot = PlotWidth(map, cellWidth);
        var fits = plot <= room;
        Width = Math.Min(room, Math.Max(fits ? plot : 0, least));
        Segment title = new(map.Titled().ReplaceLineEndings(" "), new Style(decoration: Decoration.Bold));
        IEnumerable<Segment[]> lines = fits
            ? [[title], Axis(), .. Rows(), Scale(), Marks(isShown: !halves)]
            : [[title], Text("too wide to draw here"), Marks(isShown: true)];
        Lines = [.. lines.Select(line => FittedLines.Fit(line, Width).ToArray())];
    }

    /// <summary>Columns taken.</summary>
    public int Width { get; }

    /// <summary>Line by line, none wider than <see cref="Width"/>.</summary>
    public IReadOnlyList<IReadOnlyList<Segment>> Lines { get; }

    /// <summary>Columns that a map's rows take.</summary>
    public static int PlotWidth(HeatMap map, int cellWidth) => Label.Length + 1 + map.Heads * cellWidth;

    /// <summary>Numbers of heads above their columns, the word "head" behind them, in place of the last where it must
    /// be.</summary>
    private Segment[] Axis()
    {
        const string Name = " head";
        var step = HeatMap.LabelStep(cellWidth, map.Heads switch { > 100 => 4, > 10 => 3, _ => 2 });
        // Without colours a cell is a sign and a digit, and numbers stand above the digits.
        var line = paint.HasColor ? Label + " " : Label + "  ";
        var first = line.Length;
        for (var head = 0; head < map.Heads; head += step)
        {
            var until = first + head * cellWidth + $"{head}".Length;
            if (until + Name.Length > Width && head + step < map.Heads) break;
            line = line.PadRight(first + head * cellWidth) + head;
        }
        return Text(line.Length + Name.Length <= Width ? line + Name : line);
    }

    private IEnumerable<Segment[]> Rows()
    {
        var marked = map.Marked.ToHashSet();
        double Fraction(int layer, int head) => layer < map.Layers ? map.Fraction(new(layer, head)) : double.NaN;
        for (var layer = 0; layer < map.Layers; layer += halves ? 2 : 1)
        {
            var cells = Enumerable.Range(0, map.Heads).Select(head => halves
                ? paint.Halves(Fraction(layer, head), Fraction(layer + 1, head), cellWidth)
                : paint.Cell(Fraction(layer, head), marked.Contains(new(layer, head)), cellWidth));
            yield return [new($"{layer}".PadLeft(Label.Length) + " ", Faint), .. cells];
        }
    }

    private Segment[] Scale()
    {
        if (!map.FiniteScores.Any()) return Text("no scores yet");
        if (map.Limit == 0) return Text("all scores are zero");
        return paint.HasColor ? ColorBar() : Text(Ninths());
    }

    /// <summary>"-0.09 ▇▇▇▇▇ +0.09 or more", in fewer words where there is little room, without a bar where
    /// there is less.</summary>
    private Segment[] ColorBar()
    {
        var (low, high) = ($"{-map.Limit:G3}", $"+{map.Limit:G3}");
        string[] ends = map.IsClipped ? [$"{high} or more", $"{paint.AtLeast}{high}"] : [high];
        foreach (var end in ends)
        {
            var room = Math.Min(MostSteps, Width - low.Length - end.Length - 2);
            if (room < LeastSteps) continue;
            var half = (room - 1) / 2;
            var colors = Enumerable.Range(-half, 2 * half + 1).Select(i => paint.Cell((double)i / half, false, 1));
            return [new(low + " ", Faint), .. colors, new(" " + end, Faint)];
        }
        return Text($"{low} to {ends[^1]}");
    }

    /// <summary>What the digits of a map without colours stand for.</summary>
    private string Ninths()
    {
        var high = $"{map.Limit:G3}{(map.IsClipped ? " or more" : "")}";
        var both = $"-9 is {-map.Limit:G3}, +9 is +{high}";
        return both.Length <= Width ? both : $"9: {high}";
    }

    /// <summary>"* circuit of 4: 5.3 2.1 ..": how heads are marked, if marks are shown, and which are.</summary>
    private Segment[] Marks(bool isShown)
    {
        if (map.Marked.Count == 0) return [];
        var mark = !isShown ? "" : !paint.HasColor ? "*" : cellWidth == 1 ? paint.Dot : "[]";
        var line = $"{mark} circuit of {map.Marked.Count}:".TrimStart();
        foreach (var (index, head) in map.Marked.Index())
        {
            var rest = index < map.Marked.Count - 1 ? " ..".Length : 0;
            if ($"{line} {head}".Length + rest > Width) return Text(line + " ..");
            line += $" {head}";
        }
        return Text(line);
    }

    private static Segment[] Text(string text) => [new(text, Faint)];
}
