using System.Text.Json.Serialization;

namespace Patchbay.Tasks;

/// <summary>A share that was counted.</summary>
/// <param name="Right">How many.</param>
/// <param name="Count">Of how many.</param>
public readonly record struct Proportion(int Right, int Count)
{
    private const double Z = 1.959963984540054; // of 95 %

    /// <summary>The share, 0 to 1; NaN of nothing.</summary>
    [JsonIgnore]
    public double Share => (double)Right / Count;

    /// <summary>Wilson's 95 % interval (Wilson 1927), which unlike share ± 2 standard errors stays within 0 and
    /// 1.</summary>
    [JsonIgnore]
    public (double Low, double High) Interval
    {
        get
        {
            double n = Count, p = Share;
            var centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
            var half = Z / (1 + Z * Z / n) * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
            return (Math.Max(0, centre - half), Math.Min(1, centre + half));
        }
    }

    /// <summary>"0.632 (0.588 to 0.673, n 500)".</summary>
    public override string ToString() =>
        $"{Share:0.000} ({Interval.Low:0.000} to {Interval.High:0.000}, n {Count})";
}
