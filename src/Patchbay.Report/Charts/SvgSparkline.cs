namespace Patchbay.Report;

/// <summary>Counts of equal times, one after another, as a small SVG picture without axes: a bar for each.</summary>
internal static class SvgSparkline
{
    private const double Bar = 3, Height = 22;

    /// <param name="counts">The counts, the oldest first.</param>
    /// <param name="title">What they are, for who cannot see them.</param>
    /// <param name="places">Room for so many bars; they stand at its right end.</param>
    public static XDocument Draw(IReadOnlyList<int> counts, string title, int places = 60)
    {
        var picture = SvgPicture.Bare(places * Bar, Height, title, ChartColors.StyleSheet);
        double most = Math.Max(1, counts.DefaultIfEmpty(0).Max());
        var left = (places - counts.Count) * Bar;
        picture.Add(Svg.Line(0, Height - 0.5, places * Bar, Height - 0.5, "grid"));
        foreach (var (i, count) in counts.Index().Where(c => c.Item > 0))
        {
            var height = Math.Max(1, (Height - 2) * count / most);
            picture.Add(Svg.Rectangle(left + i * Bar, Height - height, Bar - 0.6, height, "t0 fill"));
        }
        return new XDocument(picture);
    }
}
