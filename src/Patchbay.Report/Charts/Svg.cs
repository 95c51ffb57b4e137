namespace Patchbay.Report;

/// <summary>What every SVG picture has: a page, a name for who cannot see it, a style sheet.</summary>
internal static class SvgPicture
{
    /// <summary>Room around a picture with a heading.</summary>
    public const double Margin = 20;

    /// <summary>A letter's width in the widest of the fonts that may be in use.</summary>
    public const double LetterWidth = 6.8;

    /// <summary>Style sheet of the text.</summary>
    public const string Fonts = "text{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
        + ".heading{font-size:17px;font-weight:600}.panel{font-size:14px;font-weight:600}";

    private const double LineHeight = 17;
    private const string NarrowLetters = " .,:;'|!()[]-filjrt";

    /// <summary>Room that a panel's name needs: its width in the widest of the fonts that may be in use, or a little
    /// more.</summary>
    public static double PanelNameWidth(string name) => BoldWidth(name, 14);

    /// <summary>A picture with a heading and a text under it, which may be empty and is wrapped where it must be, still
    /// without its content of so great a height; and the height at which that begins. It is wider than asked for where
    /// its heading is.</summary>
    public static (XElement Picture, double Top) WithHeading(double width, double content, string title,
        string subtitle, string styleSheet)
    {
        width = Math.Max(width, 2 * Margin + BoldWidth(title, 17));
        var lines = Wrap(subtitle, (int)((width - 2 * Margin) / LetterWidth)).ToArray();
        var top = Margin + 28 + lines.Length * LineHeight;
        var picture = Bare(width, top + content + Margin, title, styleSheet);
        picture.Add(Svg.Text(Margin, Margin + 14, "heading", title));
        picture.Add(lines.Select((line, i) => Svg.Text(Margin, Margin + 33 + i * LineHeight, "", line)));
        return (picture, top);
    }

    /// <summary>An empty picture, to stand under a caption of its own: no heading, no room around.</summary>
    public static XElement Bare(double width, double height, string title, string styleSheet) => Svg.Element("svg",
        ("viewBox", $"0 0 {Svg.Number(width)} {Svg.Number(height)}"), ("width", "100%"),
        ("style", $"max-width:{Svg.Number(width)}px"), ("role", "img")).With(
            Svg.Title(title), Svg.Element("style").With(styleSheet),
            Svg.Element("rect", ("class", "page"), ("width", "100%"), ("height", "100%")));

    // Widths of DejaVu Sans Bold, the widest of each kind of letter.
    private static double BoldWidth(string text, double size) => size * text.Sum(letter =>
        NarrowLetters.Contains(letter) ? 0.5
        : char.IsAsciiDigit(letter) || (char.IsAsciiLetterLower(letter) && letter is not ('m' or 'w')) ? 0.72
        : 1.11);

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

    /// <summary>The element with text or elements added to what is in it.</summary>
    public static XElement With(this XElement element, params object?[] content)
    {
        element.Add(content);
        return element;
    }

    /// <summary>A group whose own corner (0, 0) is at (x, y).</summary>
    public static XElement Group(double x, double y) =>
        Element("g", ("transform", $"translate({Number(x)} {Number(y)})"));

    /// <summary>The name of what it stands in, which is its tooltip.</summary>
    public static XElement Title(string text) => Element("title").With(text);

    /// <summary>A line of text, its base line at y; "start", "middle" or "end" of it is at x.</summary>
    public static XElement Text(double x, double y, string style, string text, string anchor = "start") =>
        Element("text", ("x", Number(x)), ("y", Number(y)), ("class", style),
            ("text-anchor", anchor == "start" ? "" : anchor)).With(text);

    /// <summary>A rectangle with its upper left corner at (x, y).</summary>
    public static XElement Rectangle(double x, double y, double width, double height, string style) => Element("rect",
        ("x", Number(x)), ("y", Number(y)), ("width", Number(width)), ("height", Number(height)), ("class", style));

    /// <summary>A circle around (x, y).</summary>
    public static XElement Circle(double x, double y, double radius, string style) => Element("circle",
        ("cx", Number(x)), ("cy", Number(y)), ("r", Number(radius)), ("class", style));

    public static XElement Line(double x1, double y1, double x2, double y2, string style) => Element("line",
        ("x1", Number(x1)), ("y1", Number(y1)), ("x2", Number(x2)), ("y2", Number(y2)), ("class", style));

    /// <summary>A line or an area along a path such as "M0 0L2 3".</summary>
    public static XElement Path(string path, string style) => Element("path", ("d", path), ("class", style));

    /// <summary>A place as paths have it: "2.5 3".</summary>
    public static string Point(double x, double y) => $"{Number(x)} {Number(y)}";

    public static string Number(double value) => value.ToString("0.##");
}
