using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Patchbay.Cli.HeatMaps;

namespace Patchbay.Cli.Report;

/// <summary>A report as one HTML page that needs nothing but itself: style and pictures are in it, there are no scripts; only links to the data
/// lead out of it.</summary>
internal static class HtmlWriter
{
    private const double LeastScale = 0.74; // pictures shrink no further, so that their text stays readable; they scroll then
    private const int LongText = 44;

    /// <summary>The page.</summary>
    public static string Write(ReportDocument report)
    {
        var page = new StringBuilder();
        var styles = report.Pictures.Select(p => p.Picture.Svg.Root!.Elements().First(e => e.Name.LocalName == "style").Value).Distinct();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<title>{Escape(report.Title)}</title>\n<style>\n{HtmlStyle.Sheet}\n{string.Join("\n", styles)}\n</style>\n</head>\n<body>\n<div class=\"r-whole\">\n");
        page.Append(CultureInfo.InvariantCulture, $"<header>\n<h1>{Escape(report.Title)}</h1>\n<p class=\"r-subtitle\">{Escape(report.Subtitle)}</p>\n<p "
            + $"class=\"r-summary\">{Escape(report.Lead)}</p>\n</header>\n");
        page.Append("<nav aria-label=\"Contents\">\n<ol>\n");
        foreach (var (number, section) in report.Sections.Index())
            page.Append(CultureInfo.InvariantCulture, $"<li><span>{number + 1}</span><a href=\"#{section.Id}\">{Escape(section.Title)}</a></li>\n");
        page.Append("</ol>\n</nav>\n<main>\n");
        foreach (var (number, section) in report.Sections.Index()) Write(page, section, number + 1);
        return page.Append("</main>\n</div>\n</body>\n</html>\n").ToString();
    }

    private static void Write(StringBuilder page, Section section, int number)
    {
        page.Append(CultureInfo.InvariantCulture, $"<section id=\"{section.Id}\">\n<h2><span>{number}</span>{Escape(section.Title)}</h2>\n<p "
            + $"class=\"r-definition\">{Escape(section.Definition)}</p>\n");
        var data = section.Data is null ? "" : $"<a href=\"{ReportData.FileOf(section)}\">data</a>";
        string[] source = [.. new[] { Escape(section.Source), data }.Where(s => s.Length > 0)];
        if (source.Length > 0) page.Append(CultureInfo.InvariantCulture, $"<p class=\"r-source\">{string.Join(" · ", source)}</p>\n");
        foreach (var block in section.Blocks)
        {
            switch (block)
            {
                case Paragraph paragraph: page.Append(CultureInfo.InvariantCulture, $"<p>{Escape(paragraph.Text)}</p>\n"); break;
                case Note note: page.Append(CultureInfo.InvariantCulture, $"<p class=\"r-note\">{Escape(note.Text)}</p>\n"); break;
                case Facts facts:
                    page.Append(CultureInfo.InvariantCulture, $"<dl "
                    + $"class=\"r-facts\">\n{string.Concat(facts.Items.Select(f => $"<div><dt>{Escape(f.Name)}</dt><dd>{Escape(f.Value)}</dd></div>\n"))}</dl>\n"); break;
                case Figure figure: Write(page, figure); break;
                case ReportTable table: Write(page, table); break;
                default: throw new ArgumentException($"{block.GetType().Name} cannot be written");
            }
        }
        page.Append("</section>\n");
    }

    private static void Write(StringBuilder page, Figure figure)
    {
        var widest = figure.Pictures.Max(p => Width(p.Svg));
        page.Append(CultureInfo.InvariantCulture, $"<figure>\n<div class=\"r-pictures r-{HeatMap.Abreast(figure.Pictures.Count, figure.Abreast)}\" style=\"--w:{widest:0}px\">\n");
        foreach (var picture in figure.Pictures) page.Append(CultureInfo.InvariantCulture, $"<div class=\"r-picture\">{Inline(picture.Svg)}</div>\n");
        page.Append(CultureInfo.InvariantCulture, $"</div>\n<figcaption>{Escape(figure.Caption)}</figcaption>\n</figure>\n");
    }

    private static void Write(StringBuilder page, ReportTable table)
    {
        var caption = Escape(table.Caption);
        page.Append("<div class=\"r-table\">\n");
        if (table.IsFolded) page.Append(CultureInfo.InvariantCulture, $"<details><summary>{caption}</summary>\n");
        else if (caption.Length > 0) page.Append(CultureInfo.InvariantCulture, $"<p class=\"r-caption\">{caption}</p>\n");
        page.Append("<div class=\"r-scroll\" tabindex=\"0\"><table>\n");
        if (table.Columns.Any(c => c.Heading.Length > 0))
            page.Append(CultureInfo.InvariantCulture,
                $"<thead><tr>{string.Concat(table.Columns.Select(c => $"<th{(c.IsNumber ? " class=\"r-number\"" : "")} scope=\"col\">{Escape(c.Heading)}</th>"))}</tr></thead>\n");
        page.Append("<tbody>\n");
        Cell? above = null;
        foreach (var row in table.Rows)
        {
            // A name that stands in the row above too steps back.
            var again = row[0].Text.Length > 0 && above == row[0] ? "<tr class=\"r-again\">" : "<tr>";
            page.Append(CultureInfo.InvariantCulture, $"{again}{string.Concat(row.Zip(table.Columns, (cell, column) => Write(cell, column)))}</tr>\n");
            above = row[0];
        }
        page.Append(table.IsFolded ? "</tbody></table></div>\n</details>\n</div>\n" : "</tbody></table></div>\n</div>\n");
    }

    private static string Write(Cell cell, ReportColumn column)
    {
        var style = column.IsNumber ? "r-number" : cell.Text.Length <= LongText ? "" : cell.Text.Split(' ')
            .Max(word => word.Length) > LongText ? "r-long r-code" : "r-long";
        var swatch = cell.Group is { } group ? $"<span class=\"r-swatch\" style=\"background:var(--g{group % 6})\"></span>" : "";
        var aside = cell.Aside.Length > 0 ? $" <small>{Escape(cell.Aside)}</small>" : "";
        return $"<td{(style.Length > 0 ? $" class=\"{style}\"" : "")}>{swatch}{Escape(cell.Text)}{aside}</td>";
    }

    /// <summary>A picture without its style sheet, which the page has once for all.</summary>
    private static string Inline(XDocument picture)
    {
        var svg = new XElement(picture.Root!);
        svg.Elements().First(e => e.Name.LocalName == "style").Remove();
        svg.SetAttributeValue("style", string.Create(CultureInfo.InvariantCulture,
            $"{(string)svg.Attribute("style")!};min-width:{Width(picture) * LeastScale:0}px"));
        return svg.ToString(SaveOptions.DisableFormatting).Replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
    }

    private static double Width(XDocument picture) =>
        double.Parse(((string)picture.Root!.Attribute("viewBox")!).Split(' ')[2], CultureInfo.InvariantCulture);

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&quot;");
}
