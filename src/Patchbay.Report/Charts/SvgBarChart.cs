namespace Patchbay.Report;

/// <summary>Horizontal bars as one SVG picture for light and dark pages: names on the left, values in a column on the
/// right, error bars over the bars, published values as diamonds.</summary>
internal sealed class SvgBarChart
{
    private const double Row = 21, Thick = 11, GroupRow = 25, Gap = 10, Width = 250, Values = 50;
    private readonly BarChart chart;
    private readonly Plot plot;

    private SvgBarChart(BarChart chart)
    {
        this.chart = chart;
        var bars = chart.Groups.SelectMany(g => g.Bars).ToArray();
        var values = bars.SelectMany(b => (double[])[b.Value, b.Low, b.High, b.Published ?? double.NaN, .. b.Dots])
            .Concat(chart.Lines.Select(l => l.Value)).Append(0);
        var left = 12 + SvgPicture.LetterWidth * bars.Select(b => b.Name.Length).DefaultIfEmpty(0).Max();
        var top = (chart.Title.Length > 0 ? 26 : 4) + (chart.Lines.Any(l => l.Name.Length > 0) ? 16 : 0);
        var height = chart.Groups.Sum(g => TitleHeight(g) + g.Bars.Count * Row + Gap) - Gap;
        plot = new(left, top, Width, Math.Max(height, 0), ChartAxis.Around(values, 5, ends: chart.Range));
    }

    public static XDocument Draw(BarChart chart) => new SvgBarChart(chart).Draw();

    private XDocument Draw()
    {
        var title = chart.Title.Length > 0 ? chart.Title : chart.AxisTitle;
        var picture = SvgPicture.Bare(plot.Right + Values, plot.Bottom + 38, title, ChartColors.StyleSheet);
        if (chart.Title.Length > 0) picture.Add(Svg.Text(0, 15, "panel", chart.Title));
        picture.Add(plot.XAxis(chart.AxisTitle));
        var y = plot.Top;
        foreach (var group in chart.Groups)
        {
            if (group.Title.Length > 0) picture.Add(Svg.Text(0, y + 17, "faint", group.Title));
            y += TitleHeight(group);
            picture.Add(group.Bars.Select((bar, i) => DrawBar(bar, y + (i + 0.5) * Row)));
            y += group.Bars.Count * Row + Gap;
        }
        return new XDocument(picture.With(Lines()));
    }

    private static double TitleHeight(BarGroup group) => group.Title.Length > 0 ? GroupRow : 0;

    /// <summary>Where a value stands; one beyond the axis at its end.</summary>
    private double X(double value) => Math.Clamp(plot.AtX(value), plot.Left, plot.Right);

    private IEnumerable<XElement> Lines()
    {
        foreach (var (index, line) in chart.Lines.Where(l => double.IsFinite(l.Value)).OrderBy(l => l.Value).Index())
        {
            // The lower one's name ends at its line and the higher one's begins there: the two never overlap.
            var isLow = index == 0 && chart.Lines.Count > 1;
            var x = X(line.Value);
            yield return Svg.Line(x, plot.Top - 2, x, plot.Bottom, line.IsDashed ? "floor" : "target");
            if (line.Name.Length > 0)
                yield return Svg.Text(x + (isLow ? 3 : -3), plot.Top - 6, "small", $"{line.Name} {line.Value:0.00}",
                    isLow ? "end" : "start");
        }
    }

    private XElement DrawBar(Bar bar, double y)
    {
        var valueAt = plot.Right + Values - 2;
        var drawn = Svg.Element("g").With(Svg.Title(Tooltip(bar)), Svg.Text(plot.Left - 8, y + 4, "", bar.Name, "end"));
        if (!double.IsFinite(bar.Value)) return drawn.With(Svg.Text(valueAt, y + 4, "faint", Numbers.None, "end"));
        var (zero, end, style) = (X(0), X(bar.Value), ChartColors.FillOf(bar.Color));
        drawn.Add(chart.ArePoints ? Svg.Circle(end, y, 4, style)
            : Svg.Rectangle(Math.Min(zero, end), y - Thick / 2, Math.Abs(end - zero), Thick,
                $"{style} {(bar.IsPale ? "pale" : "fill")}"));
        drawn.Add(bar.Dots.Where(double.IsFinite).Select(dot => Svg.Circle(X(dot), y, 1.5, "seed")));
        if (double.IsFinite(bar.Low) && double.IsFinite(bar.High)) drawn.Add(Whisker(X(bar.Low), X(bar.High), y));
        if (bar.Published is { } published && double.IsFinite(published))
            drawn.Add(Svg.Element("path", ("class", "published"),
                ("d", $"M{Svg.Point(X(published), y - 5)}l4.5 5l-4.5 5l-4.5 -5z")));
        var text = Numbers.Signed(bar.Value, chart.Format, plus: chart.ArePoints ? "+" : "");
        return drawn.With(Svg.Text(valueAt, y + 4, "", text, "end"));
    }

    private static XElement[] Whisker(double low, double high, double y) =>
    [
        Svg.Line(low, y, high, y, "whisker"), Svg.Line(low, y - 3, low, y + 3, "whisker"),
        Svg.Line(high, y - 3, high, y + 3, "whisker"),
    ];

    private static string Tooltip(Bar bar)
    {
        var value = double.IsFinite(bar.Value) ? $"{bar.Value:0.####}" : "not measured";
        var spread = double.IsFinite(bar.Low) ? $" ({bar.Low:0.####} to {bar.High:0.####})" : "";
        var published = bar.Published is { } some ? $", published {some:0.####}" : "";
        return $"{bar.Name}: {value}{spread}{published}";
    }
}
