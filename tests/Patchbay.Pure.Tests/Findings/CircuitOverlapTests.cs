
namespace Patchbay.Findings.Tests;

public class CircuitOverlapTests
{
    private static readonly PathGroup Group = new("A", "value fetcher", "last");

    private static PathScores Scores(double[,] scores, double error = 0, params Head[] receivers)
    {
        var errors = new double[scores.GetLength(0), scores.GetLength(1)];
        var samples = new double[scores.GetLength(0), scores.GetLength(1)];
        foreach (var (layer, head) in Head.All(errors.GetLength(0), errors.GetLength(1)))
            (errors[layer, head], samples[layer, head]) = (error, 500);
        return new(Group, receivers, scores, errors, samples);
    }

    [Fact]
    public void Precision_divides_by_the_first_circuit_and_recall_by_the_second()
    {
        var scores = Scores(new double[2, 4]);
        var overlap = CircuitOverlap.Of(scores, [new(0, 0), new(0, 1)], scores,
            [new(0, 1), new(1, 0), new(1, 1), new(1, 2)]);
        Assert.Equal((2, 4, 1), (overlap.First, overlap.Second, overlap.Shared));
        Assert.Equal((0.5, 0.25, 0.2), (overlap.Precision, overlap.Recall, overlap.Jaccard));
    }

    [Theory]
    [InlineData(40, 68, 27, .68, .40)] // the paper's llama and float, A to D
    [InlineData(7, 29, 7, 1.0, .24)]
    [InlineData(20, 40, 15, .75, .38)]
    [InlineData(5, 38, 5, 1.0, .13)]
    public void The_published_figures_come_from_the_published_sizes(int first, int second, int shared, double precision,
        double recall)
    {
        var overlap = new CircuitOverlap(first, second, shared, 0);
        Assert.Equal(precision, overlap.Precision, 0.0051);
        Assert.Equal(recall, overlap.Recall, 0.0051);
    }

    [Fact]
    public void Nothing_of_an_empty_circuit_is_shared()
    {
        var overlap = CircuitOverlap.Of(Scores(new double[1, 2]), [], Scores(new double[1, 2]), [new(0, 1)]);
        Assert.True(double.IsNaN(overlap.Precision));
        Assert.Equal((0.0, 0.0), (overlap.Recall, overlap.Jaccard));
    }

    [Fact]
    public void Ranks_not_sizes_are_correlated_and_equal_values_share_a_rank()
    {
        Assert.Equal(1, CircuitOverlap.Spearman([1, 2, 3], [1, 10, 1000]), 1e-12);
        Assert.Equal(-1, CircuitOverlap.Spearman([1, 2, 3], [3, 2, 1]), 1e-12);
        // Ranks 1 2 3 4 and 1 2.5 2.5 4: products 2.25 + 0 + 0 + 2.25, squares 5 and 4.5.
        Assert.Equal(4.5 / Math.Sqrt(5 * 4.5), CircuitOverlap.Spearman([1, 2, 3, 4], [0, 5, 5, 9]), 1e-12);
        Assert.True(double.IsNaN(CircuitOverlap.Spearman([1, 2], [3, 3])));
        Assert.True(double.IsNaN(CircuitOverlap.Spearman([1], [3])));
    }

    [Fact]
    public void Heads_that_cannot_score_in_one_of_the_models_are_left_out_of_the_correlation()
    {
        var first = Scores(new double[,] { { -1, -2 }, { -3, 5 } }, 0, new Head(2, 0));
        var second = Scores(new double[,] { { -1, -2 }, { 0, 0 } }, 0, new Head(1, 0));
        Assert.Equal(1, CircuitOverlap.Of(first, [], second, []).RankCorrelation, 1e-12);
    }

    [Fact]
    public void Models_of_different_shapes_are_refused() => Assert.Throws<InvalidDataException>(() =>
        CircuitOverlap.Of(Scores(new double[1, 2]), [], Scores(new double[2, 2]), []));

    [Fact]
    public void Salient_heads_are_significantly_negative_and_strong_beside_the_strongest()
    {
        var scores = Scores(new[,] { { -0.5, -0.04, -0.06 }, { 0.7, -0.2, 0 } }, error: 0.02);
        Assert.Equal([new(0, 0), new(1, 1), new(0, 2)], scores.Salient(0.1));
        Assert.Equal([new(0, 0), new(1, 1)], Scores(scores.Scores, error: 0.05).Salient(0.1));
        Assert.Empty(Scores(new double[2, 2]).Salient(0.1));
    }
}
