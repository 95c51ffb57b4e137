namespace Patchbay.Findings;

/// <summary>Tails of Student's t distribution.</summary>
public static class StudentT
{
    /// <summary>Probability that |t| is at least that of <paramref name="t"/>: the regularised incomplete beta function
    /// I_x(v/2, 1/2) at x = v / (v + t²) (Abramowitz, Stegun 26.7.1), to about 12 digits.</summary>
    /// <param name="t">The statistic; NaN gives NaN.</param>
    /// <param name="freedom">Degrees of freedom v, 1 or more.</param>
    public static double TwoSided(double t, int freedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(freedom, 1);
        if (double.IsInfinity(t)) return 0;
        return double.IsNaN(t) ? double.NaN : IncompleteBeta(freedom / (freedom + t * t), freedom / 2.0, 0.5);
    }

    /// <summary>I_x(a, b): the continued fraction (Abramowitz, Stegun 26.5.8) on the side where it converges
    /// fast.</summary>
    private static double IncompleteBeta(double x, double a, double b)
    {
        if (x is <= 0 or >= 1) return x <= 0 ? 0 : 1;
        if (x > (a + 1) / (a + b + 2)) return 1 - IncompleteBeta(1 - x, b, a);
        var front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x)) / a;
        return front * Fraction(x, a, b);
    }

    /// <summary>Lentz's evaluation of the fraction.</summary>
    private static double Fraction(double x, double a, double b)
    {
        const double tiny = 1e-300;
        static double NotZero(double value) => Math.Abs(value) < tiny ? tiny : value;
        double c = 1, d = 1 / NotZero(1 - (a + b) * x / (a + 1)), value = d;
        for (var m = 1; m < 500; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / NotZero(1 + even * d);
            c = NotZero(1 + even / c);
            value *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / NotZero(1 + odd * d);
            c = NotZero(1 + odd / c);
            value *= d * c;
            if (Math.Abs(d * c - 1) < 1e-15) break;
        }
        return value;
    }

    /// <summary>ln Γ(x) of x above 0: Stirling's series (Abramowitz, Stegun 6.1.41) from 10 up, below it by
    /// Γ(x + 1) = x Γ(x).</summary>
    private static double LogGamma(double x)
    {
        var shift = 0.0;
        for (; x < 10; x++) shift -= Math.Log(x);
        double u = 1 / x, u2 = u * u;
        var series = u * (1.0 / 12 - u2 * (1.0 / 360 - u2 * (1.0 / 1260 - u2 * (1.0 / 1680 - u2 / 1188))));
        return shift + (x - 0.5) * Math.Log(x) - x + Math.Log(2 * Math.PI) / 2 + series;
    }
}
