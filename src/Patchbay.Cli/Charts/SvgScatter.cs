using System.Globalization;
using System.Xml.Linq;

namespace Patchbay.Cli.Charts;

/// <summary>A point of a scatter.</summary>
/// <param name="Name">What it is of; its tooltip.</param>
/// <param name="X">Where along x.</param>
/// <param name="Y">Where along y.</param>
/// <param name="Color">Colour by number, or null for grey.</param>
internal sealed record ScatterPoint(string Name, double X, double Y, int? Color)
{
    /// <summary>Whether its name stands beside it.</summary>
    public bool IsNamed { get; init; }
}

/// <summary>Points on two axes.</summary>
/// <param name="Title">Title of the picture.</param>
/// <param name="XTitle">What x is.</param>
/// <param name="YTitle">What y is.</param>
/// <param name="Points">The points; those that are not finite are left out.</param>
internal sealed record Scatter(string Title, string XTitle, string YTitle, IReadOnlyList<ScatterPoint> Points)
{
    /// <summary>Ends of both axes, or null for those of the values.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>Whether the line x = y is drawn.</summary>
    public bool HasDiagonal { get; init; }

    /// <summary>A value of y that is marked, or null.</summary>
    public double? Threshold { get; init; }

    /// <summary>Width of the plot.</summary>
    public double Width { get; init; } = 220;
}

/// <summary>A scatter as one SVG picture for light and dark pages.</summary>
internal static class SvgScatter
{
    private const double Height = 220, Letter = 7;

    /// <summary>The picture.</summary>
    public static XDocument Draw(Scatter scatter)
    {
        var points = scatter.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)).ToArray();
        var marked = scatter.Threshold is { } given && double.IsFinite(given) ? scatter.Threshold : null;
        var x = ChartAxis.Around(points.Select(p => p.X), (int)(scatter.Width / 56), ends: scatter.Range);
        var y = ChartAxis.Around(points.Select(p => p.Y).Concat(marked is { } t ? [t] : []), 5, ends: scatter.Range);
        var top = scatter.Title.Length > 0 ? 44.0 : 22;
        // Room for the longest label of y, and for half of one of x that stands at the end.
        var left = Math.Max(52, 12 + Letter * y.Ticks.Max(t => y.Label(t).Length));
        var right = Math.Max(12, Letter / 2 * x.Ticks.Max(t => x.Label(t).Length));
        var picture = SvgPicture.Bare(left + scatter.Width + right, top + Height + 38, scatter.Title.Length > 0 ? scatter.Title
            : scatter.YTitle, ChartColors.StyleSheet);
        double X(double value) => left + x.At(value) * scatter.Width;
        double Y(double value) => top + (1 - y.At(value)) * Height;
        if (scatter.Title.Length > 0) picture.Add(Svg.Text(0, 15, "panel", scatter.Title));
        picture.Add(Svg.Text(0, top - 9, "faint", scatter.YTitle));
        foreach (var tick in y.Ticks)
            picture.Add(Svg.Line(left, Y(tick), left + scatter.Width, Y(tick), "grid"),
                Svg.Text(left - 7, Y(tick) + 4, "", y.Label(tick), "end"));
        foreach (var tick in x.Ticks)
            picture.Add(Svg.Line(X(tick), top, X(tick), top + Height, "grid"),
                Svg.Text(X(tick), top + Height + 15, "", x.Label(tick), "middle"));
        picture.Add(Svg.Text(left + scatter.Width / 2, top + Height + 32, "", scatter.XTitle, "middle"));
        if (scatter.HasDiagonal) picture.Add(Svg.Line(left, top + Height, left + scatter.Width, top, "floor"));
        if (marked is { } threshold)
            picture.Add(Svg.Line(left, Y(threshold), left + scatter.Width, Y(threshold), "floor"));
        foreach (var point in points)
        {
            var dot = Svg.Element("circle", ("cx", Svg.Number(X(point.X))), ("cy", Svg.Number(Y(point.Y))), ("r", "3.4"),
                ("class", $"{(point.Color is null ? "neutral" : ChartColors.TextOf(point.Color))} dot"));
            dot.Add(Svg.Element("title").With(string.Create(CultureInfo.InvariantCulture, $"{point.Name}: {point.X:0.####}, {point.Y:0.####}")));
            picture.Add(dot);
        }
        var named = points.Where(p => p.IsNamed).ToArray();
        foreach (var (point, at) in named.Zip(EndLabels.Place([.. named.Select(p => Y(p.Y))], 11, top, top + Height)))
            picture.Add(Svg.Text(X(point.X) + 7, at + 4, $"small {ChartColors.TextOf(point.Color)}", point.Name));
        return new XDocument(picture);
    }
}
