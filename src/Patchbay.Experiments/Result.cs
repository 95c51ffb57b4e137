namespace Patchbay.Experiments;

/// <summary>The part of a stage that has but one.</summary>
public readonly record struct None;

/// <summary>Results of many prompts.</summary>
public static class Result
{
    /// <summary>The share of prompts answered, its standard error sqrt(p (1 - p) / n).</summary>
    public static InterventionResult Share(string item, bool[] answered)
    {
        var share = answered.Count(a => a) / (double)answered.Length;
        return new(item, share, Math.Sqrt(share * (1 - share) / answered.Length), answered.Length);
    }

    /// <summary>The share, and which prompts they are.</summary>
    public static InterventionResult Answered(string item, bool[] answered) =>
        Share(item, answered) with { Detail = new() { Answers = string.Concat(answered.Select(a => a ? '1' : '0')) } };

    /// <summary>The mean of a number over prompts, with its standard error.</summary>
    public static InterventionResult Mean(string item, double[] values)
    {
        var (mean, error, samples) = Estimate.Mean(values);
        return new(item, mean, error, samples);
    }

    /// <summary>A number without an error.</summary>
    public static InterventionResult Number(string item, double value, int samples = 1) =>
        new(item, value, double.NaN, samples);
}
