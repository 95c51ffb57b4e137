using System.Xml.Linq;

namespace Patchbay.Cli.Report;

/// <summary>A report: what <see cref="HtmlWriter"/> and <see cref="MarkdownWriter"/> write.</summary>
/// <param name="Title">What it is of.</param>
/// <param name="Subtitle">A line under the title.</param>
/// <param name="Lead">A paragraph before the first section.</param>
/// <param name="Sections">In reading order.</param>
internal sealed record ReportDocument(string Title, string Subtitle, string Lead, IReadOnlyList<Section> Sections)
{
    /// <summary>All pictures with the names of their files, in order.</summary>
    public IEnumerable<(string File, Picture Picture)> Pictures =>
        from section in Sections
        from figure in section.Blocks.OfType<Figure>()
        from picture in figure.Pictures
        select (picture.FileOf(section), picture);
}

/// <summary>One part of a report.</summary>
/// <param name="Id">Short name: its anchor, and the name of its data.</param>
/// <param name="Title">Heading.</param>
/// <param name="Definition">What is measured, in a sentence.</param>
/// <param name="Source">Where the method is from.</param>
/// <param name="Blocks">Its content.</param>
/// <param name="Data">The numbers behind it, as JSON can have them; null where there are none.</param>
internal sealed record Section(string Id, string Title, string Definition, string Source, IReadOnlyList<Block> Blocks, object? Data = null);

/// <summary>A piece of a section.</summary>
internal abstract record Block;

/// <summary>Sentences.</summary>
/// <param name="Text">Plain text.</param>
internal sealed record Paragraph(string Text) : Block;

/// <summary>Sentences aside: how to read what stands before, what was not significant.</summary>
/// <param name="Text">Plain text.</param>
internal sealed record Note(string Text) : Block;

/// <summary>Names with what they are.</summary>
/// <param name="Items">Name and value, in order.</param>
internal sealed record Facts(IReadOnlyList<(string Name, string Value)> Items) : Block;

/// <summary>Pictures with one caption.</summary>
/// <param name="Caption">What they show.</param>
/// <param name="Pictures">From left to right.</param>
/// <param name="Abreast">How many stand side by side on a wide page.</param>
internal sealed record Figure(string Caption, IReadOnlyList<Picture> Pictures, int Abreast) : Block;

/// <summary>A picture.</summary>
/// <param name="Name">Its name within its section: "a-tiny-base".</param>
/// <param name="Title">What it shows, for who cannot see it.</param>
/// <param name="Svg">The picture, with its own style sheet.</param>
internal sealed record Picture(string Name, string Title, XDocument Svg)
{
    /// <summary>Name of its file.</summary>
    public string FileOf(Section section) => $"{section.Id}-{string.Concat(Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-'))}.svg";
}

/// <summary>A table.</summary>
/// <param name="Caption">What it holds.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Rows">Cells, row by row.</param>
internal sealed record ReportTable(string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<Cell>> Rows) : Block
{
    /// <summary>Whether it is folded away where it can be: detail that few will read.</summary>
    public bool IsFolded { get; init; }

    /// <summary>A table whose columns are words where their headings begin with a small ">" not, else numbers.</summary>
    /// <param name="caption">What it holds.</param>
    /// <param name="headings">Headings; those of numbers begin with '>'.</param>
    /// <param name="rows">Cells, row by row.</param>
    public static ReportTable Of(string caption, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<Cell>> rows) =>
        new(caption, [.. headings.Select(h => new ReportColumn(h.TrimStart('>'), h.StartsWith('>')))], [.. rows]);
}

/// <summary>A column.</summary>
/// <param name="Heading">What stands above it.</param>
/// <param name="IsNumber">Whether it is aligned to the right.</param>
internal sealed record ReportColumn(string Heading, bool IsNumber);

/// <summary>A cell.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Aside">What stands beside it, quieter: an interval.</param>
/// <param name="Group">Number of the group of heads whose colour marks it, or null.</param>
internal readonly record struct Cell(string Text, string Aside = "", int? Group = null)
{
    /// <summary>A cell of text only.</summary>
    public static implicit operator Cell(string text) => new(text);
}
