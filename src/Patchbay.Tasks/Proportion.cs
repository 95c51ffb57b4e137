using System.Text.Json.Serialization;

namespace Patchbay.Tasks;

/// <summary>A share that was counted.</summary>
/// <param name="Right">How many.</param>
/// <param name="Count">Of how many.</param>
public readonly record struct Proportion(int Right, int Count)
{
    private const double Z = 1.959963984540054; // of 95 %

    /// <summary>The share, 0 to 1; NaN of nothing.</summary>
    [JsonIgnore]
    public double Share => (double)Right / Count;

    /// <summary>Wilson's 95 % interval (Wilson 1927), which unlike share ± 2 standard errors stays within 0 and
    /// 1.</summary>
    [JsonIgnore]
    public (double Low, double High) Interval
    {
        get
        {
            double n = Count, p = Share;
            var centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
            var half = Z / (1 + Z * Z / n) * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
            return (Math.Max(0, centre - half), Math.Min(1, centre + half));
        }
    }

    /// <summary>"0.632 (0.588 to 0.673, n 500)".</summary>
    public override string ToString() =>
        $"{Share:0.000} ({Interval.Low:0.000} to {Interval.High:0.000}, n {Count})";
}

/// <summary>How much one counted share differs from another, and whether chance alone would do that.</summary>
/// <param name="Value">Second share less first.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="P">Two-sided p value.</param>
/// <param name="IsPaired">Whether both were counted on the same prompts.</param>
public sealed record ShareDifference(double Value, double Low, double High, double P, bool IsPaired)
{
    /// <summary>Whether p is below 5 %.</summary>
    public bool IsSignificant => P < 0.05;

    /// <summary>Of two shares counted on different prompts: the z test with the pooled share (Fleiss, Levin, Paik 2003,
    /// section 3.1) and the interval from Wilson's intervals of both (Newcombe 1998, "Interval estimation for the
    /// difference between independent proportions", Statistics in Medicine 17, method 10).</summary>
    public static ShareDifference Independent(Proportion first, Proportion second)
    {
        var pooled = (double)(first.Right + second.Right) / (first.Count + second.Count);
        var error = Math.Sqrt(pooled * (1 - pooled) * (1.0 / first.Count + 1.0 / second.Count));
        var difference = second.Share - first.Share;
        var p = error > 0 ? NormalTail.TwoSided(difference / error) : 1;
        return WithInterval(first, second, correlation: 0, p, paired: false);
    }

    /// <summary>Of two answers to the same prompts: McNemar's exact test, and the interval from Wilson's intervals of
    /// both with the answers' correlation (Newcombe 1998, "Improved confidence intervals for the difference between
    /// binomial proportions based on paired data", Statistics in Medicine 17, method 10).</summary>
    /// <exception cref="ArgumentException">The lists are not equally long.</exception>
    public static ShareDifference Paired(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        var (onlyFirst, onlySecond) = McNemar.Discordant(first, second);
        var both = first.Zip(second).Count(p => p.First && p.Second);
        double n = first.Count, neither = n - both - onlyFirst - onlySecond;
        var product = both * neither - (double)onlyFirst * onlySecond;
        if (product > 0) product = Math.Max(0, product - n / 2);
        var scale = Math.Sqrt(
            (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither));
        return WithInterval(new(both + onlyFirst, first.Count), new(both + onlySecond, first.Count),
            scale > 0 ? product / scale : 0, McNemar.PValue(onlyFirst, onlySecond), paired: true);
    }

    private static ShareDifference WithInterval(
        Proportion first, Proportion second, double correlation, double p, bool paired)
    {
        var difference = second.Share - first.Share;
        var ((low1, high1), (low2, high2)) = (first.Interval, second.Interval);
        double Half(double a, double b) => Math.Sqrt(Math.Max(0, a * a - 2 * correlation * a * b + b * b));
        return new(difference, difference - Half(second.Share - low2, high1 - first.Share),
            difference + Half(high2 - second.Share, first.Share - low1), p, paired);
    }
}

/// <summary>McNemar's test in its exact form (McNemar 1947, "Note on the sampling error of the difference between
/// correlated proportions or percentages", Psychometrika 12; exact by the binomial as in Fleiss, Levin, Paik 2003,
/// section 13.1): two answers to the same prompts are compared by the prompts that only one of them gets right. Were
/// both as good, each such prompt would fall to either side with probability 1/2.</summary>
public static class McNemar
{
    /// <summary>Two-sided p value: twice the smaller tail of the binomial with n = onlyFirst + onlySecond and p = 1/2,
    /// at most 1. 1 of nothing.</summary>
    /// <param name="onlyFirst">Prompts that only the first gets right.</param>
    /// <param name="onlySecond">Prompts that only the second gets right.</param>
    public static double PValue(int onlyFirst, int onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        var count = onlyFirst + onlySecond;
        // In logarithms, because 2^-n is below every double from n = 1075 up.
        var term = -count * Math.Log(2);
        var tail = Math.Exp(term);
        for (var i = 1; i <= Math.Min(onlyFirst, onlySecond); i++)
        {
            term += Math.Log(count - i + 1) - Math.Log(i);
            tail += Math.Exp(term);
        }
        return Math.Min(1, 2 * tail);
    }

    /// <summary>How many prompts only one of two gets right.</summary>
    /// <param name="first">What the first gets right, prompt by prompt.</param>
    /// <param name="second">The second's, of the same prompts.</param>
    /// <exception cref="ArgumentException">The lists are not equally long.</exception>
    public static (int OnlyFirst, int OnlySecond) Discordant(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count)
            throw new ArgumentException(
                $"answers to {first.Count} and to {second.Count} prompts cannot be paired");
        var pairs = first.Zip(second).ToArray();
        return (pairs.Count(p => p.First && !p.Second), pairs.Count(p => !p.First && p.Second));
    }
}

/// <summary>Tails of the normal distribution.</summary>
internal static class NormalTail
{
    /// <summary>Probability of being further than z from 0 on either side: erfc(|z| / sqrt 2), to about 14
    /// digits.</summary>
    public static double TwoSided(double z)
    {
        var x = Math.Abs(z) / Math.Sqrt(2);
        var bell = Math.Exp(-x * x);
        if (x < 2)
        {
            // erf's series of positive terms (Abramowitz, Stegun 7.1.6).
            double term = x, sum = x;
            for (var k = 1; term > 1e-17 * sum; k++) sum += term *= 2 * x * x / (2 * k + 1);
            return 1 - 2 / Math.Sqrt(Math.PI) * bell * sum;
        }
        // erfc's continued fraction (7.1.14), from its far end.
        var fraction = x;
        for (var k = 120; k >= 1; k--) fraction = x + k / 2.0 / fraction;
        return bell / Math.Sqrt(Math.PI) / fraction;
    }
}
