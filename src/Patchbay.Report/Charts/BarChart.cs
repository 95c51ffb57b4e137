namespace Patchbay.Report;

/// <summary>A bar from 0 to a value, with an error bar from a lower end to an upper one; NaN for what there is
/// none of.</summary>
internal sealed record Bar(string Name, double Value, double Low, double High)
{
    /// <summary>Colour by number, or null for grey.</summary>
    public int? Color { get; init; }

    /// <summary>Whether it is drawn paler: context to the others.</summary>
    public bool IsPale { get; init; }

    /// <summary>What was published of it, drawn as a diamond, or null.</summary>
    public double? Published { get; init; }

    /// <summary>Single measurements that it is the mean of, drawn as dots.</summary>
    public IReadOnlyList<double> Dots { get; init; } = [];

    /// <summary>A counted share with its 95 % interval.</summary>
    public static Bar Share(string name, Proportion share) =>
        new(name, share.Share, share.Interval.Low, share.Interval.High);
}

/// <summary>Bars from top to bottom under a heading of their own, which may be empty.</summary>
internal sealed record BarGroup(string Title, IReadOnlyList<Bar> Bars);

/// <summary>A value that is marked through all bars; its name, which may be empty, stands above.</summary>
internal sealed record BarLine(double Value, string Name, bool IsDashed);

/// <summary>Horizontal bars with error bars on one axis, from top to bottom; the title may be empty, that of the axis
/// says what is measured.</summary>
internal sealed record BarChart(string Title, string AxisTitle, IReadOnlyList<BarGroup> Groups)
{
    /// <summary>Ends of the axis, or null for those of the values.</summary>
    public (double Low, double High)? Range { get; init; } = (0, 1);

    /// <summary>Values marked through all bars.</summary>
    public IReadOnlyList<BarLine> Lines { get; init; } = [];

    /// <summary>Whether values are drawn as points, as differences are, not as bars from 0.</summary>
    public bool ArePoints { get; init; }

    /// <summary>How a value is written beside its bar.</summary>
    public string Format { get; init; } = "0.00";
}
