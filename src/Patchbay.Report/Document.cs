namespace Patchbay.Report;

/// <summary>A report: what <see cref="HtmlWriter"/> and <see cref="MarkdownWriter"/> write. The lead is a paragraph
/// before the first section.</summary>
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
/// <param name="Source">Where the method is from, or empty.</param>
/// <param name="Blocks">Its content.</param>
/// <param name="Data">The numbers behind it, as JSON can have them; null where there are none.</param>
internal sealed record Section(string Id, string Title, string Definition, string Source, IReadOnlyList<Block> Blocks,
    object? Data = null);

/// <summary>A piece of a section.</summary>
internal abstract record Block;

/// <summary>Sentences.</summary>
internal sealed record Paragraph(string Text) : Block;

/// <summary>Sentences that stand each for itself.</summary>
internal sealed record Statements(IReadOnlyList<string> Items) : Block;

/// <summary>Sentences aside: how to read what stands before, what was not significant.</summary>
internal sealed record Note(string Text) : Block;

/// <summary>Names with what they are.</summary>
internal sealed record Facts(IReadOnlyList<(string Name, string Value)> Items) : Block;

/// <summary>Pictures with one caption, so many side by side on a wide page.</summary>
internal sealed record Figure(string Caption, IReadOnlyList<Picture> Pictures, int Abreast) : Block
{
    /// <summary>A picture for each model; what each shows ("Attention in") is followed by the model's name.</summary>
    public static Figure ByModel(string caption, string what, IEnumerable<ModelFindings> models,
        Func<ModelFindings, XDocument> draw, int abreast = 2) =>
        new(caption, [.. models.Select(m => new Picture(m.Name, $"{what} {m.Name}", draw(m)))], abreast);
}

/// <summary>A picture, with its own style sheet. Its name ("a-tiny-base") is its own within the section; its title says
/// what it shows, for who cannot see it.</summary>
internal sealed record Picture(string Name, string Title, XDocument Svg)
{
    /// <summary>Name of its file, in which all but letters, digits, points and low lines are hyphens.</summary>
    public string FileOf(Section section)
    {
        var safe = Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-');
        return $"{section.Id}-{string.Concat(safe)}.svg";
    }
}

/// <summary>A table.</summary>
internal sealed record ReportTable : Block
{
    /// <param name="caption">What it holds, or empty.</param>
    /// <param name="headings">Headings; a '>' before one, which is not shown, says that its column is of
    /// numbers.</param>
    /// <param name="rows">Cells, row by row, as many as headings.</param>
    public ReportTable(string caption, IEnumerable<string> headings, IEnumerable<IReadOnlyList<Cell>> rows) =>
        (Caption, Columns, Rows) =
            (caption, [.. headings.Select(h => (h.TrimStart('>'), h.StartsWith('>')))], [.. rows]);

    /// <summary>What it holds, or empty.</summary>
    public string Caption { get; }

    /// <summary>Its columns; those of numbers are aligned to the right.</summary>
    public IReadOnlyList<(string Heading, bool IsNumber)> Columns { get; }

    /// <summary>Cells, row by row.</summary>
    public IReadOnlyList<IReadOnlyList<Cell>> Rows { get; }

    /// <summary>Whether it is folded away where it can be: detail that few will read.</summary>
    public bool IsFolded { get; init; }
}

/// <summary>A cell.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Aside">What stands beside it, quieter: an interval.</param>
/// <param name="Group">Number of the group of heads whose colour marks it, or null.</param>
internal readonly record struct Cell(string Text, string Aside = "", int? Group = null)
{
    /// <summary>A cell of text only.</summary>
    public static implicit operator Cell(string text) => new(text);

    /// <summary>A counted share with its 95 % interval: "0.632", aside "0.588–0.673"; a dash where nothing was
    /// counted.</summary>
    public static Cell Share(Proportion? share) => share is { Count: > 0 } some
        ? new Cell(Numbers.Share(some.Share), $"{some.Interval.Low:0.000}–{some.Interval.High:0.000}") : Numbers.None;

    /// <summary>A mean with its standard error: "0.632", aside "± 0.012".</summary>
    public static Cell Mean(Estimate mean, string format = "0.000") => new(Numbers.Share(mean.Value, format),
        double.IsFinite(mean.Error) ? $"± {mean.Error.ToString(format)}" : "");

    /// <summary>A difference with its 95 % interval: "+0.182", aside "+0.100 to +0.260".</summary>
    public static Cell Difference(ShareDifference difference) =>
        new(Numbers.Difference(difference.Value), Numbers.Interval(difference));

    /// <summary>A published share, two digits as published; a dash where there is none.</summary>
    public static Cell Published(double? share) => Numbers.Share(share ?? double.NaN, "0.00");
}
