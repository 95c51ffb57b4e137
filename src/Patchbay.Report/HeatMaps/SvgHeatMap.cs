namespace Patchbay.Report;

/// <summary>One heat map of an SVG picture: cells with tooltips, marked heads outlined, axes, a colour bar.</summary>
internal sealed class SvgHeatMap
{
    /// <summary>Room left of the cells, for numbers of layers.</summary>
    public const double Left = 44;

    /// <summary>Room below the cells, for numbers of heads.</summary>
    public const double Bottom = 36;

    private const double BarWidth = 12, LeastBar = 64, Heading = 24, BarRoom = 34;
    private const double TitleLetter = 7, LabelLetter = 7.7, LabelGap = 8; // wide, about
    private readonly HeatMap map;
    private readonly double cell;

    /// <summary>A map whose longer side is about so long, in round cells.</summary>
    public SvgHeatMap(HeatMap map, double size = 384)
    {
        this.map = map;
        cell = Math.Clamp(Math.Floor(size / Math.Max(map.Layers, map.Heads)), 4, 28);
    }

    /// <summary>Width of the cells together.</summary>
    public double Width => map.Heads * cell;

    /// <summary>Height of the cells together.</summary>
    public double Height => map.Layers * cell;

    /// <summary>Height of a colour bar beside the cells.</summary>
    public double BarHeight => Math.Max(Height, LeastBar);

    /// <summary>A map as a picture of its own under its name, its colour bar below.</summary>
    public static XDocument Picture(HeatMap map, double size)
    {
        var panel = new SvgHeatMap(map, size);
        var title = map.Titled();
        var bottom = Heading + panel.Height + Bottom;
        // Name and title stand side by side over the cells.
        var width = Math.Max(Math.Max(panel.Width, panel.LabelsWidth),
            SvgPicture.PanelNameWidth(map.Name) + TitleLetter * map.Title.Length + TitleLetter);
        var picture = SvgPicture.Bare(Left + width + 4, bottom + BarRoom, title, SvgColors.StyleSheet);
        if (map.LinkOf is not null) picture.SetAttributeValue("role", "group"); // a picture holds no links
        picture.Add(Svg.Text(Left, 15, "panel", map.Name));
        if (title != map.Name) picture.Add(Svg.Text(Left + width, 15, "", map.Title, "end"));
        picture.Add(panel.Cells(Left, Heading), map.Limit > 0 ? panel.ColorBar(Left, bottom + 4) : null);
        return new XDocument(picture);
    }

    /// <summary>Cells and axes, the cells' upper left corner at (x, y).</summary>
    public XElement Cells(double x, double y)
    {
        var ranks = map.Marked.Index().ToDictionary(mark => mark.Item, mark => mark.Index + 1);
        var cells = map.Cells.Select(head => Named(head, Tooltip(head, ranks.GetValueOrDefault(head)),
            Svg.Rectangle(head.Index * cell, head.Layer * cell, cell, cell, SvgColors.ClassOf(map.Fraction(head)))));
        return Svg.Group(x, y).With(
            Svg.Element("g", ("shape-rendering", "crispEdges")).With(cells),
            Svg.Rectangle(0, 0, Width, Height, "frame"), map.Marked.SelectMany(Outline), HeadAxis(), LayerAxis());
    }

