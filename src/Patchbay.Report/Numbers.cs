namespace Patchbay.Report;

/// <summary>Numbers as reports and pictures write them: the minus is a real one, what is not there a dash.</summary>
internal static class Numbers
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    /// <summary>"0.632"; "∞" where it is.</summary>
    public static string Share(double value, string format = "0.000") =>
        double.IsFinite(value) ? Signed(value, format, plus: "") : double.IsPositiveInfinity(value) ? "∞" : None;

    /// <summary>"+0.182", "−0.020".</summary>
    public static string Difference(double value, string format = "0.000") =>
        double.IsFinite(value) ? Signed(value, format) : None;

    /// <summary>A difference's 95 % interval: "−0.020 to +0.100".</summary>
    public static string Interval(ShareDifference difference) =>
        $"{Difference(difference.Low)} to {Difference(difference.High)}";

    /// <summary>"+0.182, p &lt; .001".</summary>
    public static string Tested(ShareDifference difference) =>
        $"{Difference(difference.Value)}, {Significance(difference.P)}";

    /// <summary>"−0.371 ± 0.002": as many digits as the error's first is behind the point, three at least.</summary>
    public static string Score(double value, double error)
    {
        var digits = error > 0 ? Math.Clamp(-(int)Math.Floor(Math.Log10(error)), 3, 7) : 3;
        var format = "0." + new string('0', digits);
        return Share(value, format) + (double.IsFinite(error) ? " ± " + error.ToString(format) : "");
    }

    /// <summary>"p &lt; .001", "p = .31"; "not significant (p = .31)" from 5 % up.</summary>
    public static string Significance(double p) => p < 0.05 ? P(p) : $"not significant ({P(p)})";

    /// <summary>"p &lt; .001", "p = .012", "p = .31".</summary>
    public static string P(double p) => p switch
    {
        double.NaN => None,
        < 0.001 => "p < .001",
        < 0.1 => $"p = {p:.000}",
        > 0.995 => "p = 1",
        _ => $"p = {p:.00}",
    };

    /// <summary>A finite number with its sign; what is zero as it is written has none.</summary>
    public static string Signed(double value, string format, string plus = "+")
    {
        var text = Math.Abs(value).ToString(format);
        var isZero = text.All(c => c is '0' or '.');
        return (isZero ? "" : value < 0 ? "−" : plus) + text;
    }
}
