namespace Patchbay.Tasks.Tests;

public sealed class SignificanceTests
{
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(1, 5, 14 / 64.0)] // 2 (1 + 6) / 2^6
    [InlineData(0, 10, 2 / 1024.0)]
    [InlineData(3, 7, 352 / 1024.0)] // 2 (1 + 10 + 45 + 120) / 2^10
    [InlineData(2, 12, 212 / 16384.0)] // 2 (1 + 14 + 91) / 2^14
    [InlineData(5, 5, 1)]
    public void McNemar_s_exact_test_is_twice_the_binomial_s_smaller_tail(int onlyFirst, int onlySecond,
        double expected)
    {
        Assert.Equal(expected, McNemar.PValue(onlyFirst, onlySecond), 1e-12);
        Assert.Equal(expected, McNemar.PValue(onlySecond, onlyFirst), 1e-12);
    }

    [Fact]
    public void McNemar_s_test_has_a_p_value_where_single_terms_are_below_every_double()
    {
        // n = 2,000, where the normal distribution fits to some per cent: z = (1,080 - 920 - 1) / sqrt(2,000) = 3.555,
        // p = .00038.
        Assert.InRange(McNemar.PValue(920, 1080), 0.00036, 0.00040);
        Assert.Equal(1, McNemar.PValue(3000, 3000), 1e-9);
    }

    [Fact]
    public void Prompts_that_only_one_gets_right_are_counted()
    {
        Assert.Equal((1, 2), McNemar.Discordant([true, true, false, false, false], [true, false, true, true, false]));
        Assert.Throws<ArgumentException>(() => McNemar.Discordant([true], [true, false]));
    }

    [Fact]
    public void The_difference_of_independent_shares_has_Newcombe_s_interval_and_the_z_test()
    {
        // Newcombe 1998, table II, 56/70 - 48/80 by method 10: 0.0524 to 0.3339.
        var difference = ShareDifference.Independent(new(48, 80), new(56, 70));
        Assert.Equal(0.2, difference.Value, 1e-12);
        Assert.Equal((0.0524, 0.3339), (Math.Round(difference.Low, 4), Math.Round(difference.High, 4)));
        // z = 0.2 / sqrt(104/150 * 46/150 * (1/70 + 1/80)) = 2.6501.
        Assert.Equal(0.00805, difference.P, 5e-5);
        Assert.True(difference is { IsSignificant: true, IsPaired: false });
    }

    [Theory]
    [InlineData(500, 500, 1)]
    [InlineData(490, 510, 0.371093369522698)] // z = 0.02 / sqrt(0.5 / 1000) = 0.894427
    [InlineData(460, 540, 0.000346619)] // z = 3.577709: the continued fraction
    public void The_z_test_s_p_value_is_the_normal_distribution_s_two_tails(int first, int second, double expected) =>
        Assert.Equal(expected, ShareDifference.Independent(new(first, 1000), new(second, 1000)).P, 1e-8);

    [Fact]
    public void Answers_to_the_same_prompts_are_tested_by_those_that_only_one_gets_right()
    {
        bool[] first = [.. Enumerable.Range(0, 100).Select(i => i < 60)];
        bool[] second = [.. Enumerable.Range(0, 100).Select(i => i < 58 || i is >= 60 and < 72)]; // loses 2, wins 12
        var difference = ShareDifference.Paired(first, second);
        Assert.Equal(0.10, difference.Value, 1e-12);
        Assert.Equal(212 / 16384.0, difference.P, 1e-12);
        Assert.True(difference.IsPaired);
        var independent = ShareDifference.Independent(new(60, 100), new(70, 100));
        Assert.False(independent.IsSignificant);
        // Answers that agree tell more: the interval is narrower.
        Assert.True(difference.High - difference.Low < independent.High - independent.Low);
        Assert.True(difference.Low > 0);
    }

    [Fact]
    public void The_same_answers_do_not_differ()
    {
        bool[] answers = [true, false, true, true];
        var difference = ShareDifference.Paired(answers, answers);
        Assert.Equal((0.0, 1.0), (difference.Value, difference.P));
        Assert.InRange(0, difference.Low, difference.High);
    }
}
