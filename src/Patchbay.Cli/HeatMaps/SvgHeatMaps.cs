using System.Globalization;
using System.Xml.Linq;

namespace Patchbay.Cli.HeatMaps;

/// <summary>Heat maps as one self-contained SVG picture for light and dark pages: panels in a grid, each with axes, a colour
/// bar of its own, marked heads outlined, and a tooltip on every cell.</summary>
internal static class SvgHeatMaps
{
    private const double Margin = 20, Gap = 28, MaxWidth = 1180, LineHeight = 17;

    /// <summary>A letter's width in the widest of the fonts that may be in use.</summary>
    private const double LetterWidth = 6.8;

    /// <summary>The picture.</summary>
    /// <param name="maps">Panels, in reading order.</param>
    /// <param name="title">Title of the picture.</param>
    /// <param name="subtitle">Text under it, or empty.</param>
    public static XDocument Draw(IReadOnlyList<HeatMap> maps, string title, string subtitle)
    {
        var panels = maps.Select(map => new SvgPanel(map)).ToArray();
        var (width, height) = (panels.Max(p => p.Width), panels.Max(p => p.Height));
        var columns = HeatMap.Abreast(panels.Length, (int)((MaxWidth - 2 * Margin + Gap) / (width + Gap)));
        var rows = (panels.Length + columns - 1) / columns;
        var pictureWidth = Math.Max(2 * Margin + columns * width + (columns - 1) * Gap, 420);
        var lines = Wrap(subtitle, (int)((pictureWidth - 2 * Margin) / LetterWidth)).ToArray();
        var top = Margin + 28 + lines.Length * LineHeight;
        var pictureHeight = top + rows * height + (rows - 1) * Gap + Margin;

        var picture = Svg.Element("svg",
            ("viewBox", $"0 0 {Svg.Number(pictureWidth)} {Svg.Number(pictureHeight)}"),
            ("width", "100%"), ("style", $"max-width:{Svg.Number(pictureWidth)}px"), ("role", "img"));
        picture.Add(Svg.Element("title").With(title), Svg.Element("style").With(SvgColors.StyleSheet));
        picture.Add(Svg.Element("rect", ("class", "page"), ("width", "100%"), ("height", "100%")));
        picture.Add(Svg.Text(Margin, Margin + 14, "heading", title));
        picture.Add(lines.Select((line, i) => Svg.Text(Margin, Margin + 33 + i * LineHeight, "", line)));
        foreach (var (index, panel) in panels.Index())
        {
            var x = Margin + index % columns * (width + Gap);
            var y = top + index / columns * (height + Gap);
            picture.Add(panel.Draw(x, y));
        }
        return new XDocument(picture);
    }

    private static IEnumerable<string> Wrap(string text, int letters)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > letters)
            {
                yield return line;
                line = "";
            }
            line += line.Length > 0 ? $" {word}" : word;
        }
        if (line.Length > 0) yield return line;
    }
}

/// <summary>Colours as style classes, so that a page's colour scheme can choose between two sets.</summary>
internal static class SvgColors
{
    private const int Steps = 24;

    /// <summary>Style class of a fraction of the limit: "n24" is the most negative, "p0" zero, "none" not a number.</summary>
    public static string ClassOf(double fraction)
    {
        if (double.IsNaN(fraction)) return "none";
        var step = (int)Math.Round(Math.Clamp(fraction, -1, 1) * Steps);
        return step < 0 ? $"n{-step}" : $"p{step}";
    }

    /// <summary>The fractions that have colours of their own, from most negative to most positive.</summary>
    public static IEnumerable<double> Fractions => Enumerable.Range(-Steps, 2 * Steps + 1).Select(i => (double)i / Steps);

    /// <summary>Style sheet with both sets of colours.</summary>
    public static string StyleSheet { get; } =
        "text{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
        + ".heading{font-size:17px;font-weight:600}.panel{font-size:14px;font-weight:600}"
        + ".mark,.halo{fill:none;stroke-width:1.5;pointer-events:none}.halo{stroke-width:1}.frame{fill:none;stroke-width:1}"
        + Set(DivergingScale.Light, page: "#ffffff", ink: "#1f2328", line: "#b8bec6")
        + "@media (prefers-color-scheme:dark){"
        + Set(DivergingScale.Dark, page: "#0d1117", ink: "#e6edf3", line: "#4a525c") + "}";

    private static string Set(DivergingScale scale, string page, string ink, string line) =>
        $".page,.none{{fill:{page}}}text{{fill:{ink}}}.mark{{stroke:{ink}}}.halo{{stroke:{page}}}.frame{{stroke:{line}}}"
        + string.Concat(Fractions.Select(f => $".{ClassOf(f)}{{fill:{scale.At(f).Hex}}}"));
}

/// <summary>Elements of an SVG picture.</summary>
internal static class Svg
{
    private static readonly XNamespace Name = "http://www.w3.org/2000/svg";

    /// <summary>An element with attributes; those with an empty value are left out.</summary>
    public static XElement Element(string name, params (string Name, string Value)[] attributes) =>
        new(Name + name, attributes.Where(a => a.Value.Length > 0).Select(a => new XAttribute(a.Name, a.Value)));

    /// <summary>The element with text inside.</summary>
    public static XElement With(this XElement element, string text)
    {
        element.Add(text);
        return element;
    }

    /// <summary>A line of text.</summary>
    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="style">Its style class, or empty.</param>
    /// <param name="text">What it says.</param>
    /// <param name="anchor">"start", "middle" or "end".</param>
    public static XElement Text(double x, double y, string style, string text, string anchor = "start") =>
        Element("text", ("x", Number(x)), ("y", Number(y)), ("class", style),
            ("text-anchor", anchor == "start" ? "" : anchor)).With(text);

    /// <summary>A rectangle.</summary>
    public static XElement Rectangle(double x, double y, double width, double height, string style) => Element("rect",
        ("x", Number(x)), ("y", Number(y)), ("width", Number(width)), ("height", Number(height)), ("class", style));

    /// <summary>A coordinate.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
