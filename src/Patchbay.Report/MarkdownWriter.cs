using System.Text.RegularExpressions;

namespace Patchbay.Report;

/// <summary>A report as GitHub's Markdown; its pictures lie in a folder beside it.</summary>
internal static partial class MarkdownWriter
{
    /// <summary>Folder of the pictures, relative to the text.</summary>
    public const string PictureFolder = "figures";

    public static string Write(ReportDocument report) =>
        $"# {Escape(report.Title)}\n\n{Escape(report.Subtitle)}\n\n{Escape(report.Lead)}\n"
        + string.Concat(report.Sections.Select(Markdown));

    /// <summary>A picture as a file of its own.</summary>
    public static string PictureText(Picture picture) => picture.Svg.ToString(SaveOptions.DisableFormatting) + "\n";

    private static string Markdown(Section section, int index)
    {
        var data = section.Data is null ? "" : $"[data]({ReportData.FileOf(section)})";
        var source = section.Source.Length > 0 ? $"*{Escape(section.Source)}*" : "";
        var origin = string.Join(" · ", new[] { source, data }.Where(s => s.Length > 0));
        return $"\n## {index + 1}. {Escape(section.Title)}\n\n{Escape(section.Definition)}\n"
            + (origin.Length > 0 ? $"\n{origin}\n" : "")
            + string.Concat(section.Blocks.Select(block => $"\n{Markdown(block, section)}\n"));
    }

    private static string Markdown(Block block, Section section) => block switch
    {
        Paragraph paragraph => Escape(paragraph.Text),
        Statements statements => string.Join('\n', statements.Items.Select(s => "- " + Escape(s))),
        Note note => "> " + Escape(note.Text),
        Facts facts => Rows(new("", ["", ""], facts.Items.Select(f => (Cell[])[f.Name, f.Value]))),
        Figure figure => string.Join("\n", figure.Pictures.Select(p =>
            $"![{Escape(p.Title)}]({PictureFolder}/{p.FileOf(section)})")) + $"\n\n*{Escape(figure.Caption)}*",
        ReportTable { IsFolded: true } table =>
            $"<details><summary>{Escape(table.Caption)}</summary>\n\n{Rows(table)}\n\n</details>",
        ReportTable table => (table.Caption.Length > 0 ? $"{Escape(table.Caption)}\n\n" : "") + Rows(table),
        _ => throw new ArgumentException($"{block.GetType().Name} cannot be written"),
    };

    private static string Rows(ReportTable table) => string.Join("\n",
    [
        $"| {string.Join(" | ", table.Columns.Select(c => Escape(c.Heading)))} |",
        $"|{string.Join("|", table.Columns.Select(c => c.IsNumber ? "---:" : "---"))}|",
        .. table.Rows.Select(row => $"| {string.Join(" | ", row.Select(CellText))} |"),
    ]);

    private static string CellText(Cell cell) => Escape(cell switch
    {
        { Aside: "" } => cell.Text,
        { Aside: ['±', ..] } => $"{cell.Text} {cell.Aside}",
        _ => $"{cell.Text} ({cell.Aside})",
    });

    private static string Escape(string text) => Special().Replace(text.ReplaceLineEndings(" "), @"\$0");

    [GeneratedRegex(@"[\\`*_{}\[\]<>#|~]")]
    private static partial Regex Special();
}
