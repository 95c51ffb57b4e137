namespace Patchbay.Findings.Tests;

public class PairedBootstrapTests
{
    [Fact]
    public void Equal_answers_have_a_ratio_of_1_without_doubt()
    {
        bool[] answers = [.. Enumerable.Range(0, 100).Select(i => i % 3 == 0)];
        Assert.Equal(new Interval(1, 1), PairedBootstrap.Ratio(answers, answers));
    }

    [Fact]
    public void The_interval_knows_that_answers_to_the_same_prompts_go_together()
    {
        // 60 right in common of 100; the first has 3 more.
        bool[] second = [.. Enumerable.Range(0, 100).Select(i => i < 60)];
        bool[] together = [.. Enumerable.Range(0, 100).Select(i => i < 63)];
        bool[] apart = [.. Enumerable.Range(0, 100).Select(i => i >= 37)];
        var (near, far) = (PairedBootstrap.Ratio(together, second), PairedBootstrap.Ratio(apart, second));
        Assert.InRange(near.Low, 1, 1.03);
        Assert.InRange(near.High, 1.09, 1.15);
        Assert.True(far.Low < 0.85 && far.High > 1.25, $"{far}");
    }

    [Fact]
    public void It_holds_the_truth_in_about_95_of_100_cases()
    {
        var random = new Random(3);
        var held = 0;
        const int cases = 120;
        for (var i = 0; i < cases; i++)
        {
            var prompts = Enumerable.Range(0, 200).Select(_ => random.NextDouble()).ToArray();
            var interval = PairedBootstrap.Ratio([.. prompts.Select(u => u < 0.4)], [.. prompts.Select(u => u < 0.5)]);
            if (interval.Low <= 0.8 && interval.High >= 0.8) held++;
        }
        Assert.InRange(held, 106, 120);
    }

    [Fact]
    public void Nothing_right_without_a_head_makes_the_ratio_infinite()
    {
        var ratio = PairedBootstrap.Ratio([true, true, true], [false, false, false]);
        Assert.Equal(double.PositiveInfinity, ratio.High);
        Assert.Equal(new Interval(1, 1), PairedBootstrap.Ratio([false], [false]));
        Assert.Throws<ArgumentException>(() => PairedBootstrap.Ratio([true], [true, false]));
    }

    [Fact]
    public void A_head_is_decided_where_its_interval_is_on_one_side_of_the_threshold()
    {
        static MinimalityFinding Of(double low, double high) =>
            new("A", new(0, 0), new(50, 100), new(49, 100), 0, true) { Interval = new(low, high) };
        Assert.Equal(("kept", true), (Of(0.01, 0.2).Verdict, Of(0.01, 0.2).IsDecided));
        Assert.Equal(("kept, not decided", false), (Of(-0.02, 0.2).Verdict, Of(-0.02, 0.2).IsDecided));
        Assert.True(Of(-0.2, 0.009).IsDecided);
        Assert.Equal("kept", (Of(0, 0) with { Interval = null }).Verdict);
    }
}
