using Patchbay.Sweeps;

namespace Patchbay.Findings.Tests;

/// <summary>Means whose squares are beyond all numbers: changes relative to next to nothing.</summary>
public class EstimateTests
{
    [Theory]
    [InlineData(1.0)]
    [InlineData(1e200)]
    [InlineData(1.2e308)]
    public void A_mean_of_any_size_has_its_error(double unit)
    {
        var (mean, error, samples) = Estimate.Mean([unit, -unit / 2, unit / 4, unit]);
        Assert.Equal(4, samples);
        Assert.Equal(0.4375, mean / unit, 1e-12);
        Assert.Equal(Math.Sqrt(1.546875 / 3 / 4), error / unit, 1e-12);
        var pooled = Estimate.Pooled([Batch(unit, -unit / 2), Batch(unit / 4, unit)]);
        Assert.Equal(4, pooled.Samples);
        Assert.Equal(0.4375, pooled.Value / unit, 1e-12);
        Assert.Equal(error / unit, pooled.Error / unit, 1e-12);
    }

    private static InterventionResult Batch(params double[] values)
    {
        var (mean, error, samples) = Estimate.Mean(values);
        return new("a", mean, error, samples);
    }
}
