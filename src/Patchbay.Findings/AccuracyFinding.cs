namespace Patchbay.Findings;

/// <summary>A model's accuracy.</summary>
/// <param name="Right">How many prompts it answers.</param>
/// <param name="Probability">Mean probability of the answer, with its standard error.</param>
/// <param name="Rank">Mean rank of the answer among all tokens, 1 the best, with its standard error.</param>
/// <param name="Answers">Which prompts, in order; empty where not recorded.</param>
public sealed record AccuracyFinding(Proportion Right, Estimate Probability, Estimate Rank, IReadOnlyList<bool> Answers)
{
    /// <summary>What a stage has found so far, or null where nothing.</summary>
    public static AccuracyFinding? Read(StageState stage)
    {
        var recorded = new Recorded(stage);
        if (recorded.ShareOrNull(Kinds.Accuracy) is not { } right) return null;
        var none = new Estimate(double.NaN, double.NaN, 0);
        return new(right, recorded.MeanOrNull("probability") ?? none, recorded.MeanOrNull("rank") ?? none,
            recorded.Answers(Kinds.Accuracy));
    }
}
