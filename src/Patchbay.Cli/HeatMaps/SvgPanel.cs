using System.Globalization;
using System.Xml.Linq;
using Patchbay.Cli.Charts;

namespace Patchbay.Cli.HeatMaps;

/// <summary>One heat map of an SVG picture.</summary>
internal sealed class SvgPanel
{
    internal const double Left = 44;
    private const double Top = 26, Bottom = 36;
    private const double BarGap = 14, BarWidth = 12, BarLabels = 58, LeastBar = 64;
    private readonly HeatMap map;
    private readonly bool alone;
    private readonly double cell, barHeight;

    /// <param name="map">What to draw.</param>
    /// <param name="alone">Whether it has a title and a colour bar of its own, which in a grid its column has.</param>
    /// <param name="size">Size of the longer side of the cells together, in round cells.</param>
    public SvgPanel(HeatMap map, bool alone = true, double size = 384)
    {
        (this.map, this.alone) = (map, alone);
        cell = Math.Clamp(Math.Floor(size / Math.Max(map.Layers, map.Heads)), 4, 28);
        barHeight = Math.Max(map.Layers * cell, LeastBar);
    }

    /// <summary>Width with axes and colour bar.</summary>
    public double Width => Left + map.Heads * cell + (alone ? BarGap + BarWidth + BarLabels : 0);

    /// <summary>Height with title and axes.</summary>
    public double Height => alone ? Top + Math.Max(map.Layers * cell + Bottom, barHeight + 8) : map.Layers * cell + Bottom;

    /// <summary>A single panel as a picture of its own under its name, its colour bar below.</summary>
    /// <param name="map">What to draw.</param>
    /// <param name="size">Size of the longer side of the cells together.</param>
    public static XDocument Picture(HeatMap map, double size)
    {
        const double Heading = 24, BarRoom = 34;
        var panel = new SvgPanel(map, alone: false, size);
        var title = map.Title.Length > 0 ? $"{map.Name}  {map.Title}" : map.Name;
        var picture = SvgPicture.Bare(panel.Width + 4, Heading + panel.Height + BarRoom, title, SvgColors.StyleSheet);
        picture.Add(Svg.Text(Left, 15, "panel", map.Name));
        if (map.Title.Length > 0) picture.Add(Svg.Text(Left + map.Heads * panel.cell, 15, "", map.Title, "end"));
        picture.Add(panel.Draw(0, Heading), map.Limit > 0 ? panel.ColorBarBelow(0, Heading + panel.Height + 4) : null);
        return new XDocument(picture);
    }

    /// <summary>The panel with its upper left corner at (x, y).</summary>
    public XElement Draw(double x, double y)
    {
        var panel = Svg.Element("g", ("transform", $"translate({Svg.Number(x)} {Svg.Number(y)})"));
        if (alone) panel.Add(Svg.Text(0, 14, "panel", $"{map.Name}  {map.Title}"));
        var plot = Svg.Element("g", ("transform", $"translate({Svg.Number(Left)} {Svg.Number(alone ? Top : 0)})"));
        plot.Add(Cells(), Svg.Rectangle(0, 0, map.Heads * cell, map.Layers * cell, "frame"));
        plot.Add(map.Marked.SelectMany(Outline), HeadAxis(), LayerAxis(), alone ? ColorBar() : null);
        panel.Add(plot);
        return panel;
    }

    private XElement Cells()
    {
        var ranks = map.Marked.Index().ToDictionary(mark => mark.Item, mark => mark.Index + 1);
        var cells = Svg.Element("g", ("shape-rendering", "crispEdges"));
        foreach (var place in map.Cells)
        {
            var color = SvgColors.ClassOf(map.Fraction(place));
            var rectangle = Svg.Rectangle(place.Head * cell, place.Layer * cell, cell, cell, color);
            rectangle.Add(Svg.Element("title").With(Tooltip(place, ranks.GetValueOrDefault(place))));
            cells.Add(rectangle);
        }
        return cells;
    }

    private string Tooltip(HeatMapCell place, int rank)
    {
        var where = $"layer {place.Layer}, head {place.Head}: ";
        var score = map.Scores[place.Layer, place.Head];
        if (!double.IsFinite(score)) return where + "not scored";
        var error = map.StandardErrors?[place.Layer, place.Head] ?? double.NaN;
        var spread = double.IsFinite(error) ? $" ± {error.ToString("0.0000##", CultureInfo.InvariantCulture)}" : "";
        return where + Signed(score, "0.0000##") + spread + (rank > 0 ? $" (number {rank})" : "");
    }

