using Patchbay.Tasks;

namespace Patchbay.Findings.Tests;

public class FalseDiscoveryTests
{
    [Theory]
    // scipy.stats.t.sf(t, freedom) * 2
    [InlineData(1, 1, 0.5)]
    [InlineData(12.706204736174698, 1, 0.05)]
    [InlineData(2, 5, 0.10193947882501403)]
    [InlineData(-2.5, 10, 0.031446844236608404)]
    [InlineData(1.9840, 99, 0.050017)]
    [InlineData(0.1, 299, 0.9204116)]
    [InlineData(0, 30, 1)]
    public void Tails_of_student_s_t_are_those_of_the_tables(double t, int freedom, double p) =>
        Assert.Equal(p, StudentT.TwoSided(t, freedom), 1e-5);

    [Fact]
    public void With_one_and_two_degrees_of_freedom_the_tails_have_closed_forms()
    {
        foreach (var t in new[] { 0.01, 0.3, 1, 2.7, 40, 1e4 })
        {
            Assert.Equal(1 - 2 / Math.PI * Math.Atan(t), StudentT.TwoSided(t, 1), 1e-12);
            Assert.Equal(1 - t / Math.Sqrt(2 + t * t), StudentT.TwoSided(-t, 2), 1e-12);
        }
    }

    [Fact]
    public void With_many_degrees_of_freedom_the_tail_is_the_normal_one() =>
        Assert.Equal(0.05, StudentT.TwoSided(1.959963984540054, 10_000_000), 1e-7);

    [Fact]
    public void The_limit_is_that_of_the_example_of_benjamini_and_hochberg()
    {
        double[] published = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528,
            .7590, 1];
        Assert.Equal(.0095, FalseDiscovery.Limit(published));
        Assert.Equal(-1, FalseDiscovery.Limit([.06, .5, double.NaN]));
        Assert.Equal(.04, FalseDiscovery.Limit([double.NaN, .04]));
    }

    [Fact]
    public void A_head_is_tested_by_its_error_and_number_of_prompts()
    {
        Assert.Equal(StudentT.TwoSided(2.5, 99), FalseDiscovery.PValue(-0.25, 0.1, 100));
        Assert.Equal(1, FalseDiscovery.PValue(0, 0, 0));
        Assert.Equal(0, FalseDiscovery.PValue(-0.1, 0, 10));
        Assert.True(double.IsNaN(FalseDiscovery.PValue(-0.1, double.NaN, 1)));
    }

    [Fact]
    public void Of_models_that_do_nothing_hardly_any_head_is_significant_where_two_errors_call_many_so()
    {
        var random = new Random(5);
        var (found, bare) = (0, 0);
        for (var model = 0; model < 200; model++)
        {
            var scores = new PathScores(PathChain.EntityTracking.Groups[0], [], new double[6, 8], new double[6, 8],
                new double[6, 8]);
            foreach (var head in Head.All(6, 8))
            {
                double[] values = [.. Enumerable.Range(0, 40).Select(_ => Normal(random))];
                var mean = Estimate.Mean(values);
                (scores.Scores[head.Layer, head.Index], scores.StandardErrors[head.Layer, head.Index],
                    scores.Samples[head.Layer, head.Index]) = (mean.Value, mean.Error, mean.Samples);
            }
            found += scores.Significant().Count > 0 ? 1 : 0;
            bare += Head.All(6, 8).Any(h => scores[h] < -2 * scores.StandardErrors[h.Layer, h.Index]) ? 1 : 0;
        }
        Assert.True(found <= 200 * 0.06, $"{found} of 200 models have a significant head");
        Assert.True(bare > 100, $"{bare} of 200 models have a head below two errors");
    }

    [Fact]
    public void Significant_heads_are_the_negative_ones_among_those_that_could_score()
    {
        double[,] scores = { { -0.5, 0.4, -0.01 }, { -0.2, 0, -0.3 }, { 0, 0, 0 } };
        double[,] errors = { { 0.01, 0.01, 0.1 }, { 0.01, 0.01, 0.29 }, { 0, 0, 0 } };
        double[,] samples = { { 50, 50, 50 }, { 50, 50, 50 }, { 0, 0, 0 } };
        var group = new PathScores(PathChain.EntityTracking.Groups[1], [new(2, 0)], scores, errors, samples);
        Assert.Equal([new(0, 0), new(1, 0)], group.Significant());
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
