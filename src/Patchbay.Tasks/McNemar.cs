namespace Patchbay.Tasks;

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
        if (first.Count != second.Count) throw new ArgumentException($"answers to {first.Count} and to {second.Count} prompts cannot be paired");
        var pairs = first.Zip(second).ToArray();
        return (pairs.Count(p => p.First && !p.Second), pairs.Count(p => !p.First && p.Second));
    }
}
