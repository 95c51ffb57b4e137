using Patchbay.Models;

namespace Patchbay.Experiments.Tests;

public sealed class DcmBenchmarkTests
{
    [Fact]
    public void It_times_the_same_training_by_cone_and_by_whole_passes()
    {
        var config = new DecoderConfig
        {
            Layers = 3,
            Heads = 2,
            KeyValueHeads = 2,
            HeadWidth = 8,
            Width = 16,
            FeedForward = 24,
            Vocabulary = 20
        };
        using var model = Decoder.Random(config, 1);
        var random = new Random(1);
        int[] Ids() => [.. Enumerable.Range(0, 12).Select(_ => random.Next(20))];
        DcmTriple[] triples = [.. Enumerable.Range(0, 80).Select(_ =>
            new DcmTriple(Ids(), 11, Ids(), 11, random.Next(20)))];
        var result = DcmBenchmark.Run("random", model, [new("last", [new(1, 0), new(2, 1)], triples)], 2);
        Assert.Equal((32, 4, 12), (result.Batch, result.Steps, result.Tokens));
        var group = Assert.Single(result.Groups);
        Assert.True(group.StepRatio > 0 && group.Ratio > 0 && group.ConeMakeSeconds > 0
            && group.ReferenceMakeSeconds > 0);
        Assert.InRange(group.LargestDifference, 0, 1e-4);
    }
}
