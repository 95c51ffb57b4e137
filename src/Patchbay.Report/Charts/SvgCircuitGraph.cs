namespace Patchbay.Report;

/// <summary>A head in the lane of its group, counted from the left; its tooltip says its name and a note.</summary>
internal sealed record CircuitNode(Head Head, int Lane, string Note);

/// <summary>A path from one head, by its number, to another, or to the logits where that is null. The stronger it is, 0
/// to 1, the more clearly it is drawn.</summary>
internal sealed record CircuitEdge(int From, int? To, double Strength);

/// <summary>A group's heads, layer above layer, beside the lanes of other groups. The group's number in the chain is
/// its colour; its heads are read at the position.</summary>
internal sealed record CircuitLane(string Name, int Color, string Position);

/// <summary>A circuit over positions and layers; lanes from left to right, those of one position side by
/// side.</summary>
internal sealed record CircuitGraph(string Title, IReadOnlyList<CircuitLane> Lanes, int Layers,
    IReadOnlyList<CircuitNode> Nodes, IReadOnlyList<CircuitEdge> Edges);

/// <summary>A circuit as one SVG picture for light and dark pages: positions from left to right, layers upwards, heads
/// as dots in their group's colour with their index inside, paths as curves in their sender's colour.</summary>
internal sealed class SvgCircuitGraph
{
    private const double Left = 30, Top = 58, Bottom = 46, Radius = 8.5, Pitch = 20, Gap = 44, Narrow = 66;
    private readonly CircuitGraph graph;
    private readonly double layerHeight;
    private readonly double[] lefts, centres; // of the lanes; after the last left end, where one more would begin
    private readonly (double X, double Y)[] places;

    private SvgCircuitGraph(CircuitGraph graph)
    {
        this.graph = graph;
        layerHeight = graph.Layers <= 12 ? 34 : 22;
        (lefts, centres) = (new double[graph.Lanes.Count + 1], new double[graph.Lanes.Count]);
        places = new (double, double)[graph.Nodes.Count];
        lefts[0] = Left;
        for (var lane = 0; lane < centres.Length; lane++)
        {
            // The lane's heads, those of one layer side by side.
            var rows = graph.Nodes.Index().Where(n => n.Item.Lane == lane).OrderBy(n => n.Item.Head.Index)
                .GroupBy(n => n.Item.Head.Layer, n => n.Index).Select(row => row.ToArray()).ToArray();
            var width = Math.Max(Narrow, Pitch * rows.Select(row => row.Length).DefaultIfEmpty(1).Max());
            (centres[lane], lefts[lane + 1]) = (lefts[lane] + width / 2, lefts[lane] + width + Gap);
            foreach (var row in rows)
                foreach (var (i, node) in row.Index())
                    places[node] = (centres[lane] + (i - (row.Length - 1) / 2.0) * Pitch,
                        Y(graph.Nodes[node].Head.Layer));
        }
    }

    private double Width => lefts[^1] - Gap + 12;

    private double Height => Top + graph.Layers * layerHeight + Bottom;

    private (double X, double Y) Logits => (centres[^1], Top - 16);

    public static XDocument Draw(CircuitGraph graph) => new SvgCircuitGraph(graph).Draw();

    private XDocument Draw()
    {
        var picture = SvgPicture.Bare(Width, Height, $"Circuit of {graph.Title}", ChartColors.StyleSheet);
        picture.Add(Svg.Text(0, 15, "panel", graph.Title));
        for (var layer = 0; layer < graph.Layers; layer++)
        {
            picture.Add(Svg.Line(Left - 8, Y(layer), Width - 6, Y(layer), "grid"));
            if (graph.Layers <= 12 || layer % 4 == 0)
                picture.Add(Svg.Text(Left - 14, Y(layer) + 4, "", $"{layer}", "end"));
        }
        picture.Add(Svg.Text(0, Top - 4, "faint small", "layer"));
        picture.Add(graph.Lanes.Zip(centres, (lane, centre) =>
            Svg.Text(centre, Height - 27, ChartColors.TextOf(lane.Color), lane.Name, "middle")));
        foreach (var position in graph.Lanes.Zip(centres).GroupBy(l => l.First.Position, l => l.Second))
        {
            var middle = (position.First() + position.Last()) / 2;
            picture.Add(Svg.Text(middle, Height - 9, "", position.Key, "middle"));
        }
        picture.Add(graph.Edges.OrderBy(e => e.Strength).Select(Curve));
        picture.Add(Svg.Text(Logits.X, Logits.Y - 6, "", "logits", "middle"));
        picture.Add(graph.Nodes.Zip(places, Dot));
        return new XDocument(picture);
    }

    private double Y(int layer) => Top + (graph.Layers - layer - 0.5) * layerHeight;

    private int ColorOf(CircuitNode node) => graph.Lanes[node.Lane].Color;

    /// <summary>A curve that leaves upwards and arrives from below, as the residual stream runs; the more there are,
    /// the fainter each.</summary>
    private XElement Curve(CircuitEdge edge)
    {
        var (from, to) = (places[edge.From], edge.To is { } head ? places[head] : Logits);
        var lift = Math.Abs(from.Y - to.Y) * 0.45;
        var path = $"M{Svg.Point(from.X, from.Y)}C{Svg.Point(from.X, from.Y - lift)} "
            + $"{Svg.Point(to.X, to.Y + lift)} {Svg.Point(to.X, to.Y)}";
        var crowding = Math.Clamp(90.0 / graph.Edges.Count, 0.3, 1);
        var opacity = (0.10 + 0.62 * Math.Clamp(edge.Strength, 0, 1)) * crowding;
        return Svg.Element("path", ("d", path), ("opacity", Svg.Number(opacity)),
            ("class", $"edge {ChartColors.StrokeOf(ColorOf(graph.Nodes[edge.From]))}"));
    }

    private XElement Dot(CircuitNode node, (double X, double Y) at) => Svg.Element("g").With(
        Svg.Title($"{node.Head}{node.Note}"), Svg.Circle(at.X, at.Y, Radius, ChartColors.TextOf(ColorOf(node))),
        Svg.Text(at.X, at.Y + 3.3, "on", $"{node.Head.Index}"));
}
