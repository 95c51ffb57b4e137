using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Experiments.Tests;

public class TaskAccuracyTests
{
    [Theory]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(5, 10, 0.2366, 0.7634)]
    [InlineData(10, 10, 0.7225, 1)]
    [InlineData(330, 500, 0.6174, 0.7002)]
    public void Intervals_are_Wilsons(int right, int count, double low, double high)
    {
        var interval = new Proportion(right, count).Interval;
        Assert.Equal(low, interval.Low, 1e-4);
        Assert.Equal(high, interval.High, 1e-4);
    }

    [Fact]
    public void It_counts_the_prompts_whose_answer_is_the_most_probable_token()
    {
        var config = new DecoderConfig
        {
            Layers = 2,
            Heads = 2,
            KeyValueHeads = 2,
            HeadWidth = 4,
            Width = 8,
            FeedForward = 12,
            Vocabulary = 11
        };
        using var model = Decoder.Random(config, 3, torch.ScalarType.Float64);
        var random = new Random(1);
        int[][] ids = [.. Enumerable.Range(0, 150).Select(n => Enumerable.Range(0, 3 + n % 4)
            .Select(_ => random.Next(11)).ToArray())];
        using var scope = torch.NewDisposeScope();
        var best = ids.Select(i =>
        {
            using var logits = model.Forward(torch.tensor(i.Select(x => (long)x).ToArray()).unsqueeze(0));
            return (int)logits.select(1, i.Length - 1).argmax().item<long>();
        }).ToArray();
        var none = new Dictionary<string, int>();
        var set = new PromptSet([.. ids.Select((i, n) => new Prompt(new(i, none), new(i, none), n % 3 == 0
            ? (best[n] + 1) % 11 : best[n], $"{n}"))]);
        Assert.Equal(new Proportion(100, 150), PathRuns.Accuracy(model, set));

        // Where the most probable token is a further answer of every second prompt that was wrong, 25 more are right.
        var several = set.Prompts.Select((p, n) => n % 6 == 0 ? p with { Answers = [p.Answer, best[n]] } : p);
        Assert.Equal(new Proportion(125, 150), PathRuns.Accuracy(model, new PromptSet([.. several])));
    }
}
