using System.Xml.Linq;

namespace Patchbay.Cli.Charts;

/// <summary>A line chart as one self-contained SVG picture for light and dark pages: every line is labelled where it ends, in its
/// colour; colours differ in lightness too, and from the seventh line on in dashes.</summary>
internal static class SvgLineChart
{
    internal const double Left = 56;
    private const double MarkRow = 15, Gap = 42, TitleAbove = 14;

    /// <summary>The picture.</summary>
    public static XDocument Draw(LineChart chart)
    {
        var x = XAxis(chart);
        var panels = chart.Panels.Select(p => new SvgLinePanel(p, x, chart.PlotWidth)).ToArray();
        var margin = chart.Margin;
        var longest = chart.Panels.SelectMany(p => p.Series).Select(s => s.Name.Length).DefaultIfEmpty(0).Max();
        var width = 2 * margin + Left + chart.PlotWidth + 30 + longest * SvgPicture.LetterWidth;
        var rows = MarkRows(chart, x);
        var names = rows.Length == 0 ? 0 : (rows.Max() + 1) * MarkRow + 4;
        var content = names + panels.Sum(p => p.Height + Gap) + 36;
        var (picture, top) = chart.IsBare
            ? (SvgPicture.Bare(width, content + margin, chart.Title, ChartColors.StyleSheet), 0)
            : SvgPicture.Create(width, chart.Title, chart.Subtitle, ChartColors.StyleSheet, content);
        var y = top + names + Gap - 10;
        picture.Add(Marks(chart, x, rows, y));
        foreach (var (index, panel) in panels.Index())
        {
            picture.Add(panel.Draw(margin + Left, y, TitleAbove + (index == 0 ? names : 0), chart.Marks.Select(mark => mark.X)));
            y += panel.Height + Gap;
        }
        var bottom = y - Gap;
        picture.Add(x.Ticks.Select(t => Svg.Text(margin + Left + x.At(t) * chart.PlotWidth, bottom + 16, "", x.Label(t), "middle")));
        picture.Add(Svg.Text(margin + Left + chart.PlotWidth / 2, bottom + 33, "", chart.XTitle, "middle"));
        return new XDocument(picture);
    }

    private static ChartAxis XAxis(LineChart chart)
    {
        var xs = chart.Panels.SelectMany(p => p.Series).SelectMany(s => s.Points).Select(p => p.X)
            .Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        var (low, high) = (xs.Min(), xs.Max());
        // Training begins at step 0 or 1; a single point stands in the middle.
        if (low >= 0 && low < 0.2 * high) low = 0;
        return ChartAxis.Around(xs, 8, ends: low == high ? (low - 1, high + 1) : (low, high));
    }

    /// <summary>The row in which each mark's name stands, 0 the lowest: above all marks to the right that the name reaches over, so that
    /// no line to a mark goes through a name.</summary>
    private static int[] MarkRows(LineChart chart, ChartAxis x)
    {
        var rows = new int[chart.Marks.Count];
        for (var i = rows.Length - 1; i >= 0; i--)
        {
            var end = x.At(chart.Marks[i].X) * chart.PlotWidth + chart.Marks[i].Name.Length * SvgPicture.LetterWidth + 8;
            var under = Enumerable.Range(i + 1, rows.Length - i - 1).Where(j => x.At(chart.Marks[j].X) * chart.PlotWidth < end);
            rows[i] = under.Select(j => rows[j] + 1).DefaultIfEmpty(0).Max();
        }
        return rows;
    }

    /// <summary>Names of the marks, between the first panel's title and its plot.</summary>
    private static IEnumerable<XElement> Marks(LineChart chart, ChartAxis x, int[] rows, double top)
    {
        foreach (var (mark, row) in chart.Marks.Zip(rows))
        {
            var at = chart.Margin + Left + x.At(mark.X) * chart.PlotWidth;
            var nameAt = top - 6 - row * MarkRow;
            yield return Svg.Line(at, nameAt - 9, at, top, "lead");
            yield return Svg.Text(at + 4, nameAt, "faint", mark.Name);
        }
    }
}

/// <summary>Colours of lines as style classes.</summary>
internal static class ChartColors
{
    // Okabe and Ito's hues (told apart by all common kinds of colour vision), darkened or lightened until text in them is readable.
    private static readonly string[] Light = ["#0068b0", "#c24a00", "#00785a", "#a8468c", "#866500", "#30363d"];
    private static readonly string[] Dark = ["#58a9f0", "#ff8b48", "#2fc79b", "#ee90cf", "#e4c030", "#c9d1d9"];
    private static readonly string[] Dashes = ["", "7 3", "2 3", "9 3 2 3"];

    /// <summary>Style classes of a line: "c2 d1", "grey" where it has no colour.</summary>
    public static string LineOf(int? color) => color is { } c ? $"line c{c % Light.Length} d{c / Light.Length % Dashes.Length}" : "line grey";

    /// <summary>Style class of a thin curve: "c2".</summary>
    public static string StrokeOf(int color) => $"c{color % Light.Length}";

    /// <summary>Style class of a label or dot: "t2".</summary>
    public static string TextOf(int? color) => color is { } c ? $"t{c % Light.Length}" : "faint";

    /// <summary>Style class of an error band: "b2".</summary>
    public static string BandOf(int? color) => color is { } c ? $"band t{c % Light.Length}" : "band faint";

    /// <summary>Style sheet for light pages and dark ones.</summary>
    public static string StyleSheet { get; } = SvgPicture.Fonts
        + ".line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}.grey{stroke-width:1.2}.band{opacity:.13;stroke:none}"
        + ".fill{fill-opacity:.82}.pale{fill-opacity:.34}.dot{fill-opacity:.75}.whisker,.target,.floor{fill:none;stroke-width:1.3}.floor{stroke-dasharray:4 3}"
        + ".published{stroke-width:1.4}.seed{fill:none;stroke-width:.8;opacity:.6}.edge{fill:none;stroke-width:1}.small{font-size:10px}.on{font-size:9px;font-weight:600;text-anchor:middle}"
        + ".grid{stroke-width:1}.stage{stroke-width:1;stroke-dasharray:3 3}.lead{stroke-width:1;fill:none}"
        + string.Concat(Dashes.Select((d, i) => d.Length > 0 ? $".d{i}{{stroke-dasharray:{d}}}" : ""))
        + Set(Light, page: "#ffffff", ink: "#1f2328", grid: "#e4e7eb", faint: "#6a727c", grey: "#a0a8b2")
        + "@media (prefers-color-scheme:dark){"
        + Set(Dark, page: "#0d1117", ink: "#e6edf3", grid: "#242a32", faint: "#97a1ac", grey: "#5e6873") + "}";

    private static string Set(string[] colors, string page, string ink, string grid, string faint, string grey) =>
        $".page{{fill:{page}}}text{{fill:{ink}}}.faint{{fill:{faint}}}.grey{{stroke:{grey}}}.grid{{stroke:{grid}}}.stage,.lead{{stroke:{grey}}}"
        + $".neutral{{fill:{faint}}}.whisker,.target,.floor,.published,.seed{{stroke:{ink}}}.published,.on{{fill:{page}}}"
        + string.Concat(colors.Select((c, i) => $".c{i}{{stroke:{c}}}.t{i}{{fill:{c}}}"));
}
