namespace Patchbay.Report;

/// <summary>One panel of an SVG line chart.</summary>
internal sealed class SvgLinePanel
{
    private const double LabelDistance = 14, LabelGap = 22;
    private readonly LinePanel panel;
    private readonly Plot plot;

    /// <summary>A panel whose plot is so wide and high, on the axis x that all panels share.</summary>
    public SvgLinePanel(LinePanel panel, ChartAxis x, double width, double leastHeight)
    {
        this.panel = panel;
        var height = Math.Max(leastHeight, panel.Series.Count * LabelDistance);
        var y = ChartAxis.Around(panel.Values, (int)(height / 28), panel.Logarithmic, panel.Range);
        plot = new(0, 0, width, height, x, y);
    }

    /// <summary>Height of the plot.</summary>
    public double Height => plot.Height;

    /// <summary>Grid, upright lines at marks, lines and their labels, the plot's upper left corner at (0, 0).</summary>
    public IEnumerable<object?> Draw(IEnumerable<ChartMark> marks) =>
    [
        plot.YAxis(),
        marks.Select(mark => Svg.Line(plot.AtX(mark.X), 0, plot.AtX(mark.X), Height, "stage")),
        // Grey lines lie under coloured ones.
        panel.Series.OrderBy(s => s.Color is not null).Select(s => new[] { Band(s), Line(s) }),
        Labels(),
    ];

    private bool IsDrawn(LinePoint point) => double.IsFinite(point.X) && panel.CanShow(point.Y);

    private string Place(double x, double y) => Svg.Point(plot.AtX(x), plot.AtY(y));

    private XElement? Band(LineSeries series)
    {
        LinePoint[] points = [.. series.Points.Where(p => IsDrawn(p) && p is { Low: { } low, High: { } high }
            && panel.CanShow(low) && double.IsFinite(high))];
        if (points.Length < 2) return null;
        var corners = points.Select(p => Place(p.X, p.High!.Value))
            .Concat(points.Reverse().Select(p => Place(p.X, p.Low!.Value)));
        return Svg.Element("polygon", ("points", string.Join(' ', corners)),
            ("class", $"band {ChartColors.TextOf(series.Color)}"));
    }

    private XElement Line(LineSeries series)
    {
        var path = "";
        var pen = 'M';
        foreach (var point in series.Points)
        {
            if (IsDrawn(point)) path += $"{pen}{Place(point.X, point.Y)}";
            pen = IsDrawn(point) ? 'L' : 'M';
        }
        var line = Svg.Element("g").With(Svg.Title(series.Name), Svg.Path(path, ChartColors.LineOf(series.Color)));
        LinePoint[] drawn = [.. series.Points.Where(IsDrawn)];
        return series.Dots || drawn.Length == 1 ? line.With(drawn.Select(p => Dot(series, p))) : line;
    }

    private XElement Dot(LineSeries series, LinePoint point) =>
        Svg.Circle(plot.AtX(point.X), plot.AtY(point.Y), series.Color is null ? 1.8 : 2.6,
            ChartColors.TextOf(series.Color))
        .With(Svg.Title($"{series.Name}, {point.X:#,0.##}: {point.Y:0.####}"));

    /// <summary>Each line's name where it ends, led to by a thin line.</summary>
    private IEnumerable<XElement> Labels()
    {
        var ending = panel.Series.Where(s => s.Name.Length > 0 && s.Points.Any(IsDrawn))
            .Select(s => (Series: s, Last: s.Points.Last(IsDrawn))).ToArray();
        var places = EndLabels.Place([.. ending.Select(e => plot.AtY(e.Last.Y))], LabelDistance, 0, Height);
        var right = plot.Width + LabelGap;
        foreach (var ((series, last), at) in ending.Zip(places))
        {
            var (endX, endY) = (plot.AtX(last.X), plot.AtY(last.Y));
            var lead = $"M{Svg.Point(endX + 4, endY)}L{Svg.Point(right - 14, endY)}L{Svg.Point(right - 4, at)}";
            yield return Svg.Path(lead, "lead");
            yield return Svg.Text(right, at + 4, ChartColors.TextOf(series.Color), series.Name);
        }
    }
}
