namespace Patchbay.Findings;

/// <summary>Which of many tests tell something (Benjamini and Hochberg 1995, "Controlling the false discovery rate",
/// Journal of the Royal Statistical Society B 57): of m sorted p values the first k are significant, k the largest with
/// p(k) at most k / m times the level. Of all that are called significant at most that share is chance, in expectation.
/// With bare two standard errors one head in twenty of a model that does nothing would pass.</summary>
public static class FalseDiscovery
{
    /// <summary>The level where none is given.</summary>
    public const double Level = 0.05;

    /// <summary>The largest p value that is significant; -1 where none is. NaN is no test and not counted.</summary>
    public static double Limit(IEnumerable<double> pValues, double level = Level)
    {
        double[] sorted = [.. pValues.Where(p => !double.IsNaN(p)).Order()];
        for (var k = sorted.Length; k >= 1; k--)
            if (sorted[k - 1] <= level * k / sorted.Length) return sorted[k - 1];
        return -1;
    }

    /// <summary>Two-sided p value of a mean being 0, by the t distribution with n - 1 degrees of freedom. Journals hold
    /// each head's mean, error and number of prompts and not every prompt's value, so that a sign-flip test, which
    /// needs those, is not to be had. Two-sided, because a head may also hold the answer back; that is the careful
    /// choice, too, for relative changes, whose long tail lies above 0. NaN where there is no error to judge by; 1 of a
    /// score that is exactly 0, such as that of a head which never had an effect.</summary>
    public static double PValue(double mean, double error, double samples) =>
        mean == 0 ? 1 : double.IsNaN(error) || !(samples >= 2) ? double.NaN
            : StudentT.TwoSided(mean / error, (int)samples - 1);
}
