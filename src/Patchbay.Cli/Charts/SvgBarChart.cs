using System.Globalization;
using System.Xml.Linq;

namespace Patchbay.Cli.Charts;

/// <summary>Horizontal bars as one SVG picture for light and dark pages: names on the left, values in a column on the right, error bars
/// over the bars, published values as diamonds.</summary>
internal sealed class SvgBarChart
{
    private const double Row = 21, Thick = 11, GroupRow = 25, Gap = 10, Plot = 250, Values = 50;
    private readonly BarChart chart;
    private readonly ChartAxis axis;
    private readonly double left, top;

    private SvgBarChart(BarChart chart)
    {
        this.chart = chart;
        var bars = chart.Groups.SelectMany(g => g.Bars).ToArray();
        var values = bars.SelectMany(b => (double[])[b.Value, b.Low, b.High, b.Published ?? double.NaN, .. b.Dots]).Concat(chart.Lines
            .Select(l => l.Value)).Append(0).Where(double.IsFinite);
        axis = ChartAxis.Around(values, 5, ends: chart.Range);
        left = 12 + SvgPicture.LetterWidth * bars.Select(b => b.Name.Length).DefaultIfEmpty(0).Max();
        top = (chart.Title.Length > 0 ? 26 : 4) + (chart.Lines.Any(l => l.Name.Length > 0) ? 16 : 0);
    }

    /// <summary>The picture.</summary>
    public static XDocument Draw(BarChart chart) => new SvgBarChart(chart).Draw();

    private XDocument Draw()
    {
        var height = chart.Groups.Select((g, i) => GroupHeight(g) + (i > 0 ? Gap : 0)).Sum();
        var picture = SvgPicture.Bare(left + Plot + Values, top + height + 38, chart.Title.Length > 0 ? chart.Title : chart.AxisTitle,
            ChartColors.StyleSheet);
        if (chart.Title.Length > 0) picture.Add(Svg.Text(0, 15, "panel", chart.Title));
        foreach (var tick in axis.Ticks)
        {
            picture.Add(Svg.Line(X(tick), top, X(tick), top + height, "grid"));
            picture.Add(Svg.Text(X(tick), top + height + 15, "", axis.Label(tick), "middle"));
        }
        picture.Add(Svg.Text(left + Plot / 2, top + height + 32, "", chart.AxisTitle, "middle"));
        var y = top;
        foreach (var group in chart.Groups)
        {
            if (group.Title.Length > 0) picture.Add(Svg.Text(0, y + 17, "faint", group.Title));
            y += group.Title.Length > 0 ? GroupRow : 0;
            foreach (var bar in group.Bars)
            {
                picture.Add(Bar(bar, y + Row / 2));
                y += Row;
            }
            y += Gap;
        }
        picture.Add(Lines(height));
        return new XDocument(picture);
    }

    private static double GroupHeight(BarGroup group) => (group.Title.Length > 0 ? GroupRow : 0) + group.Bars.Count * Row;

    private double X(double value) => left + Math.Clamp(axis.At(value), 0, 1) * Plot;

    private IEnumerable<XElement?> Lines(double height)
    {
        foreach (var (index, line) in chart.Lines.Where(l => double.IsFinite(l.Value)).OrderBy(l => l.Value).Index())
        {
            // The lower one's name ends at its line and the higher one's begins there, so that the two never overlap.
            var isLow = index == 0 && chart.Lines.Count > 1;
            yield return Svg.Line(X(line.Value), top - 2, X(line.Value), top + height, line.IsDashed ? "floor" : "target");
            if (line.Name.Length > 0) yield return Svg.Text(X(line.Value) + (isLow ? 3 : -3), top - 6, "small",
                string.Create(CultureInfo.InvariantCulture, $"{line.Name} {line.Value:0.00}"), isLow ? "end" : "start");
        }
    }

    private XElement Bar(Bar bar, double y)
    {
        var drawn = Svg.Element("g");
        drawn.Add(Svg.Element("title").With(Tooltip(bar)));
        drawn.Add(Svg.Text(left - 8, y + 4, "", bar.Name, "end"));
        if (!double.IsFinite(bar.Value))
        {
            drawn.Add(Svg.Text(left + Plot + Values - 2, y + 4, "faint", "–", "end"));
            return drawn;
        }
        var style = bar.Color is null ? "neutral" : ChartColors.TextOf(bar.Color);
        if (chart.ArePoints) drawn.Add(Circle(bar.Value, y, 4, style));
        else drawn.Add(Svg.Rectangle(Math.Min(X(0), X(bar.Value)), y - Thick / 2, Math.Abs(X(bar.Value) - X(0)), Thick,
            $"{style} {(bar.IsPale ? "pale" : "fill")}"));
        drawn.Add(bar.Dots.Where(double.IsFinite).Select(dot => Circle(dot, y, 1.5, "seed")));
        drawn.Add(Whisker(bar, y));
        if (bar.Published is { } published && double.IsFinite(published)) drawn.Add(Diamond(X(published), y));
        var text = Math.Abs(bar.Value).ToString(chart.Format, CultureInfo.InvariantCulture);
        var sign = text.All(c => c is '0' or '.') ? "" : bar.Value < 0 ? "−" : chart.ArePoints ? "+" : "";
        drawn.Add(Svg.Text(left + Plot + Values - 2, y + 4, "", sign + text, "end"));
        return drawn;
    }

    private IEnumerable<XElement> Whisker(Bar bar, double y)
    {
        if (!double.IsFinite(bar.Low) || !double.IsFinite(bar.High)) yield break;
        yield return Svg.Line(X(bar.Low), y, X(bar.High), y, "whisker");
        yield return Svg.Line(X(bar.Low), y - 3, X(bar.Low), y + 3, "whisker");
        yield return Svg.Line(X(bar.High), y - 3, X(bar.High), y + 3, "whisker");
    }

    private XElement Circle(double value, double y, double radius, string style) =>
        Svg.Element("circle", ("cx", Svg.Number(X(value))), ("cy", Svg.Number(y)), ("r", Svg.Number(radius)), ("class", style));

    private static XElement Diamond(double x, double y) => Svg.Element("path", ("class", "published"),
        ("d", $"M{Svg.Number(x)} {Svg.Number(y - 5)}l4.5 5l-4.5 5l-4.5 -5z"));

    private static string Tooltip(Bar bar)
    {
        string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
        var spread = double.IsFinite(bar.Low) ? $" ({Number(bar.Low)} to {Number(bar.High)})" : "";
        var published = bar.Published is { } value ? $", published {Number(value)}" : "";
        return $"{bar.Name}: {(double.IsFinite(bar.Value) ? Number(bar.Value) : "not measured")}{spread}{published}";
    }
}
