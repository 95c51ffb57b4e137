namespace Patchbay.Report;

/// <summary>A line chart as one self-contained SVG picture for light and dark pages: every line is labelled where it
/// ends, in its colour; colours differ in lightness too, and from the seventh line on in dashes.</summary>
internal static class SvgLineChart
{
    private const double AxisRoom = 56, MarkRow = 15, Gap = 42, TitleAbove = 14;

    public static XDocument Draw(LineChart chart)
    {
        var x = XAxis(chart);
        var panels = chart.Panels.Select(p => new SvgLinePanel(p, x, chart.PlotWidth, chart.LeastPlotHeight))
            .ToArray();
        var margin = chart.IsBare ? 2 : SvgPicture.Margin;
        var left = margin + AxisRoom;
        var longest = chart.Panels.SelectMany(p => p.Series).Select(s => s.Name.Length).DefaultIfEmpty(0).Max();
        var width = left + chart.PlotWidth + 30 + longest * SvgPicture.LetterWidth + margin;
        var rows = MarkRows(chart, x);
        var names = rows.Length == 0 ? 0 : (rows.Max() + 1) * MarkRow + 4;
        var content = names + panels.Sum(p => p.Height + Gap) + 36;
        var (picture, top) = chart.IsBare
            ? (SvgPicture.Bare(width, content + margin, chart.Title, ChartColors.StyleSheet), 0)
            : SvgPicture.WithHeading(width, content, chart.Title, chart.Subtitle, ChartColors.StyleSheet);
        var y = top + names + Gap - 10;
        foreach (var (mark, row) in chart.Marks.Zip(rows))
        {
            // Between the first panel's title and its plot.
            var (at, nameAt) = (left + x.Fraction(mark.X) * chart.PlotWidth, y - 6 - row * MarkRow);
            picture.Add(Svg.Line(at, nameAt - 9, at, y, "lead"), Svg.Text(at + 4, nameAt, "faint", mark.Name));
        }
        foreach (var (index, panel) in panels.Index())
        {
            var title = Svg.Text(-AxisRoom, -TitleAbove - (index == 0 ? names : 0), "panel", chart.Panels[index].Title);
            picture.Add(Svg.Group(left, y).With(title, panel.Draw(chart.Marks)));
            y += panel.Height + Gap;
        }
        var plots = new Plot(left, 0, chart.PlotWidth, y - Gap, x);
        picture.Add(plots.XAxis(chart.XTitle, hasGrid: false, below: 16));
        return new XDocument(picture);
    }

    private static ChartAxis XAxis(LineChart chart)
    {
        double[] xs = [.. chart.Panels.SelectMany(p => p.Series).SelectMany(s => s.Points).Select(p => p.X)
            .Where(double.IsFinite).DefaultIfEmpty(0)];
        var (low, high) = (xs.Min(), xs.Max());
        // Training begins at step 0 or 1; a single point stands in the middle.
        if (low >= 0 && low < 0.2 * high) low = 0;
        return ChartAxis.Around(xs, Math.Min(8, (int)(chart.PlotWidth / 36)),
            ends: low == high ? (low - 1, high + 1) : (low, high));
    }

    /// <summary>The row in which each mark's name stands, 0 the lowest: above all marks to the right that the name
    /// reaches over, so that no line to a mark goes through a name.</summary>
    private static int[] MarkRows(LineChart chart, ChartAxis x)
    {
        double[] starts = [.. chart.Marks.Select(mark => x.Fraction(mark.X) * chart.PlotWidth)];
        var rows = new int[starts.Length];
        for (var i = rows.Length - 1; i >= 0; i--)
        {
            var end = starts[i] + chart.Marks[i].Name.Length * SvgPicture.LetterWidth + 8;
            var under = Enumerable.Range(i + 1, rows.Length - i - 1).Where(j => starts[j] < end);
            rows[i] = under.Select(j => rows[j] + 1).DefaultIfEmpty(0).Max();
        }
        return rows;
    }
}
