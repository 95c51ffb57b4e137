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

    /// <summary>A mean of relative changes, and the prompts that it leaves out.</summary>
    /// <param name="item">Its name.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="leftOut">Indices of the prompts left out, among those of the unit.</param>
    /// <param name="first">Index of the unit's first prompt among the task's.</param>
    public static InterventionResult Change(string item, Estimate mean, IReadOnlyList<int> leftOut, int first) =>
        new(item, mean.Value, mean.Error, mean.Samples)
        {
            Detail = leftOut.Count == 0 ? null
                : new() { LeftOut = LeftOutPrompts.Text([.. leftOut.Select(n => first + n)]) },
        };

    /// <summary>A head's score, the summary of its changes that is asked for, with the others beside it.</summary>
    /// <param name="score">The head's changes.</param>
    /// <param name="which">"mean", "median" or "right", which is the mean where no prompt is answered right.</param>
    /// <param name="first">Index of the unit's first prompt among the task's.</param>
    public static InterventionResult Score(HeadScore score, string which, int first)
    {
        static OtherNumber? Other(Estimate? of, bool isScore) =>
            of is { } e && !isScore ? new(e.Value, e.Error, e.Samples) : null;
        var (isRight, isMedian) = (which == PathPatchingParameters.OfRight, which == PathPatchingParameters.Median);
        var chosen = (isRight ? score.OfRight : isMedian ? score.Median : null) ?? score.Score;
        var result = Change(score.Head.ToString(), chosen, score.LeftOut, first);
        return result with
        {
            Head = score.Head,
            Detail = (result.Detail ?? new()) with
            {
                Mean = Other(score.Score, !isRight && !isMedian),
                OfRight = Other(score.OfRight, isRight),
                Median = Other(score.Median, isMedian),
            },
        };
    }

    /// <summary>A number without an error.</summary>
    public static InterventionResult Number(string item, double value, int samples = 1) =>
        new(item, value, double.NaN, samples);
}
