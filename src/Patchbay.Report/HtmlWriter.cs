namespace Patchbay.Report;

/// <summary>A report as one HTML page that needs nothing but itself: style and pictures are in it, there are no
/// scripts; only links to the data lead out of it.</summary>
internal static class HtmlWriter
{
    private const double LeastScale = 0.74; // pictures shrink no further, but scroll: their text stays readable
    private const int LongText = 44;

    public static string Write(ReportDocument report)
    {
        var styles = report.Pictures.Select(p => StyleOf(p.Picture.Svg.Root!).Value).Distinct();
        var contents = report.Sections.Select((section, i) =>
            $"<li><span>{i + 1}</span><a href=\"#{section.Id}\">{Escape(section.Title)}</a></li>\n");
        return $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>{Escape(report.Title)}</title>
            <style>
            {HtmlStyle.Sheet}
            {string.Join("\n", styles)}
            </style>
            </head>
            <body>
            <div class="r-whole">
            <header>
            <h1>{Escape(report.Title)}</h1>
            <p class="r-subtitle">{Escape(report.Subtitle)}</p>
            <p class="r-summary">{Escape(report.Lead)}</p>
            </header>
            <nav aria-label="Contents">
            <ol>
            {string.Concat(contents)}</ol>
            </nav>
            <main>
            {string.Concat(report.Sections.Select((section, i) => Html(section, i + 1)))}</main>
            </div>
            </body>
            </html>

            """;
    }

    /// <summary>A section of a page that has the style sheets of <see cref="HtmlStyle"/> and of the pictures.</summary>
    /// <param name="section">The section.</param>
    /// <param name="number">Its number on the page.</param>
    /// <param name="home">Where its data is: "" for the page's own folder.</param>
    public static string Html(Section section, int number, string home = "")
    {
        var data = section.Data is null ? ""
            : $"<a href=\"{Escape(home + ReportData.FileOf(section))}\">data</a>";
        string[] source = [.. new[] { Escape(section.Source), data }.Where(s => s.Length > 0)];
        return $"""
            <section id="{section.Id}">
            <h2><span>{number}</span>{Escape(section.Title)}</h2>
            <p class="r-definition">{Escape(section.Definition)}</p>
            {(source.Length > 0 ? $"<p class=\"r-source\">{string.Join(" · ", source)}</p>\n" : "")}
            """ + $"{string.Concat(section.Blocks.Select(Html))}</section>\n";
    }

    /// <summary>A piece of such a page.</summary>
    public static string Html(Block block) => block switch
    {
        Paragraph paragraph => $"<p>{Escape(paragraph.Text)}</p>\n",
        Statements statements => $"<ul class=\"r-found\">\n{string.Concat(statements.Items.Select(s =>
            $"<li>{Escape(s)}</li>\n"))}</ul>\n",
        Note note => $"<p class=\"r-note\">{Escape(note.Text)}</p>\n",
        Facts facts => $"<dl class=\"r-facts\">\n{string.Concat(facts.Items.Select(fact =>
            $"<div><dt>{Escape(fact.Name)}</dt><dd>{Escape(fact.Value)}</dd></div>\n"))}</dl>\n",
        Figure figure => Html(figure),
        ReportTable table => Html(table),
        _ => throw new ArgumentException($"{block.GetType().Name} cannot be written"),
    };

    private static string Html(Figure figure)
    {
        var abreast = HeatMap.Abreast(figure.Pictures.Count, figure.Abreast);
        return $"""
            <figure>
            <div class="r-pictures r-{abreast}" style="--w:{figure.Pictures.Max(p => Width(p.Svg)):0}px">
            {string.Concat(figure.Pictures.Select(p => $"<div class=\"r-picture\">{Inline(p.Svg)}</div>\n"))}</div>
            <figcaption>{Escape(figure.Caption)}</figcaption>
            </figure>

            """;
    }

    private static string Html(ReportTable table)
    {
        var caption = Escape(table.Caption);
        var head = table.Columns.Select(c =>
            $"<th{(c.IsNumber ? " class=\"r-number\"" : "")} scope=\"col\">{Escape(c.Heading)}</th>");
        // A name that stands in the row above too steps back.
        var rows = table.Rows.Select((row, r) =>
            (row[0].Text.Length > 0 && r > 0 && table.Rows[r - 1][0] == row[0] ? "<tr class=\"r-again\">" : "<tr>")
            + string.Concat(row.Zip(table.Columns, (cell, column) => Html(cell, column.IsNumber))) + "</tr>\n");
        var hasHead = table.Columns.Any(c => c.Heading.Length > 0);
        var body = $"""
            <div class="r-scroll" tabindex="0"><table>
            {(hasHead ? $"<thead><tr>{string.Concat(head)}</tr></thead>\n" : "")}<tbody>
            {string.Concat(rows)}</tbody></table></div>

            """;
        var whole = table.IsFolded ? $"<details><summary>{caption}</summary>\n{body}</details>\n"
            : caption.Length > 0 ? $"<p class=\"r-caption\">{caption}</p>\n{body}" : body;
        return $"<div class=\"r-table\">\n{whole}</div>\n";
    }

    private static string Html(Cell cell, bool isNumber)
    {
        var isCode = cell.Text.Split(' ').Max(word => word.Length) > LongText;
        var style = isNumber ? "r-number" : cell.Text.Length <= LongText ? "" : isCode ? "r-long r-code" : "r-long";
        var swatch = cell.Group is { } group
            ? $"<span class=\"r-swatch\" style=\"background:var(--g{group % 6})\"></span>" : "";
        var aside = cell.Aside.Length > 0 ? $" <small>{Escape(cell.Aside)}</small>" : "";
        return $"<td{(style.Length > 0 ? $" class=\"{style}\"" : "")}>{swatch}{Escape(cell.Text)}{aside}</td>";
    }

    /// <summary>A picture without its style sheet, which the page has once for all.</summary>
    public static string Inline(XDocument picture)
    {
        var svg = new XElement(picture.Root!);
        StyleOf(svg).Remove();
        var leastWidth = Width(picture) * LeastScale;
        svg.SetAttributeValue("style", $"{(string)svg.Attribute("style")!};min-width:{leastWidth:0}px");
        return svg.ToString(SaveOptions.DisableFormatting).Replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
    }

    private static XElement StyleOf(XElement picture) => picture.Elements().First(e => e.Name.LocalName == "style");

    private static double Width(XDocument picture) =>
        double.Parse(((string)picture.Root!.Attribute("viewBox")!).Split(' ')[2]);

    private static string Escape(string text) =>
        text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&quot;");
}
