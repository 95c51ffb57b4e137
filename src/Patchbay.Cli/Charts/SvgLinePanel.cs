using System.Globalization;
using System.Xml.Linq;

namespace Patchbay.Cli.Charts;

/// <summary>One panel of an SVG line chart.</summary>
internal sealed class SvgLinePanel
{
    private const double LeastHeight = 150, LabelDistance = 14, LabelGap = 22;
    private readonly LinePanel panel;
    private readonly ChartAxis x, y;
    private readonly double width;

    /// <param name="panel">What to draw.</param>
    /// <param name="x">The axis that all panels share.</param>
    /// <param name="width">Width of the plot.</param>
    public SvgLinePanel(LinePanel panel, ChartAxis x, double width)
    {
        (this.panel, this.x, this.width) = (panel, x, width);
        Height = Math.Max(LeastHeight, panel.Series.Count * LabelDistance);
        y = ChartAxis.Around(panel.Values, (int)(Height / 28), panel.Logarithmic, panel.Range);
    }

    /// <summary>Height of the plot.</summary>
    public double Height { get; }

    /// <summary>The panel with its plot's upper left corner at (left, top).</summary>
    /// <param name="left">Left end of the plot; numbers stand left of it.</param>
    /// <param name="top">Upper end of the plot.</param>
    /// <param name="titleAbove">How far above that its title stands.</param>
    /// <param name="marks">Places marked by vertical lines.</param>
    public XElement Draw(double left, double top, double titleAbove, IEnumerable<double> marks)
    {
        var drawn = Svg.Element("g", ("transform", $"translate({Svg.Number(left)} {Svg.Number(top)})"));
        drawn.Add(Svg.Text(-SvgLineChart.Left, -titleAbove, "panel", panel.Title));
        foreach (var tick in y.Ticks)
        {
            drawn.Add(Svg.Line(0, Y(tick), width, Y(tick), "grid"));
            drawn.Add(Svg.Text(-7, Y(tick) + 4, "", y.Label(tick), "end"));
        }
        drawn.Add(marks.Select(mark => Svg.Line(X(mark), 0, X(mark), Height, "stage")));
        // Grey lines lie under coloured ones.
        foreach (var series in panel.Series.OrderBy(s => s.Color is not null)) drawn.Add(Band(series), Line(series));
        drawn.Add(Labels());
        return drawn;
    }

    private double X(double value) => x.At(value) * width;

    private double Y(double value) => (1 - y.At(value)) * Height;

    private bool IsDrawn(LinePoint p) => double.IsFinite(p.X) && double.IsFinite(p.Y)
        && (!panel.Logarithmic || p.Y > 0);

    private XElement? Band(LineSeries series)
    {
        var points = series.Points.Where(p => IsDrawn(p) && p.Low is { } low && p.High is { } high
            && double.IsFinite(low) && double.IsFinite(high) && (!panel.Logarithmic || low > 0)).ToArray();
        if (points.Length < 2) return null;
        var corners = points.Select(p => (p.X, Y: p.High!.Value)).Concat(points.Reverse().Select(p => (p.X, Y: p.Low!.Value)));
        return Svg.Element("polygon", ("points", string.Join(' ', corners.Select(c => Place(c.X, c.Y)))),
            ("class", ChartColors.BandOf(series.Color)));
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
        var line = Svg.Element("g");
        line.Add(Svg.Element("title").With(series.Name), Svg.Element("path", ("d", path), ("class", ChartColors.LineOf(series.Color))));
        if (series.Dots || series.Points.Count(IsDrawn) == 1) line.Add(series.Points.Where(IsDrawn).Select(p => Dot(series, p)));
        return line;
    }

    private XElement Dot(LineSeries series, LinePoint point)
    {
        var dot = Svg.Element("circle", ("cx", Svg.Number(X(point.X))), ("cy", Svg.Number(Y(point.Y))), ("r", series.Color is null ? "1.8" : "2.6"),
            ("class", ChartColors.TextOf(series.Color)));
        dot.Add(Svg.Element("title").With($"{series.Name}, {point.X.ToString("#,0.##", CultureInfo.InvariantCulture)}: "
            + $"{point.Y.ToString("0.####", CultureInfo.InvariantCulture)}"));
        return dot;
    }

    /// <summary>Each line's name where it ends, led to by a thin line.</summary>
    private IEnumerable<XElement> Labels()
    {
        var ending = panel.Series.Where(s => s.Name.Length > 0 && s.Points.Any(IsDrawn))
            .Select(s => (Series: s, Last: s.Points.Last(IsDrawn))).ToArray();
        var places = EndLabels.Place([.. ending.Select(e => Y(e.Last.Y))], LabelDistance, 0, Height);
        var right = width + LabelGap;
        foreach (var ((series, last), at) in ending.Zip(places))
        {
            var lead = $"M{Svg.Number(X(last.X) + 4)} {Svg.Number(Y(last.Y))}L{Svg.Number(right - 14)} {Svg.Number(Y(last.Y))}L{Svg.Number(right - 4)} {Svg.Number(at)}";
            yield return Svg.Element("path", ("d", lead), ("class", "lead"));
            yield return Svg.Text(right, at + 4, ChartColors.TextOf(series.Color), series.Name);
        }
    }

    private string Place(double atX, double atY) => $"{Svg.Number(X(atX))} {Svg.Number(Y(atY))}";
}
