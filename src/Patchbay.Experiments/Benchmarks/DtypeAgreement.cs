namespace Patchbay.Experiments;

/// <summary>How a group's scores in a narrower number format agree with those in float32, on the same weights and
/// prompts.</summary>
/// <param name="Group">"A".</param>
/// <param name="RankCorrelation">Spearman's, over all heads that can score.</param>
/// <param name="Shared">How many of the 20 most negative heads (fewer where there are fewer) are the same.</param>
/// <param name="Top">That number: 20 or fewer.</param>
/// <param name="LargestDifference">Largest absolute difference of a score.</param>
/// <param name="LargestScore">Largest absolute score in float32.</param>
/// <param name="Reliability">Share of the float32 scores' variance between heads that is not sampling error over
/// prompts: 1 - mean(se^2) / variance; about 0 or below where effects are noise.</param>
public sealed record DtypeAgreement(string Group, double RankCorrelation, int Shared, int Top, double LargestDifference,
    double LargestScore, double Reliability)
{
    private const int Most = 20;

    /// <summary>Compares effects by [sender, prompt] of the same senders and prompts.</summary>
    public static DtypeAgreement Of(string group, double[,] float32, double[,] narrow)
    {
        var (wide, other) = (Means(float32), Means(narrow));
        var top = Math.Min(Most, wide.Length);
        var mean = wide.Average();
        var variance = wide.Sum(s => (s - mean) * (s - mean)) / Math.Max(1, wide.Length - 1);
        return new(group, CircuitOverlap.Spearman(wide, other),
            Lowest(wide, top).Intersect(Lowest(other, top)).Count(), top,
            wide.Zip(other, (a, b) => Math.Abs(a - b)).Max(), wide.Max(Math.Abs),
            1 - SquaredErrors(float32, wide).Average() / variance);
    }

    private static double[] Means(double[,] effects) =>
        [.. Enumerable.Range(0, effects.GetLength(0)).Select(s => Row(effects, s).Average())];

    private static IEnumerable<double> Row(double[,] effects, int sender) =>
        Enumerable.Range(0, effects.GetLength(1)).Select(n => effects[sender, n]);

    private static IEnumerable<int> Lowest(double[] scores, int count) =>
        Enumerable.Range(0, scores.Length).OrderBy(s => scores[s]).Take(count);

    /// <summary>Squared standard error of each sender's mean.</summary>
    private static IEnumerable<double> SquaredErrors(double[,] effects, double[] means)
    {
        double n = effects.GetLength(1);
        return means.Select((mean, s) => Row(effects, s).Sum(e => (e - mean) * (e - mean)) / (n - 1) / n);
    }
}
