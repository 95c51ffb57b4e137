using System.Globalization;
using Patchbay.Tasks;

using Patchbay.Findings;

namespace Patchbay.Cli.Report;

/// <summary>Numbers as reports write them; what is not there is a dash.</summary>
internal static class Numbers
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    /// <summary>"0.632".</summary>
    public static string Share(double value, string format = "0.000") =>
        double.IsFinite(value) ? Signed(value, "", format) : double.IsPositiveInfinity(value) ? "∞" : None;

    /// <summary>A published share, two digits as published.</summary>
    public static Cell Published(double? value) => value is { } share ? Share(share, "0.00") : (Cell)None;

    /// <summary>"+0.182", "−0.020".</summary>
    public static string Difference(double value, string format = "0.000") => double.IsFinite(value) ? Signed(value, "+", format) : None;

    /// <summary>"−0.371 ± 0.002": as many digits as the error's first is behind the point, three at least.</summary>
    public static string Score(double value, double error)
    {
        var digits = error > 0 ? Math.Clamp(-(int)Math.Floor(Math.Log10(error)), 3, 7) : 3;
        var format = "0." + new string('0', digits);
        return Share(value, format) + (double.IsFinite(error) ? " ± " + error.ToString(format, CultureInfo.InvariantCulture) : "");
    }

    /// <summary>A share with its 95 % interval.</summary>
    public static Cell Of(Proportion share) => share.Count == 0 ? None
        : new Cell(Share(share.Share), Interval(share.Interval.Low, share.Interval.High));

    /// <summary>A share with its interval, or a dash.</summary>
    public static Cell Of(Proportion? share) => share is { } some ? Of(some) : None;

    /// <summary>A mean with its standard error.</summary>
    public static Cell Of(Estimate mean, string format = "0.000") =>
        new(Share(mean.Value, format), double.IsFinite(mean.Error) ? $"± {mean.Error.ToString(format, CultureInfo.InvariantCulture)}" : "");

    /// <summary>A difference with its interval.</summary>
    public static Cell Of(ShareDifference difference) => new(Difference(difference.Value), IntervalOfDifference(difference));

    /// <summary>"−0.02 to +0.10".</summary>
    public static string IntervalOfDifference(ShareDifference difference) => $"{Difference(difference.Low)} to {Difference(difference.High)}";

    /// <summary>"p &lt; .001", "p = .31"; "not significant (p = .31)" from 5 % up.</summary>
    public static string Significance(double p) => p < 0.05 ? P(p) : $"not significant ({P(p)})";

    /// <summary>"p &lt; .001", "p = .012", "p = .31".</summary>
    public static string P(double p) => p switch
    {
        double.NaN => None,
        < 0.001 => "p < .001",
        < 0.1 => "p = " + p.ToString(".000", CultureInfo.InvariantCulture),
        > 0.995 => "p = 1",
        _ => "p = " + p.ToString(".00", CultureInfo.InvariantCulture),
    };

    /// <summary>"1 head", "2 heads".</summary>
    public static string Count(int count, string noun) => Sweeps.SweepText.Count(count, noun);

    /// <summary>"0.588–0.673".</summary>
    private static string Interval(double low, double high) => string.Create(CultureInfo.InvariantCulture, $"{low:0.000}–{high:0.000}");

    private static string Signed(double value, string plus, string format)
    {
        var text = Math.Abs(value).ToString(format, CultureInfo.InvariantCulture);
        var isZero = text.All(c => c is '0' or '.');
        return (isZero ? "" : value < 0 ? "−" : plus) + text;
    }
}
