using System.Text.RegularExpressions;
using System.Xml.Linq;
using CsCheck;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Cli.Tests.Sweeps;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Tests;

/// <summary>Whatever the numbers and the terminal: nothing drawn throws, and no line is wider than the
/// console.</summary>
public sealed partial class DrawingPropertyTests
{
    private static readonly Gen<double> Number = Gen.OneOf(
        Gen.Select(Gen.Double[-1, 1], Gen.OneOf(1e-323, 1e-300, 1e-12, 0.000509, 0.09, 1, 12345.678, 1e15, 1e300),
            (share, size) => share * size),
        Gen.OneOf(0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue,
            double.Epsilon, -0.000509, 0.000509, -1.23e-5, -1));

    private static readonly Gen<string> Word =
        Gen.OneOf("A", "", "tiny-base", "value fetcher", "accuracy 0.66", "模型の名前",
        "a-model-with-quite-a-long-name-7b", "[red]brackets[/]", "two\nlines");

    private static readonly Gen<Window> Windows = Gen.Select(Gen.Int[20, 200], Gen.Int[2, 60],
        Gen.Enum<ColorSystemSupport>(), Gen.Bool, (width, height, colors, unicode) =>
            new Window(width, height, colors, unicode));

    private static readonly Gen<HeatMap> AnyMap =
        Gen.Select(Gen.Int[1, 12], Gen.OneOf(Gen.Int[1, 16], Gen.Int[17, 130]),
        Gen.Int[0, 4], Word, Word, Gen.Int[0, 20]).SelectMany((layers, heads, kind, name, title, marked) =>
            Scores(kind).Array[layers * heads].Select(scores => new HeatMap(name, title, Matrix(scores, layers, heads))
            {
                StandardErrors = Matrix(scores, layers, heads),
            }.MarkMostNegative(marked)));

    private static readonly Gen<HeatMap[]> Maps = Gen.Select(AnyMap.Array[1, 5], Gen.Bool,
        (maps, shared) => shared ? [.. HeatMap.OnOneScale(maps)] : maps);

    [Fact]
    public void Heat_maps() => Gen.Select(Maps, Windows).Sample((maps, window) =>
        window.Check(new TerminalHeatMaps(maps) { MostLines = window.Height, LeastWidth = 26 }), iter: 1000);

    [Fact]
    public void The_scale_of_long_ends_that_scores_go_beyond() =>
        Gen.Select(Gen.Int[20, 60], Gen.Enum<ColorSystemSupport>(), Gen.Bool)
        .Sample((width, colors, unicode) => new Window(width, 24, colors, unicode).Check(new TerminalHeatMaps(
            HeatMap.OnOneScale([LongEnds, LongEnds with { Name = "tiny-chat" }]))
        { LeastWidth = 20 }), iter: 300);

    [Fact]
    public void Bars_of_models() => Gen.Select(Gen.Select(Word, Number, Number, Gen.Int[0, 3],
        (model, done, failed, figures) =>
        new ModelBar(model, done, failed, "120/240+", figures > 0 ? "14123" : "", figures > 1 ? "12:13:14" : "",
            figures > 2 ? "17" : "", "path-patching/A")).Array[1, 6], Windows)
        .Sample((bars, window) => window.Check(new ModelBars(bars)), iter: 1000);

