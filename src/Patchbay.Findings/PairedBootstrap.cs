namespace Patchbay.Findings;

/// <summary>A 95 % interval of a number.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end; may be infinite.</param>
public readonly record struct Interval(double Low, double High);

/// <summary>The percentile bootstrap over prompts (Efron 1979): as many prompts are drawn again with replacement, each
/// with both of its answers, and the middle 95 % of what comes out are the interval. Answers to the same prompts rise
/// and fall together, which intervals of each share alone would not know.</summary>
public static class PairedBootstrap
{
    /// <summary>How often prompts are drawn.</summary>
    public const int Draws = 2000;

    private const ulong Seed = 20; // the same answers have the same interval

    /// <summary>Interval of the ratio of two shares, first over second, of the same prompts: infinite where nothing is
    /// right of the second, 1 where nothing is right of either.</summary>
    /// <param name="first">What the first gets right, prompt by prompt.</param>
    /// <param name="second">The second's, of the same prompts.</param>
    /// <exception cref="ArgumentException">The lists are not equally long, or empty.</exception>
    public static Interval Ratio(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count || first.Count == 0)
            throw new ArgumentException($"answers to {first.Count} and to {second.Count} prompts cannot be paired");
        var random = SplitMix64.For(Seed, "paired bootstrap");
        var ratios = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            int a = 0, b = 0;
            for (var i = 0; i < first.Count; i++)
            {
                var prompt = random.Below(first.Count);
                if (first[prompt]) a++;
                if (second[prompt]) b++;
            }
            ratios[draw] = a == b ? 1 : (double)a / b;
        }
        Array.Sort(ratios);
        return new(ratios[(int)(0.025 * Draws)], ratios[(int)(0.975 * Draws) - 1]);
    }
}