    /// <summary>The colour bar, its upper left corner at (x, y): upright, the positive end on top, as high as
    /// <see cref="BarHeight"/>; or lying, the negative end on the left, as wide as the cells.</summary>
    public XElement ColorBar(double x, double y, bool isUpright = false)
    {
        var length = isUpright ? BarHeight : Width;
        XElement Strip(double from, double size, string style) => isUpright
            ? Svg.Rectangle(0, from, BarWidth, size, style) : Svg.Rectangle(from, 0, size, BarWidth, style);
        var step = length / SvgColors.Fractions.Count;
        var fractions = isUpright ? SvgColors.Fractions.Reverse() : SvgColors.Fractions;
        // A little overlap, so that no seam shows between two steps.
        var bar = Svg.Group(x, y).With(
            fractions.Select((f, i) => Strip(i * step, Math.Min(step + 0.5, length - i * step), SvgColors.ClassOf(f))),
            Strip(0, length, "frame"));
        double[] labels = isUpright && length >= 100 ? [1, 0.5, 0, -0.5, -1] : [-1, 0, 1];
        // Beside its place on an upright bar, but not beyond the bar's ends; below a lying one without the middle where
        // there is no room for it, and the right one beyond the end where there is none for both.
        if (!isUpright && Math.Max(Wide(-1), Wide(1)) + Wide(0) / 2 + LabelGap > length / 2) labels = [-1, 1];
        return bar.With(labels.Select(f => isUpright
            ? Svg.Text(BarWidth + 5, Math.Clamp((1 - f) / 2 * length + 4, 9, length), "", Label(f))
            : Svg.Text(f > 0 ? Math.Max(length, LabelsWidth) : (f + 1) / 2 * length, BarWidth + 15, "", Label(f),
                f < 0 ? "start" : f > 0 ? "end" : "middle")));
    }

    private double LabelsWidth => Wide(-1) + LabelGap + Wide(1);

    private double Wide(double fraction) => LabelLetter * Label(fraction).Length;

    private string Label(double fraction)
    {
        var isBeyond = fraction == 1 && map.IsClipped;
        return (isBeyond ? "≥ " : "") + (fraction == 0 ? "0" : Numbers.Signed(fraction * map.Limit, "G2"));
    }

    // Whoever goes from control to control by keyboard does not want a thousand cells among them.
    private XElement Named(Head head, string name, XElement drawn) => map.LinkOf is { } link
        ? Svg.Element("a", ("href", link(head)), ("tabindex", "-1"), ("aria-label", name)).With(Svg.Title(name), drawn)
        : drawn.With(Svg.Title(name));

    private string Tooltip(Head head, int rank) => map.Details?.Invoke(head) is { Length: > 0 } details
        ? $"{Score(head, rank)}; {details}" : Score(head, rank);

    private string Score(Head head, int rank)
    {
        var where = $"layer {head.Layer}, head {head.Index}: ";
        var score = map.Scores[head.Layer, head.Index];
        if (!double.IsFinite(score)) return where + "not scored";
        var error = map.StandardErrors?[head.Layer, head.Index] ?? double.NaN;
        var spread = double.IsFinite(error) ? $" ± {error:0.0000##}" : "";
        var sign = score < 0 ? "−" : score > 0 ? "+" : ""; // of a score too small to be written too
        return where + $"{sign}{Math.Abs(score):0.0000##}" + spread + (rank > 0 ? $" (number {rank})" : "");
    }

    /// <summary>Two lines inside the cell, one of which stands out from any colour; around a small cell, one.</summary>
    private IEnumerable<XElement> Outline(Head head)
    {
        (string Style, double Inset)[] lines = cell >= 10 ? [("halo", 2), ("mark", 0.75)] : [("mark", -1)];
        return lines.Select(line => Svg.Rectangle(head.Index * cell + line.Inset, head.Layer * cell + line.Inset,
            cell - 2 * line.Inset, cell - 2 * line.Inset, line.Style));
    }

    private IEnumerable<XElement> HeadAxis()
    {
        for (var head = 0; head < map.Heads; head += HeatMap.LabelStep(cell, 22))
            yield return Svg.Text((head + 0.5) * cell, Height + 15, "", $"{head}", "middle");
        yield return Svg.Text(Width / 2, Height + 31, "", "head", "middle");
    }

    private IEnumerable<XElement> LayerAxis()
    {
        for (var layer = 0; layer < map.Layers; layer += HeatMap.LabelStep(cell, 16))
            yield return Svg.Text(-6, (layer + 0.5) * cell + 4, "", $"{layer}", "end");
        var turned = $"translate(-32 {Svg.Number(Height / 2)}) rotate(-90)";
        yield return Svg.Element("text", ("transform", turned), ("text-anchor", "middle")).With("layer");
    }
}
