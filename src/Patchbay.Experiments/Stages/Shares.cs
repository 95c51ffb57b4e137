using Patchbay.Experiments.Findings;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>Which prompts were answered, as results hold it: the share, its standard error sqrt(p (1 - p) / n), and where it matters prompt by prompt.</summary>
internal static class Shares
{
    /// <summary>A result without the single prompts.</summary>
    public static InterventionResult Of(string item, bool[] answered)
    {
        var share = answered.Count(a => a) / (double)answered.Length;
        return new(item, share, Math.Sqrt(share * (1 - share) / answered.Length), answered.Length);
    }

    /// <summary>A result with them.</summary>
    public static InterventionResult Each(string item, bool[] answered) =>
        Of(item, answered) with { Detail = string.Concat(answered.Select(a => a ? '1' : '0')) };

    /// <summary>The prompts of a result.</summary>
    public static IReadOnlyList<bool> Answers(InterventionResult result) => [.. (result.Detail ?? "").Select(c => c == '1')];

    /// <summary>All prompts of the results of one item, unit by unit in order.</summary>
    public static IReadOnlyList<bool> Answers(StageState stage, string item) =>
        [.. stage.Results.Where(r => r.Result.Item == item).SelectMany(r => Answers(r.Result))];

    /// <summary>The share of the results of one item, or null where there is none.</summary>
    public static Proportion? Total(StageState stage, string item)
    {
        var results = stage.Results.Where(r => r.Result.Item == item).Select(r => r.Result).ToArray();
        return results.Length == 0 ? null : new((int)Math.Round(results.Sum(r => r.Score * r.Samples)), results.Sum(r => r.Samples));
    }
}

/// <summary>Means of a number over prompts, as results hold them.</summary>
internal static class Means
{
    /// <summary>The mean and its standard error.</summary>
    public static InterventionResult Of(string item, double[] values)
    {
        var (mean, error) = PathPatching.MeanAndError(values);
        return new(item, mean, error, values.Length);
    }

    /// <summary>The mean over all units' prompts, with the error that they would have given together; null where there is none.</summary>
    public static Estimate? Total(StageState stage, string item)
    {
        var results = stage.Results.Where(r => r.Result.Item == item).Select(r => r.Result).ToArray();
        if (results.Length == 0) return null;
        var (mean, error, samples) = SweepResults.Pooled(results);
        return new(mean, error, samples);
    }
}
