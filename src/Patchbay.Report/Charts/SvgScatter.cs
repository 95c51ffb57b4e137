namespace Patchbay.Report;

/// <summary>A point of a scatter; its name is its tooltip, its colour a number, or null for grey.</summary>
internal sealed record ScatterPoint(string Name, double X, double Y, int? Color)
{
    /// <summary>Whether its name stands beside it.</summary>
    public bool IsNamed { get; init; }
}

/// <summary>Points on two axes; those that are not finite are left out. The title may be empty.</summary>
internal sealed record Scatter(string Title, string XTitle, string YTitle, IReadOnlyList<ScatterPoint> Points)
{
    /// <summary>Ends of both axes, or null for those of the values.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>Whether the line x = y is drawn.</summary>
    public bool HasDiagonal { get; init; }

    /// <summary>A value of y that is marked, or null.</summary>
    public double? Threshold { get; init; }
}

/// <summary>A scatter as one SVG picture for light and dark pages.</summary>
internal static class SvgScatter
{
    private const double Size = 220, Letter = 7;

    public static XDocument Draw(Scatter scatter)
    {
        ScatterPoint[] points = [.. scatter.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))];
        double[] marked = scatter.Threshold is { } given && double.IsFinite(given) ? [given] : [];
        var x = ChartAxis.Around(points.Select(p => p.X), (int)(Size / 56), ends: scatter.Range);
        var y = ChartAxis.Around(points.Select(p => p.Y).Concat(marked), 5, ends: scatter.Range);
        // Room for the longest label of y, and for half of one of x that stands at the end.
        var left = Math.Max(52, 12 + Letter * y.Ticks.Max(t => y.Label(t).Length));
        var right = Math.Max(12, Letter / 2 * x.Ticks.Max(t => x.Label(t).Length));
        var plot = new Plot(left, scatter.Title.Length > 0 ? 44 : 22, Size, Size, x, y);
        var picture = SvgPicture.Bare(plot.Right + right, plot.Bottom + 38,
            scatter.Title.Length > 0 ? scatter.Title : scatter.YTitle, ChartColors.StyleSheet);
        if (scatter.Title.Length > 0) picture.Add(Svg.Text(0, 15, "panel", scatter.Title));
        picture.Add(Svg.Text(0, plot.Top - 9, "faint", scatter.YTitle), plot.YAxis(), plot.XAxis(scatter.XTitle));
        if (scatter.HasDiagonal) picture.Add(Svg.Line(plot.Left, plot.Bottom, plot.Right, plot.Top, "floor"));
        picture.Add(marked.Select(at => Svg.Line(plot.Left, plot.AtY(at), plot.Right, plot.AtY(at), "floor")));
        picture.Add(points.Select(point =>
            Svg.Circle(plot.AtX(point.X), plot.AtY(point.Y), 3.4, $"{ChartColors.FillOf(point.Color)} dot")
                .With(Svg.Title($"{point.Name}: {point.X:0.####}, {point.Y:0.####}"))));
        ScatterPoint[] named = [.. points.Where(p => p.IsNamed)];
        var places = EndLabels.Place([.. named.Select(p => plot.AtY(p.Y))], 11, plot.Top, plot.Bottom);
        picture.Add(named.Zip(places, (point, at) => Svg.Text(plot.AtX(point.X) + 7, at + 4,
            $"small {ChartColors.TextOf(point.Color)}", point.Name)));
        return new XDocument(picture);
    }
}
