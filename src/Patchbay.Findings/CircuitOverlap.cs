namespace Patchbay.Findings;

/// <summary>
/// How far one model's circuit, group by group, is another's (Prakash et al. 2024, appendix; method, section 4). The
/// first model is the base, the second one that was tuned from it:
/// precision = |first ∩ second| / |first|, the share of the base's heads that the tuned model uses too;
/// recall    = |first ∩ second| / |second|, the share of the tuned model's heads that the base uses already;
/// Jaccard   = |first ∩ second| / |first ∪ second|.
/// That precision divides by the base's circuit follows from the published figures: LLaMA-7B has 40 heads in A and
/// Float-7B 68, 27 of them the same, given as precision .68 = 27/40 and recall .40 = 27/68 (B: 7 and 29, 7 the same,
/// 1.0 and .24). A share of an empty circuit is NaN.
/// </summary>
/// <param name="First">Heads of the first model's circuit.</param>
/// <param name="Second">Heads of the second model's.</param>
/// <param name="Shared">Heads of both.</param>
/// <param name="RankCorrelation">Spearman's correlation between the two models' scores of all heads that can score in
/// both.</param>
public sealed record CircuitOverlap(int First, int Second, int Shared, double RankCorrelation)
{
    /// <summary>Share of the first circuit that is in the second.</summary>
    public double Precision => (double)Shared / First;

    /// <summary>Share of the second circuit that is in the first.</summary>
    public double Recall => (double)Shared / Second;

    /// <summary>Shared heads among all heads of either circuit.</summary>
    public double Jaccard => (double)Shared / (First + Second - Shared);

    /// <summary>Overlap of two models' heads of one group.</summary>
    /// <param name="first">Scores of the first model.</param>
    /// <param name="firstHeads">Its circuit's heads of this group.</param>
    /// <param name="second">Scores of the second model, of the same shape.</param>
    /// <param name="secondHeads">Its circuit's heads of this group.</param>
    /// <exception cref="InvalidDataException">The models have different numbers of layers or heads.</exception>
    public static CircuitOverlap Of(PathScores first, IReadOnlyCollection<Head> firstHeads, PathScores second,
        IReadOnlyCollection<Head> secondHeads)
    {
        var (layers, heads) = (first.Scores.GetLength(0), first.Scores.GetLength(1));
        if ((second.Scores.GetLength(0), second.Scores.GetLength(1)) != (layers, heads))
            throw new InvalidDataException(
                $"circuits of {layers} layers of {heads} heads and "
                + $"of {second.Scores.GetLength(0)} of {second.Scores.GetLength(1)} cannot be compared");
        Head[] able = [.. Head.All(Math.Min(first.SenderLayers, second.SenderLayers), heads)];
        return new(firstHeads.Distinct().Count(), secondHeads.Distinct().Count(),
            firstHeads.Intersect(secondHeads).Count(),
            Spearman([.. able.Select(h => first[h])], [.. able.Select(h => second[h])]));
    }

    /// <summary>Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank. NaN for
    /// fewer than two values, or where all values of one side are equal.</summary>
    /// <exception cref="ArgumentException">The two are not equally long.</exception>
    public static double Spearman(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        if (first.Count != second.Count) throw new ArgumentException(
            $"{first.Count} and {second.Count} values cannot be correlated");
        if (first.Count < 2) return double.NaN;
        var (a, b) = (Ranks(first), Ranks(second));
        var mean = (first.Count + 1) / 2.0;
        var product = a.Zip(b, (x, y) => (x - mean) * (y - mean)).Sum();
        return product / Math.Sqrt(a.Sum(x => (x - mean) * (x - mean)) * b.Sum(y => (y - mean) * (y - mean)));
    }

    private static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Count];
        for (int from = 0, to; from < order.Length; from = to)
        {
            for (to = from + 1; to < order.Length && values[order[to]] == values[order[from]];) to++;
            foreach (var i in order[from..to]) ranks[i] = (from + 1 + to) / 2.0;
        }
        return ranks;
    }
}

/// <summary>Overlap of one group of two models' circuits.</summary>
/// <param name="Model">The second model.</param>
/// <param name="Group">"A".</param>
/// <param name="Overlap">Of the two.</param>
public sealed record GroupOverlap(string Model, string Group, CircuitOverlap Overlap);
