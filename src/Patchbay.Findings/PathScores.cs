namespace Patchbay.Findings;

/// <summary>Scores of one group.</summary>
/// <param name="Group">Which.</param>
/// <param name="Receivers">The heads its paths end in; empty for the logits.</param>
/// <param name="Scores">Mean over prompts of (p_patched - p_clean) / p_clean by [layer, head].</param>
/// <param name="StandardErrors">Standard error of that mean, by [layer, head].</param>
/// <param name="Samples">Prompts that each score is the mean of, by [layer, head]; NaN where there is no score yet, 0
/// where a head is at or above every receiver, so that its score is 0 without a measurement.</param>
public sealed record PathScores(PathGroup Group, IReadOnlyList<Head> Receivers, double[,] Scores,
    double[,] StandardErrors,
    double[,] Samples)
{
    /// <summary>Whether every head has its score of all prompts.</summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>Mean over all prompts, by [layer, head]; null where that is what scores are.</summary>
    public double[,]? OfAll { get; init; }

    /// <summary>Mean over the prompts that the model answers right, by [layer, head]; null where that is not
    /// known.</summary>
    public double[,]? OfRight { get; init; }

    /// <summary>Median over prompts, by [layer, head]; null where that is not known, as where prompts were run in
    /// batches.</summary>
    public double[,]? Median { get; init; }

    /// <summary>A matrix of which nothing is measured: NaN everywhere.</summary>
    public static double[,] Unmeasured(int rows, int columns)
    {
        var matrix = new double[rows, columns];
        foreach (var (row, column) in Head.All(rows, columns)) matrix[row, column] = double.NaN;
        return matrix;
    }

    /// <summary>A head's score.</summary>
    public double this[Head head] => Scores[head.Layer, head.Index];

    /// <summary>Layers whose heads can score: those below the highest receiver, all where the paths end in the
    /// logits.</summary>
    public int SenderLayers => Receivers.Count == 0 ? Scores.GetLength(0) : Receivers.Max(r => r.Layer);

    /// <summary>A head's two-sided p value (<see cref="FalseDiscovery.PValue"/>).</summary>
    public double P(Head head) => FalseDiscovery.PValue(this[head], StandardErrors[head.Layer, head.Index],
        Samples[head.Layer, head.Index]);

    /// <summary>Heads whose score is below zero and significant among all heads of the group that were measured, most
    /// negative first: at most the level's share of all significant heads is so by chance, in expectation.</summary>
    public IReadOnlyList<Head> Significant(double level = FalseDiscovery.Level)
    {
        var measured = Head.All(Math.Min(SenderLayers, Scores.GetLength(0)), Scores.GetLength(1));
        var limit = FalseDiscovery.Limit(measured.Select(P), level);
        return [.. Top(Scores.Length).Where(h => this[h] < 0 && P(h) <= limit)];
    }

    /// <summary>Significant heads whose score is at least <paramref name="share"/> of the strongest's, most negative
    /// first.</summary>
    public IReadOnlyList<Head> Salient(double share)
    {
        var ranked = Significant();
        return [.. ranked.Where(h => this[h] <= share * this[ranked[0]])];
    }

    /// <summary>The <paramref name="k"/> most negative heads, most negative first.</summary>
    public IReadOnlyList<Head> Top(int k) =>
        [.. Head.All(Scores.GetLength(0), Scores.GetLength(1)).OrderBy(h => double.IsNaN(this[h]) ? double.MaxValue
            : this[h]).ThenBy(h => (h.Layer, h.Index)).Take(k)];
}
