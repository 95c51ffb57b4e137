namespace Patchbay.Report;

/// <summary>A point of a line with its error band, if it has one; a Y of NaN breaks the line.</summary>
internal readonly record struct LinePoint(double X, double Y, double? Low = null, double? High = null);

/// <summary>A line of a chart under the name that its label has, its points in order of X.</summary>
internal sealed record LineSeries(string Name, IReadOnlyList<LinePoint> Points)
{
    /// <summary>Colour by number, or null for grey: context to the others.</summary>
    public int? Color { get; init; }

    /// <summary>Whether the points themselves are drawn, as where they are few.</summary>
    public bool Dots { get; init; }
}

/// <summary>A place on the x axis that has a name, such as the beginning of a stage.</summary>
internal sealed record ChartMark(double X, string Name);

/// <summary>Lines over one y axis; the title says what is measured, with its unit.</summary>
internal sealed record LinePanel(string Title, IReadOnlyList<LineSeries> Series)
{
    /// <summary>Whether y is logarithmic; values of 0 and below are left out.</summary>
    public bool Logarithmic { get; init; }

    /// <summary>Ends of the y axis, or null for those of the values.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>Whether a value can be drawn: it is finite, and on a logarithmic axis above 0.</summary>
    public bool CanShow(double y) => double.IsFinite(y) && (!Logarithmic || y > 0);

    /// <summary>Values that are drawn.</summary>
    public IEnumerable<double> Values => Series.SelectMany(s => s.Points)
        .SelectMany(p => new[] { p.Y, p.Low ?? p.Y, p.High ?? p.Y }).Where(CanShow);
}

/// <summary>Panels one above the other that share their x axis, of "steps"; the subtitle may be empty.</summary>
internal sealed record LineChart(string Title, string Subtitle, string XTitle, IReadOnlyList<LinePanel> Panels)
{
    /// <summary>Named places, marked in every panel; in order of X.</summary>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    /// <summary>Width of the plot.</summary>
    public double PlotWidth { get; init; } = 620;

    /// <summary>Height of a panel's plot, or more where its lines' names need more.</summary>
    public double LeastPlotHeight { get; init; } = 150;

    /// <summary>Whether it stands under a caption of its own, without heading and room around.</summary>
    public bool IsBare { get; init; }
}
