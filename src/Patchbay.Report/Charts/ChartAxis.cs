namespace Patchbay.Report;

/// <summary>An axis: from values to places, and which values are written beside it.</summary>
internal sealed class ChartAxis
{
    private const double Least = 1e-9; // of a size: what is less is rounding
    private const double Smallest = 1e-300, Largest = 1e300; // beyond these a difference or a ratio is no number
    private const int MostDigits = 9;
    private readonly double low, high;
    private readonly bool logarithmic;
    private readonly string format;

    private ChartAxis(double low, double high, bool logarithmic, IReadOnlyList<double> ticks)
    {
        (this.low, this.high, this.logarithmic, Ticks) = (low, high, logarithmic, ticks);
        var step = ticks.Count > 1 ? ticks.Zip(ticks.Skip(1), (a, b) => b - a).Min() : high - low;
        var digits = 1 - (int)Math.Floor(Math.Log10(step));
        var isPlain = Math.Max(Math.Abs(low), Math.Abs(high)) < 1e6 && digits <= MostDigits;
        format = isPlain ? "#,0." + new string('#', Math.Max(digits, 0)) : "0.##e0";
    }

    /// <summary>Values to be written, in order.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis whose ends are round numbers around the values, or the given ends exactly.</summary>
    /// <param name="values">The values; those that are no finite numbers are left out. With none it goes from 0 to
    /// 1.</param>
    /// <param name="ticks">About how many ticks have room.</param>
    /// <param name="logarithmic">Whether equal distances are equal ratios; the values must be positive then.</param>
    /// <param name="ends">Ends to keep to, unless one is no finite number.</param>
    public static ChartAxis Around(IEnumerable<double> values, int ticks, bool logarithmic = false,
        (double Low, double High)? ends = null)
    {
        if (ends is { } given && !(double.IsFinite(given.Low) && double.IsFinite(given.High))) ends = null;
        double[] all = [.. values.Where(double.IsFinite).DefaultIfEmpty(logarithmic ? 1 : 0)];
        var (low, high) = ends ?? (all.Min(), all.Max());
        if (logarithmic)
            return Logarithmic(Math.Clamp(low, Smallest, Largest), Math.Clamp(high, Smallest, Largest), ticks);
        (low, high) = Apart(Math.Clamp(low, -Largest, Largest), Math.Clamp(high, -Largest, Largest));
        var step = RoundStep(high - low, ticks);
        if (ends is null)
            (low, high) = (Math.Floor(low / step + Least) * step, Math.Ceiling(high / step - Least) * step);
        return new(low, high, false, Multiples(low, high, step));
    }

    /// <summary>A value's place along the axis, 0 at its low end, 1 at its high end, beyond them outside.</summary>
    public double Fraction(double value) => logarithmic
        ? (Math.Log(Math.Max(value, Smallest)) - Math.Log(low)) / (Math.Log(high) - Math.Log(low))
        : (Math.Clamp(value, -Largest, Largest) - low) / (high - low);

    /// <summary>A tick's text.</summary>
    public string Label(double tick) => logarithmic
        ? tick.ToString(tick is >= 1e5 or < 1e-4 ? "0e0" : "#,0.####")
        : Numbers.Signed(tick, format, plus: "");

    /// <summary>Ends that differ by more than rounding does: the given ones, or the upper one moved.</summary>
    private static (double Low, double High) Apart(double low, double high)
    {
        var size = Math.Max(Math.Abs(low), Math.Abs(high));
        if (size < Smallest) return (0, 1);
        return high - low > Least * size ? (low, high) : (low, low + 0.1 * size);
    }

    private static ChartAxis Logarithmic(double low, double high, int ticks)
    {
        if (high < 1.5 * low) (low, high) = (low / 1.25, high * 1.25);
        var first = (int)Math.Floor(Math.Log10(low));
        int[] decades = [.. Enumerable.Range(first, (int)Math.Ceiling(Math.Log10(high)) - first + 1)];
        double[] Ticks(params int[] kinds) =>
            [.. decades.SelectMany(d => kinds.Select(k => k * Math.Pow(10, d))).Where(t => t >= low && t <= high)];
        double[][] candidates = [Ticks(1, 2, 5), Ticks(1, 3), Ticks(1)];
        var every = candidates[^1].Length / (ticks + 1) + 1;
        var chosen = candidates.FirstOrDefault(c => c.Length <= ticks + 1)
            ?? [.. candidates[^1].Where((_, i) => i % every == 0)];
        return new(low, high, true, chosen.Length > 2 ? chosen : Multiples(low, high, RoundStep(high - low, ticks)));
    }

    private static double[] Multiples(double low, double high, double step)
    {
        var first = (long)Math.Ceiling(low / step - Least);
        var last = (long)Math.Floor(high / step + Least);
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
    }

    /// <summary>The least of 1, 2, 5, 10, ... of the right power of ten of which about so many fit.</summary>
    private static double RoundStep(double length, int ticks)
    {
        var step = length / Math.Max(ticks, 1);
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        ReadOnlySpan<int> rounds = [1, 2, 5];
        foreach (var round in rounds)
            if (round * power >= step * (1 - Least)) return round * power;
        return 10 * power;
    }
}