    [Fact]
    public void A_sweep_that_is_watched() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[1, 4], Gen.Int[2, 40], Gen.Bool, Windows)
        .Sample((units, models, heads, fails, window) =>
        {
            string[] names = [.. Enumerable.Range(0, models).Select(m => $"model-number-{m}-of-many")];
            var sweep = new MadeSweep(models: names, heads: heads).Run(units);
            if (fails && !sweep.State.Ended)
                sweep.FailNext(
            "the machine has no memory left\nand more: 12.3 GiB are needed and the node may take 8 GiB");
            var clock = new WatchClock();
            sweep.Journal.Recover(sweep.Id, clock.Observe);
            window.Check(SweepDrawing.Draw(sweep.Id, sweep.State, clock, sweep.Now, window.Height));
        }, iter: 40);

    [Fact]
    public void Tables_of_the_strongest_heads() => Gen.Select(Maps, Windows)
        .Sample((maps, window) => window.CheckOnScreen(SweepMaps.Strongest(maps)), iter: 300);

    [Fact]
    public void Tables() => Gen.Select(Gen.Int[1, 10], Gen.Bool, Word.Array[0, 40], Windows)
        .Sample((columns, wraps, cells, window) =>
    {
        var table = new Table { Border = TableBorder.Simple };
        for (var c = 0; c < columns; c++)
        {
            var column = new TableColumn(new Text($"heading {c}"));
            table.AddColumn(wraps ? column : column.NoWrap());
        }
        foreach (var row in cells.Chunk(columns)) table.AddRow(row.Select(cell => new Text(cell)));
        window.CheckOnScreen(table);
    }, iter: 300);

    [Fact]
    public void Pictures_of_heat_maps() => Maps.Sample(maps =>
    {
        Check(SvgHeatMaps.Draw(maps, "title", "subtitle"));
        Check(SvgHeatMaps.Draw([.. maps.Select(map => new HeatMapRow(map.Name, map.Title, [map]))], "title",
            "subtitle"));
        Check(SvgHeatMap.Picture(maps[0], 200));
        Check(SvgHeatMaps.Matrix("matrix", Names(maps[0].Layers), Names(maps[0].Heads), maps[0].Scores));
    }, iter: 80);

    [Fact]
    public void Bar_charts() => Gen.Select(Gen.Select(Word, Number, Number, Number, Number,
        (name, value, low, high, other) =>
            new Bar(name, value, low, high) { Published = other, Dots = [value, low, other] }).Array[0, 6],
            Gen.Select(Number, Number), Gen.Bool, Gen.Bool, Number)
        .Sample((bars, range, hasRange, arePoints, line) =>
        Check(SvgBarChart.Draw(new("title", "axis", [new("group", bars)])
        {
            Range = hasRange ? range : null,
            ArePoints = arePoints,
            Lines = [new(line, "line", true), new(0, "zero", false)],
        })), iter: 1000);

    [Fact]
    public void Line_charts() => Gen.Select(Gen.Select(Number, Number, Number, Number,
            (x, y, low, high) => new LinePoint(x, y, low, high)).Array[0, 12].Array[0, 3], Gen.Bool, Gen.Bool)
        .Sample((lines, logarithmic, dots) =>
        {
            var series = lines.Select((points, i) => new LineSeries($"line {i}", points) { Color = i, Dots = dots });
            var panel = new LinePanel("loss", [.. series]) { Logarithmic = logarithmic };
            Check(SvgLineChart.Draw(new("title", "", "steps", [panel])));
        }, iter: 1000);

    [Fact]
    public void Scatters() => Gen.Select(Gen.Select(Number, Number,
            (x, y) => new ScatterPoint("p", x, y, 1) { IsNamed = true }).Array[0, 8], Number)
        .Sample((points, threshold) => Check(SvgScatter.Draw(new("title", "x", "y", points)
        {
            Threshold = threshold,
            HasDiagonal = true,
        })), iter: 1000);

    private static HeatMap LongEnds =>
        new HeatMap("tiny-base", "accuracy 0.66", new[,] { { -0.000509, 0.9 }, { 0.1, -0.0004 } }).MarkMostNegative(2);

    /// <summary>Scores of one kind of map: all zero, none, tiny, huge, or anything.</summary>
    private static Gen<double> Scores(int kind) => kind switch
    {
        0 => Gen.Const(0.0),
        1 => Gen.Const(double.NaN),
        2 => Gen.Double[-0.000509, 0.0006],
        3 => Gen.Double[-1e300, 1e300],
        _ => Number,
    };

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(i => $"{i}")];

    private static double[,] Matrix(double[] scores, int layers, int heads)
    {
        var matrix = new double[layers, heads];
        Buffer.BlockCopy(scores, 0, matrix, 0, scores.Length * sizeof(double));
        return matrix;
    }

    private static void Check(XDocument picture)
    {
        foreach (var attribute in picture.Descendants().Attributes()
            .Where(a => a.Name.LocalName is not ("class" or "style")))
            Assert.DoesNotMatch("NaN|Infinity|∞", attribute.Value);
    }

    /// <summary>A terminal to draw on.</summary>
    private sealed record Window(int Width, int Height, ColorSystemSupport Colors, bool Unicode)
    {
        /// <summary>The drawing keeps to the window by itself.</summary>
        public void Check(IRenderable drawing) => Check(console => console.Write(drawing));

        /// <summary>The drawing keeps to the window as commands draw it.</summary>
        public void CheckOnScreen(IRenderable drawing) =>
            Check(console => new Screen(console, e => Assert.Fail($"{e}")).Draw(() => drawing));

        private void Check(Action<IAnsiConsole> draw)
        {
            using var writer = new StringWriter();
            var console = TestConsole.On(writer, Colors, Width);
            (console.Profile.Height, console.Profile.Capabilities.Unicode) = (Height, Unicode);
            draw(console);
            foreach (var line in EscapeCode().Replace(writer.ToString(), "").Split('\n'))
                Assert.True(new Segment(line).CellCount() <= Width, $"{new Segment(line).CellCount()} columns: {line}");
        }
    }

    [GeneratedRegex(@"\e\[[\d;?]*[A-Za-z]")]
    private static partial Regex EscapeCode();
}