    /// <summary>Two lines inside the cell, one of which stands out from any colour; around a small cell, one.</summary>
    private IEnumerable<XElement> Outline(HeatMapCell place)
    {
        (string Style, double Inset)[] lines = cell >= 10 ? [("halo", 2), ("mark", 0.75)] : [("mark", -1)];
        foreach (var (style, inset) in lines)
        {
            var size = cell - 2 * inset;
            yield return Svg.Rectangle(place.Head * cell + inset, place.Layer * cell + inset, size, size, style);
        }
    }

    private IEnumerable<XElement> HeadAxis()
    {
        var step = HeatMap.LabelStep(cell, 22);
        var below = map.Layers * cell;
        for (var head = 0; head < map.Heads; head += step)
            yield return Svg.Text((head + 0.5) * cell, below + 15, "", $"{head}", "middle");
        yield return Svg.Text(map.Heads * cell / 2, below + 31, "", "head", "middle");
    }

    private IEnumerable<XElement> LayerAxis()
    {
        var step = HeatMap.LabelStep(cell, 16);
        for (var layer = 0; layer < map.Layers; layer += step)
            yield return Svg.Text(-6, (layer + 0.5) * cell + 4, "", $"{layer}", "end");
        var turned = $"translate(-32 {Svg.Number(map.Layers * cell / 2)}) rotate(-90)";
        yield return Svg.Element("text", ("transform", turned), ("text-anchor", "middle")).With("layer");
    }

    /// <summary>Positive end on top.</summary>
    private XElement ColorBar()
    {
        var bar = Svg.Element("g", ("transform", $"translate({Svg.Number(map.Heads * cell + BarGap)} 0)"));
        var fractions = SvgColors.Fractions.Reverse().ToArray();
        var step = barHeight / fractions.Length;
        // A little overlap, so that no seam shows between two steps.
        bar.Add(fractions.Select((f, i) => Svg.Rectangle(
            0, i * step, BarWidth, Math.Min(step + 0.5, barHeight - i * step), SvgColors.ClassOf(f))));
        bar.Add(Svg.Rectangle(0, 0, BarWidth, barHeight, "frame"));
        double[] labels = barHeight < 100 ? [1, 0, -1] : [1, 0.5, 0, -0.5, -1];
        foreach (var fraction in labels)
        {
            // Beside its place on the bar, but not beyond the bar's ends.
            var y = Math.Clamp((1 - fraction) / 2 * barHeight + 4, 9, barHeight);
            bar.Add(Svg.Text(BarWidth + 5, y, "", fraction == 0 ? "0" : Signed(fraction * map.Limit, "G2")));
        }
        return bar;
    }

    /// <summary>The colour bar of a column of maps on one scale, negative end on the left, its upper left corner at (x, y) under the
    /// cells of a panel drawn at x.</summary>
    public XElement ColorBarBelow(double x, double y)
    {
        var width = map.Heads * cell;
        var bar = Svg.Element("g", ("transform", $"translate({Svg.Number(x + Left)} {Svg.Number(y)})"));
        var fractions = SvgColors.Fractions.ToArray();
        var step = width / fractions.Length;
        bar.Add(fractions.Select((f, i) => Svg.Rectangle(i * step, 0, Math.Min(step + 0.5, width - i * step), BarWidth, SvgColors.ClassOf(f))));
        bar.Add(Svg.Rectangle(0, 0, width, BarWidth, "frame"));
        foreach (var (fraction, anchor) in new[] { (-1, "start"), (0, "middle"), (1, "end") })
        {
            var label = fraction == 0 ? "0" : (fraction > 0 && map.IsClipped ? "≥ " : "") + Signed(fraction * map.Limit, "G2");
            bar.Add(Svg.Text((fraction + 1) / 2.0 * width, BarWidth + 15, "", label, anchor));
        }
        return bar;
    }

    /// <summary>A number with its sign, the minus a real one.</summary>
    private static string Signed(double value, string format) =>
        (value < 0 ? "−" : value > 0 ? "+" : "") + Math.Abs(value).ToString(format, CultureInfo.InvariantCulture);
}
