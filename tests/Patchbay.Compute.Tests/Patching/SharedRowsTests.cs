using Patchbay.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>What prompts have in common is computed once: the same numbers come out as from each prompt
/// alone.</summary>
public sealed class SharedRowsTests
{
    private const double Tolerance = 1e-12;

    [Fact]
    public void The_lines_of_a_scene_share_what_comes_before_their_question()
    {
        var rows = SharedRows.Of(new([[1, 2, 3, 4], [1, 2, 3, 5], [1, 6]]), 0, 100, null);

        Assert.Equal(3, rows.Count);
        Assert.Equal([1, 2, 3, 4, 5, 6, 0, 0], rows.Ids); // the third is padded
        Assert.Equal([0, 1, 2, 3, 7, 9, 10, 11], rows.Places);
        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 4, 0, 5, 6, 7], rows.Row);
        var (late, kept) = rows.After(2);
        Assert.Equal([2, 3, 4, 6, 7], kept);
        Assert.Equal([-1, -1, 0, 1, -1, -1, 0, 2, -1, -1, 3, 4], late.Row);
    }

    [Fact]
    public void What_is_kept_of_an_ablated_run_parts_rows_that_are_otherwise_equal()
    {
        var ablation = new Ablation([], [new([1, 2], [new(0, 0)])]);

        Assert.Equal([0, 1, 2, 3, 0, 4, 5, 6], SharedRows.Of(new([[1, 2, 3, 4], [1, 2, 3, 4]]), 0, 100, ablation).Row);
    }

    [Fact]
    public void A_chunk_takes_no_more_rows_than_it_may_but_one_prompt_at_least()
    {
        var prompts = new PaddedPrompts([[1, 2, 3], [1, 2, 4], [1, 5, 6], [1, 5, 7]]);

        Assert.Equal(1, SharedRows.Of(prompts, 0, 2, null).Count);
        Assert.Equal(2, SharedRows.Of(prompts, 0, 5, null).Count);
        Assert.Equal(3, SharedRows.Of(prompts, 0, 6, null).Count);
        Assert.Equal(4, SharedRows.Of(prompts, 0, 7, null).Count);
        Assert.Equal(2, SharedRows.Of(prompts, 2, 7, null).Count);
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(2, 4, false)]
    [InlineData(3, 2, true)]
    [InlineData(4, 4, true)]
    public void A_base_run_is_that_of_each_prompt_alone(int seed, int keyValueHeads, bool ablated)
    {
        var random = new Random(seed);
        using var model = RandomModels.Create(seed, layers: 3, heads: 4, keyValueHeads);
        var prompts = Lines(random);
        var from = seed % 3;
        using var mean = new Means(model, prompts, ablated);
        Ablation? Of(Range range) => ablated
            ? new(mean.Values, [.. mean.Kept.Select(k => k with { Positions = k.Positions[range] })], seed == 4) : null;

        using var run = BaseRun.Create(model, prompts, from, Of(..));

        for (var n = 0; n < prompts.Count; n++)
        {
            using var scope = NewDisposeScope();
            using var alone = BaseRun.Create(model, new([prompts.Prompts[n]]), from, Of(n..(n + 1)));
            var width = alone.Width;
            Near(alone.Final, run.Final.narrow(0, n, 1));
            for (var l = 0; l < model.Config.Layers; l++)
            {
                Near(alone.Z(l), run.Z(l).narrow(0, n, 1).narrow(1, 0, width));
                Near(alone.Layers[l].ResidPre, run.Layers[l].ResidPre.narrow(0, n * run.Width, width));
                Near(alone.Layers[l].ResidMid, run.Layers[l].ResidMid.narrow(0, n * run.Width, width));
                Near(alone.Layers[l].Query, run.Layers[l].Query.narrow(0, n * run.Width, width));
                Near(alone.Layers[l].KeyT.narrow(-1, 0, width), run.Layers[l]
                    .KeyT.narrow(0, n, 1).narrow(-1, 0, width));
                Near(alone.Layers[l].Value.narrow(2, 0, width), run.Layers[l]
                    .Value.narrow(0, n, 1).narrow(2, 0, width));
            }
        }
    }

    [Fact]
    public void Captures_come_in_the_order_of_the_prompts()
    {
        using var model = RandomModels.Create(5, layers: 2, heads: 2, keyValueHeads: 2);
        var prompts = Lines(new Random(5));
        Positions at = [.. prompts.Last.Select(last => last / 2)];

        var z = BaseRun.CaptureZ(model, prompts, [at])[0];

        for (var n = 0; n < prompts.Count; n++)
        {
            using var alone = BaseRun.Create(model, new([prompts.Prompts[n]]));
            for (var l = 0; l < 2; l++) Near(alone.Z(l).select(1, at[n]), z[l].narrow(0, n, 1));
        }
        foreach (var t in z) t.Dispose();
    }

    [Fact]
    public void A_mean_counts_every_prompt_that_shares_a_row()
    {
        using var model = RandomModels.Create(6, layers: 2, heads: 2, keyValueHeads: 1);
        var prompts = Lines(new Random(6));
        using var scope = NewDisposeScope();
        var sum = zeros([prompts.Tokens, 2, 4], dtype: ScalarType.Float64);
        for (var n = 0; n < prompts.Count; n++)
        {
            using var alone = BaseRun.Create(model, new([prompts.Prompts[n]]));
            sum.narrow(0, 0, alone.Width).add_(alone.Z(1)[0]);
        }
        var count = tensor(Enumerable.Range(0, prompts.Tokens).Select(t =>
            (double)prompts.Last.Count(last => last >= t)).ToArray());

        var mean = Ablation.MeanOf(model, prompts);

        Near(sum / count.view(-1, 1, 1), mean[1]);
        foreach (var t in mean) t.Dispose();
    }

    /// <summary>Scenes with a few questions each, of unequal length, in an order that takes scenes apart; one line
    /// comes twice.</summary>
    private static PaddedPrompts Lines(Random random)
    {
        int[] Some(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(1, 11))];
        var lines = Enumerable.Range(0, 4).Select(_ => Some(4 + random.Next(4)))
            .SelectMany(scene => Enumerable.Range(0, 3).Select(_ => (int[])[.. scene, .. Some(1 + random.Next(3))]))
                .ToList();
        lines.Add(lines[1]);
        return new([.. lines.OrderBy(_ => random.Next())]);
    }

    private static void Near(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().ToDouble(), 0, Tolerance);
    }

    /// <summary>Means of the prompts, and heads that two positions of each prompt keep.</summary>
    private sealed class Means : IDisposable
    {
        public Means(Decoder model, PaddedPrompts prompts, bool wanted)
        {
            Values = wanted ? Ablation.MeanOf(model, prompts) : [];
            Kept = [new([.. prompts.Last], [new(0, 1), new(2, 0)]),
                new([.. prompts.Last.Select(last => last / 2)], [new(1, 2), new(2, 3)])];
        }

        public Tensor[] Values { get; }

        public IReadOnlyList<KeptHeads> Kept { get; }

        public void Dispose()
        {
            foreach (var t in Values) t.Dispose();
        }
    }
}
