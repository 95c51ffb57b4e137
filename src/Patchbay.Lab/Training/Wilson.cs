using System.Globalization;

namespace Patchbay.Lab.Training;

/// <summary>Wilson's interval of a share (Wilson 1927), at 95 %.</summary>
public static class Wilson
{
    private const double Z = 1.959964;

    /// <summary>Lower and upper end.</summary>
    public static (double Low, double High) Interval(Score score)
    {
        if (score.Count == 0) return (0, 1);
        double n = score.Count, p = score.Accuracy;
        var center = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
        var half = Z / (1 + Z * Z / n) * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        return (Math.Max(0, center - half), Math.Min(1, center + half));
    }

    /// <summary>"0.632 (0.588 to 0.673, n 500)".</summary>
    public static string Text(Score score)
    {
        var (low, high) = Interval(score);
        return string.Create(CultureInfo.InvariantCulture, $"{score.Accuracy:0.000} ({low:0.000} to {high:0.000}, n {score.Count})");
    }
}
