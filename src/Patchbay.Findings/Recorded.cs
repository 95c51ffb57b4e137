namespace Patchbay.Findings;

/// <summary>A mean with its standard error.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Error">Its standard error; NaN where there is none.</param>
/// <param name="Samples">Of how many.</param>
public readonly record struct Estimate(double Value, double Error, int Samples)
{
    /// <summary>Mean of some values and its standard error, NaN of fewer than two.</summary>
    public static Estimate Mean(double[] values)
    {
        var mean = values.Average();
        var squares = values.Sum(v => (v - mean) * (v - mean));
        if (!double.IsFinite(squares) && Unit(values) is { } unit)
            return Mean([.. values.Select(v => v / unit)]).Times(unit);
        return new(mean, values.Length < 2 ? double.NaN : Math.Sqrt(squares / (values.Length - 1) / values.Length),
            values.Length);
    }

    /// <summary>Median of some values. Its standard error is that of a normal distribution whose 95 % interval is the
    /// one between the order statistics n/2 ± 0.98 sqrt n, which holds whatever the values' distribution (Conover
    /// 1999, section 3.2); NaN of fewer than six.</summary>
    public static Estimate Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        var n = sorted.Length;
        var median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        if (n < 6) return new(median, double.NaN, n);
        var reach = 0.98 * Math.Sqrt(n);
        var (low, high) = ((int)Math.Max(0, Math.Floor(n / 2.0 - reach)),
            (int)Math.Min(n - 1, Math.Ceiling(n / 2.0 + reach) - 1));
        return new(median, (sorted[high] - sorted[low]) / (2 * 1.96), n);
    }

    // Changes relative to next to nothing are so large that their squares are no numbers: the unit that they are.
    private static double? Unit(IEnumerable<double> values) =>
        values.Select(Math.Abs).Max() is > 1 and < double.PositiveInfinity and var largest ? largest : null;

    private Estimate Times(double unit) => new(Value * unit, Error * unit, Samples);

    /// <summary>
    /// Mean, standard error and number of the prompts of several batches together, as the prompts would have given
    /// them: squares about the common mean are those about each batch's mean plus those of the batches' means.
    /// </summary>
    public static Estimate Pooled(IReadOnlyList<InterventionResult> batches)
    {
        // One batch is returned as it is, so that no bit of it changes.
        if (batches.Count == 1) return new(batches[0].Score, batches[0].Error, batches[0].Samples);
        var (count, sum, squares) = (0, 0.0, 0.0);
        for (var i = 0; i < batches.Count; i++)
        {
            count += batches[i].Samples;
            sum += batches[i].Score * batches[i].Samples;
        }
        var mean = sum / count;
        for (var i = 0; i < batches.Count; i++)
        {
            var (score, error, samples) = (batches[i].Score, batches[i].Error, batches[i].Samples);
            // of a single prompt there is no error to count
            if (samples > 1) squares += error * error * samples * (samples - 1);
            squares += samples * (score - mean) * (score - mean);
        }
        if (!double.IsFinite(squares)
            && Unit(batches.Where(b => b.Samples > 1).Select(b => b.Error).Concat(batches.Select(b => b.Score)))
                is { } unit)
            return Pooled([.. batches.Select(b => b with { Score = b.Score / unit, Error = b.Error / unit })])
                .Times(unit);
        return new(mean, count < 2 ? double.NaN : Math.Sqrt(squares / (count - 1) / count), count);
    }
}

/// <summary>What the completed units of a stage recorded, by the names of its items.</summary>
public sealed class Recorded
{
    private readonly ILookup<string, InterventionResult> results;

    /// <summary>Groups a stage's results, unit by unit in order.</summary>
    public Recorded(StageState stage) => results = stage.Results.ToLookup(r => r.Result.Item, r => r.Result,
        StringComparer.Ordinal);

    /// <summary>The results of an item; none where it was not recorded.</summary>
    public IReadOnlyList<InterventionResult> this[string item] => [.. results[item]];

    /// <summary>Prompt by prompt whether an item was answered; empty where that was not recorded.</summary>
    public IReadOnlyList<bool> Answers(string item) => [.. results[item]
        .SelectMany(r => (r.Detail?.Answers ?? "").Select(c => c == '1'))];

    /// <summary>The share of all prompts of an item, or null where there is none.</summary>
    public Proportion? ShareOrNull(string item) => results.Contains(item)
        ? new((int)Math.Round(results[item].Sum(r => r.Score * r.Samples)), results[item].Sum(r => r.Samples)) : null;

    /// <summary>The share of all prompts of an item that must be there.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public Proportion Share(string item) => ShareOrNull(item) ?? throw Missing(item);

    /// <summary>The mean over all units' prompts, with the error that they would have given together; null where there
    /// is none.</summary>
    public Estimate? MeanOrNull(string item) => results.Contains(item) ? Estimate.Pooled(this[item]) : null;

    /// <summary>That mean of an item that must be there.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public Estimate Mean(string item) => MeanOrNull(item) ?? throw Missing(item);

    private static InvalidDataException Missing(string item) =>
        new($"the sweep has no result '{item}' of a stage that is complete");
}
