namespace Patchbay.Tasks.Tests;

public class SplitMix64Tests
{
    [Fact]
    public void Uniform_numbers_are_in_range_and_have_their_mean_and_variance()
    {
        var random = new SplitMix64(3);
        double[] drawn = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextDouble())];
        Assert.All(drawn, x => Assert.InRange(x, 0, 1 - 1e-16));
        Assert.Equal(0.5, drawn.Average(), 0.005);
        Assert.Equal(1.0 / 12, drawn.Average(x => (x - 0.5) * (x - 0.5)), 0.001);
    }

    [Fact]
    public void It_gives_the_published_sequence_of_seed_1234567()
    {
        var random = new SplitMix64(1234567);
        ulong[] expected =
        [
            6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
        ];
        Assert.Equal(expected, expected.Select(_ => random.Next()));
    }

    [Fact]
    public void Below_is_uniform_and_stays_below()
    {
        var random = new SplitMix64(20);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++) counts[random.Below(7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));
    }

    [Fact]
    public void A_sample_holds_different_items_and_reaches_every_one()
    {
        var random = new SplitMix64(1);
        var items = Enumerable.Range(0, 10).ToList();
        var seen = new HashSet<int>();
        for (var i = 0; i < 200; i++)
        {
            var sample = random.Sample(items, 3);
            Assert.Equal(3, sample.Distinct().Count());
            seen.UnionWith(sample);
        }
        Assert.Equal(10, seen.Count);
        Assert.Equal(items, random.Sample(items, 10).Order());
    }

    [Fact]
    public void Purposes_of_one_seed_do_not_share_a_sequence()
    {
        Assert.NotEqual(SplitMix64.For(20, "scenes").Next(), SplitMix64.For(20, "counterfactuals").Next());
        Assert.Equal(SplitMix64.For(20, "scenes").Next(), SplitMix64.For(20, "scenes").Next());
    }
}
