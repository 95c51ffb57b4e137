using System.Globalization;
using System.Xml.Linq;

namespace Patchbay.Cli.Charts;

/// <summary>What every SVG picture has: a page, a heading, a line or more under it.</summary>
internal static class SvgPicture
{
    /// <summary>Room around everything.</summary>
    public const double Margin = 20;

    /// <summary>A letter's width in the widest of the fonts that may be in use.</summary>
    public const double LetterWidth = 6.8;

    /// <summary>Style sheet of the text.</summary>
    public const string Fonts = "text{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
        + ".heading{font-size:17px;font-weight:600}.panel{font-size:14px;font-weight:600}";

    private const double LineHeight = 17;

    /// <summary>The picture without its content, and the height at which that begins.</summary>
    /// <param name="width">Width of the whole.</param>
    /// <param name="title">Heading.</param>
    /// <param name="subtitle">Text under it, or empty.</param>
    /// <param name="styleSheet">Style sheet for light pages and dark ones.</param>
    /// <param name="content">Height of the content.</param>
    public static (XElement Picture, double Top) Create(double width, string title, string subtitle, string styleSheet, double content)
    {
        var lines = Wrap(subtitle, (int)((width - 2 * Margin) / LetterWidth)).ToArray();
        var top = Margin + 28 + lines.Length * LineHeight;
        var picture = Svg.Element("svg",
            ("viewBox", $"0 0 {Svg.Number(width)} {Svg.Number(top + content + Margin)}"),
            ("width", "100%"), ("style", $"max-width:{Svg.Number(width)}px"), ("role", "img"));
        picture.Add(Svg.Element("title").With(title), Svg.Element("style").With(styleSheet));
        picture.Add(Svg.Element("rect", ("class", "page"), ("width", "100%"), ("height", "100%")));
        picture.Add(Svg.Text(Margin, Margin + 14, "heading", title));
        picture.Add(lines.Select((line, i) => Svg.Text(Margin, Margin + 33 + i * LineHeight, "", line)));
        return (picture, top);
    }

    /// <summary>A picture that stands under a caption of its own: a panel's title at most, no room around.</summary>
    /// <param name="width">Width of the whole.</param>
    /// <param name="height">Height of the whole.</param>
    /// <param name="title">Its name for who cannot see it.</param>
    /// <param name="styleSheet">Style sheet for light pages and dark ones.</param>
    public static XElement Bare(double width, double height, string title, string styleSheet)
    {
        var picture = Svg.Element("svg", ("viewBox", $"0 0 {Svg.Number(width)} {Svg.Number(height)}"),
            ("width", "100%"), ("style", $"max-width:{Svg.Number(width)}px"), ("role", "img"));
        picture.Add(Svg.Element("title").With(title), Svg.Element("style").With(styleSheet));
        picture.Add(Svg.Element("rect", ("class", "page"), ("width", "100%"), ("height", "100%")));
        return picture;
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

    /// <summary>A straight line.</summary>
    public static XElement Line(double x1, double y1, double x2, double y2, string style) => Element("line",
        ("x1", Number(x1)), ("y1", Number(y1)), ("x2", Number(x2)), ("y2", Number(y2)), ("class", style));

    /// <summary>A coordinate.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
