using System.Globalization;
using System.Xml.Linq;
using Patchbay.Models;

namespace Patchbay.Cli.Charts;

/// <summary>A head of a circuit graph.</summary>
/// <param name="Head">Which.</param>
/// <param name="Group">Number of its group in the chain: its colour.</param>
/// <param name="Lane">Number of its group's lane, from left to right.</param>
/// <param name="Note">What its tooltip says after its name.</param>
internal sealed record CircuitNode(Head Head, int Group, int Lane, string Note);

/// <summary>A path from one head to another, or to the output.</summary>
/// <param name="From">Number of the sending head.</param>
/// <param name="To">Number of the receiving head, or null for the logits.</param>
/// <param name="Strength">0 to 1: how clearly it is drawn.</param>
internal sealed record CircuitEdge(int From, int? To, double Strength);

/// <summary>A group's heads in a circuit graph: one above the other, beside the lanes of other groups.</summary>
/// <param name="Name">The group.</param>
/// <param name="Group">Its number in the chain: its colour.</param>
/// <param name="Position">Where its heads are read.</param>
internal sealed record CircuitLane(string Name, int Group, string Position);

/// <summary>A circuit over positions and layers.</summary>
/// <param name="Title">Title above it.</param>
/// <param name="Lanes">From left to right; those of one position side by side.</param>
/// <param name="Layers">L.</param>
/// <param name="Nodes">The heads.</param>
/// <param name="Edges">Paths between them.</param>
internal sealed record CircuitGraph(string Title, IReadOnlyList<CircuitLane> Lanes, int Layers, IReadOnlyList<CircuitNode> Nodes,
    IReadOnlyList<CircuitEdge> Edges);

/// <summary>A circuit as one SVG picture for light and dark pages: positions from left to right, layers upwards, heads as dots in their
/// group's colour with their index inside, paths as curves in their sender's colour.</summary>
internal sealed class SvgCircuitGraph
{
    private const double Left = 30, Top = 58, Bottom = 46, Radius = 8.5, Pitch = 20, Gap = 44, Narrow = 66;
    private readonly CircuitGraph graph;
    private readonly double[] widths;
    private readonly double layerHeight, crowding; // the more paths, the fainter each
    private readonly (double X, double Y)[] places;

    private SvgCircuitGraph(CircuitGraph graph)
    {
        this.graph = graph;
        crowding = Math.Clamp(90.0 / Math.Max(1, graph.Edges.Count), 0.3, 1);
        layerHeight = graph.Layers <= 12 ? 34 : 22;
        widths = [.. Enumerable.Range(0, graph.Lanes.Count)
            .Select(lane => Math.Max(Narrow, Pitch * Rows(lane).Select(r => r.Count()).DefaultIfEmpty(1).Max()))];
        places = new (double, double)[graph.Nodes.Count];
        for (var lane = 0; lane < widths.Length; lane++)
            foreach (var row in Rows(lane))
                foreach (var (i, node) in row.Index())
                    places[node] = (Centre(lane) + (i - (row.Count() - 1) / 2.0) * Pitch, Y(graph.Nodes[node].Head.Layer));
    }

    private double Width => LaneLeft(widths.Length) - Gap + 12;

    private double Height => Top + graph.Layers * layerHeight + Bottom;

    private (double X, double Y) Logits => (Centre(widths.Length - 1), Top - 16);

    /// <summary>The picture.</summary>
    public static XDocument Draw(CircuitGraph graph) => new SvgCircuitGraph(graph).Draw();

    private XDocument Draw()
    {
        var picture = SvgPicture.Bare(Width, Height, $"Circuit of {graph.Title}", ChartColors.StyleSheet);
        picture.Add(Svg.Text(0, 15, "panel", graph.Title));
        for (var layer = 0; layer < graph.Layers; layer++)
        {
            picture.Add(Svg.Line(Left - 8, Y(layer), Width - 6, Y(layer), "grid"));
            if (graph.Layers <= 12 || layer % 4 == 0) picture.Add(Svg.Text(Left - 14, Y(layer) + 4, "", $"{layer}", "end"));
        }
        picture.Add(Svg.Text(0, Top - 4, "faint small", "layer"));
        picture.Add(graph.Lanes.Select((lane, i) => Svg.Text(Centre(i), Height - 27, ChartColors.TextOf(lane.Group), lane.Name, "middle")));
        foreach (var position in graph.Lanes.Index().GroupBy(l => l.Item.Position))
            picture.Add(Svg.Text((Centre(position.First().Index) + Centre(position.Last().Index)) / 2, Height - 9, "", position.Key, "middle"));
        picture.Add(graph.Edges.OrderBy(e => e.Strength).Select(Edge));
        picture.Add(Svg.Text(Logits.X, Logits.Y - 6, "", "logits", "middle"));
        picture.Add(graph.Nodes.Select((node, i) => Node(node, places[i])));
        return new XDocument(picture);
    }

    /// <summary>Numbers of a lane's heads, layer by layer.</summary>
    private IEnumerable<IGrouping<int, int>> Rows(int lane) => Enumerable.Range(0, graph.Nodes.Count).Where(n => graph.Nodes[n].Lane == lane)
        .OrderBy(n => graph.Nodes[n].Head.Index).GroupBy(n => graph.Nodes[n].Head.Layer);

    private double LaneLeft(int lane) => Left + widths.Take(lane).Sum() + lane * Gap;

    private double Centre(int lane) => LaneLeft(lane) + widths[lane] / 2;

    private double Y(int layer) => Top + (graph.Layers - layer - 0.5) * layerHeight;

    private XElement Edge(CircuitEdge edge)
    {
        var (from, to) = (places[edge.From], edge.To is { } head ? places[head] : Logits);
        var lift = Math.Abs(from.Y - to.Y) * 0.45;
        // A curve that leaves upwards and arrives from below, as the residual stream runs.
        var path = $"M{Svg.Number(from.X)} {Svg.Number(from.Y)}C{Svg.Number(from.X)} {Svg.Number(from.Y - lift)} {Svg.Number(to.X)} {Svg.Number(to.Y + lift)} "
            + $"{Svg.Number(to.X)} {Svg.Number(to.Y)}";
        var opacity = ((0.10 + 0.62 * Math.Clamp(edge.Strength, 0, 1)) * crowding).ToString("0.##", CultureInfo.InvariantCulture);
        return Svg.Element("path", ("d", path), ("class", $"edge {ChartColors.StrokeOf(graph.Nodes[edge.From].Group)}"), ("opacity", opacity));
    }

    private static XElement Node(CircuitNode node, (double X, double Y) at)
    {
        var drawn = Svg.Element("g");
        drawn.Add(Svg.Element("title").With($"{node.Head}{node.Note}"));
        drawn.Add(Svg.Element("circle", ("cx", Svg.Number(at.X)), ("cy", Svg.Number(at.Y)), ("r", Svg.Number(Radius)),
            ("class", ChartColors.TextOf(node.Group))));
        drawn.Add(Svg.Text(at.X, at.Y + 3.3, "on", $"{node.Head.Index}"));
        return drawn;
    }
}
