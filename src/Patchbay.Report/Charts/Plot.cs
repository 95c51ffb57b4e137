namespace Patchbay.Report;

/// <summary>The rectangle of a picture in which values are drawn, with its axes: where a value stands, the lines of the
/// grid, and the numbers beside them. Without an axis y, rows stand one under the other.</summary>
internal sealed record Plot(double Left, double Top, double Width, double Height, ChartAxis X, ChartAxis? Y = null)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;

    /// <summary>Where a value of x stands.</summary>
    public double AtX(double value) => Left + X.Fraction(value) * Width;

    /// <summary>Where a value of y stands.</summary>
    public double AtY(double value) => Top + (1 - Y!.Fraction(value)) * Height;

    /// <summary>Lines from above to below with their numbers, and what x is.</summary>
    /// <param name="title">What x is.</param>
    /// <param name="hasGrid">Whether there are lines, not numbers alone.</param>
    /// <param name="below">How far below the plot the base line of the numbers is.</param>
    public IEnumerable<XElement> XAxis(string title, bool hasGrid = true, double below = 15)
    {
        foreach (var tick in X.Ticks)
        {
            if (hasGrid) yield return Svg.Line(AtX(tick), Top, AtX(tick), Bottom, "grid");
            yield return Svg.Text(AtX(tick), Bottom + below, "", X.Label(tick), "middle");
        }
        yield return Svg.Text(Left + Width / 2, Bottom + below + 17, "", title, "middle");
    }

    /// <summary>Lines from left to right with their numbers.</summary>
    public IEnumerable<XElement> YAxis()
    {
        foreach (var tick in Y!.Ticks)
        {
            yield return Svg.Line(Left, AtY(tick), Right, AtY(tick), "grid");
            yield return Svg.Text(Left - 7, AtY(tick) + 4, "", Y.Label(tick), "end");
        }
    }
}

/// <summary>Labels at the ends of lines, moved apart where the lines end close together.</summary>
internal static class EndLabels
{
    /// <summary>Places that are at least <paramref name="distance"/> apart and in the order of the wanted ones, each
    /// as near its wanted place as that allows; all between <paramref name="low"/> and <paramref name="high"/> if there
    /// is room.</summary>
    public static double[] Place(IReadOnlyList<double> wanted, double distance, double low, double high)
    {
        // Blocks of labels that touch; each is centred on what its labels want of the block's first place.
        var blocks = new List<(double Sum, int Count)>();
        double First((double Sum, int Count) block) =>
            Math.Clamp(block.Sum / block.Count, low, Math.Max(low, high - (block.Count - 1) * distance));
        int[] order = [.. Enumerable.Range(0, wanted.Count).OrderBy(i => wanted[i])];
        foreach (var i in order)
        {
            blocks.Add((wanted[i], 1));
            while (blocks.Count > 1 && First(blocks[^2]) + blocks[^2].Count * distance > First(blocks[^1]))
            {
                var (above, below) = (blocks[^2], blocks[^1]);
                blocks.RemoveRange(blocks.Count - 2, 2);
                var shift = below.Count * above.Count * distance;
                blocks.Add((above.Sum + below.Sum - shift, above.Count + below.Count));
            }
        }
        var places = new double[wanted.Count];
        var next = 0;
        foreach (var block in blocks)
            for (var k = 0; k < block.Count; k++) places[order[next++]] = First(block) + k * distance;
        return places;
    }
}
