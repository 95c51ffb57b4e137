namespace Patchbay.Report;

/// <summary>Heat maps for a terminal, side by side where there is room. Cells are coloured blanks; without colours each
/// is a sign and a digit, in ninths of the scale. Maps too wide for the terminal are reduced to the list of their
/// marked heads.</summary>
internal sealed class TerminalHeatMaps(IReadOnlyList<HeatMap> maps) : Renderable
{
    private const int Gap = 3;

    /// <summary>Columns that a map takes at least, so that title and marked heads have room.</summary>
    public int LeastWidth { get; init; } = 34;

    /// <summary>Lines to take at most. Where that is too few, two layers share a line, if there are colours; maps that
    /// do not fit even so are named instead of drawn.</summary>
    public int MostLines { get; init; } = int.MaxValue;

    protected override Measurement Measure(RenderOptions options, int maxWidth) =>
        new(Math.Min(20, maxWidth), maxWidth);

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        if (maps.Count == 0) yield break;
        var paint = HeatMapPaint.For(options);
        var cellWidth = CellWidth(paint, maxWidth);
        TerminalHeatMap[] Panels(bool halves) =>
            [.. maps.Select(map => new TerminalHeatMap(map, paint, cellWidth, maxWidth, LeastWidth, halves))];
        var panels = Panels(halves: false);
        var abreast = HeatMap.Abreast(panels.Length, (maxWidth + Gap) / (panels.Max(p => p.Width) + Gap));
        if (paint.HasColor && options.Unicode && panels.Chunk(abreast).Sum(Height) > MostLines)
            panels = Panels(halves: true);
        var lines = 0;
        foreach (var (index, row) in panels.Chunk(abreast).Index())
        {
            lines += Height(row);
            if (lines > MostLines)
            {
                var names = string.Join(", ", maps.Skip(index * abreast).Select(map => map.Name));
                yield return new(FittedLines.Cut($"no room for {names}: make the window larger", maxWidth,
                    options.Unicode), new Style(decoration: Decoration.Dim));
                yield return Segment.LineBreak;
                yield break;
            }
            if (index > 0) yield return Segment.LineBreak;
            foreach (var segment in Beside(row)) yield return segment;
        }
    }

    /// <summary>Two columns a cell where that leaves the maps readable, otherwise one.</summary>
    private int CellWidth(HeatMapPaint paint, int maxWidth)
    {
        if (!paint.HasColor) return 2;
        var wide = maps.Max(map => TerminalHeatMap.PlotWidth(map, 2));
        var abreast = Math.Min(maps.Count, 2);
        var isNarrow = wide <= maxWidth && maps.Max(map => map.Heads) <= 16;
        return isNarrow || wide * abreast + Gap * (abreast - 1) <= maxWidth ? 2 : 1;
    }

    /// <summary>Lines that panels side by side take, and the blank one below.</summary>
    private static int Height(TerminalHeatMap[] row) => row.Max(panel => panel.Lines.Count) + 1;

    private static IEnumerable<Segment> Beside(TerminalHeatMap[] panels)
    {
        for (var y = 0; y < Height(panels) - 1; y++)
        {
            for (var i = 0; i < panels.Length; i++)
            {
                IReadOnlyList<Segment> line = y < panels[i].Lines.Count ? panels[i].Lines[y] : [];
                foreach (var segment in line) yield return segment;
                if (i < panels.Length - 1)
                    yield return Segment.Padding(panels[i].Width + Gap - Segment.CellCount(line));
            }
            yield return Segment.LineBreak;
        }
    }
}

/// <summary>How cells look on one terminal: colours by score, where there are any; the mark of a cell one column wide;
/// the sign before the end of a scale that scores go beyond.</summary>
internal sealed record HeatMapPaint(bool HasColor, DivergingScale Scale, string Dot, string AtLeast)
{
    /// <summary>The paint for a console; 16 colours are too few for a scale and count as none.</summary>
    public static HeatMapPaint For(RenderOptions options) => new(
        options.ColorSystem is ColorSystem.EightBit or ColorSystem.TrueColor,
        IsLightBackground(Environment.GetEnvironmentVariable("COLORFGBG")) ? DivergingScale.Light : DivergingScale.Dark,
        options.Unicode ? "•" : "*", options.Unicode ? "≥" : ">");

    /// <summary>One cell.</summary>
    public Segment Cell(double fraction, bool isMarked, int width)
    {
        if (!HasColor) return new(SignAndDigit(fraction, isMarked));
        if (double.IsNaN(fraction)) return new(new string(' ', width));
        var text = !isMarked ? new string(' ', width) : width == 1 ? Dot : "[]";
        var ink = Scale.At(fraction).Lightness > 0.5 ? Color.Black : Color.White;
        return new(text, new Style(ink, ColorOf(fraction), Decoration.Bold));
    }

    /// <summary>Two cells, one above the other, in one line.</summary>
    public Segment Halves(double upper, double lower, int width) => (ColorOf(upper), ColorOf(lower)) switch
    {
        (null, null) => new(new string(' ', width)),
        ({ } above, null) => new(new string('▀', width), new Style(above)),
        (null, { } below) => new(new string('▄', width), new Style(below)),
        ({ } above, { } below) => new(new string('▀', width), new Style(above, below)),
    };

    private Color? ColorOf(double fraction) => double.IsNaN(fraction) ? null
        : Scale.At(fraction) is var color ? new Color(color.Red, color.Green, color.Blue) : null;

    /// <summary>"-9", "+1", " ." where it is about zero, "*9" where it is marked, blank where there is no
    /// score.</summary>
    private static string SignAndDigit(double fraction, bool isMarked)
    {
        var ninths = double.IsNaN(fraction) ? 0 : (int)Math.Round(Math.Abs(fraction) * 9);
        var sign = isMarked ? "*" : ninths == 0 ? " " : fraction < 0 ? "-" : "+";
        return sign + (double.IsNaN(fraction) ? " " : ninths == 0 ? "." : $"{ninths}");
    }

    /// <summary>What konsole, rxvt and others say of themselves: "foreground;background", two indexes of the
    /// palette.</summary>
    private static bool IsLightBackground(string? colors) => colors?.Split(';')[^1] is "7" or "15";
}
