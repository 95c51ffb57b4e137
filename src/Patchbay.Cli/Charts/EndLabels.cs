namespace Patchbay.Cli.Charts;

/// <summary>Labels at the ends of lines, moved apart where the lines end close together.</summary>
internal static class EndLabels
{
    /// <summary>Places that are at least <paramref name="distance"/> apart and in the order of the wanted ones, each as near its
    /// wanted place as that allows; all between <paramref name="low"/> and <paramref name="high"/> if there is room.</summary>
    public static double[] Place(IReadOnlyList<double> wanted, double distance, double low, double high)
    {
        var order = Enumerable.Range(0, wanted.Count).OrderBy(i => wanted[i]).ToArray();
        // Blocks of labels that touch; each is centred on what its labels want.
        var blocks = new List<(double Sum, int Count)>(); // Sum of the places that the members want for the block's first label
        double First((double Sum, int Count) b) => Math.Clamp(b.Sum / b.Count, low, Math.Max(low, high - (b.Count - 1) * distance));
        foreach (var i in order)
        {
            blocks.Add((wanted[i], 1));
            while (blocks.Count > 1 && First(blocks[^2]) + blocks[^2].Count * distance > First(blocks[^1]))
            {
                var (above, below) = (blocks[^2], blocks[^1]);
                blocks.RemoveRange(blocks.Count - 2, 2);
                blocks.Add((above.Sum + below.Sum - below.Count * above.Count * distance, above.Count + below.Count));
            }
        }
        var places = new double[wanted.Count];
        var next = 0;
        foreach (var block in blocks)
            for (var k = 0; k < block.Count; k++) places[order[next++]] = First(block) + k * distance;
        return places;
    }
}
