using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Experiments.Tests;

public class PathPatchingTests
{
    private static readonly DecoderConfig Config = RandomPrompts.Config;

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void The_cone_equals_whole_forward_passes_through_all_groups_and_their_chaining(int seed, int keyValueHeads)
    {
        using var model = Decoder.Random(Config with { KeyValueHeads = keyValueHeads }, seed, torch.ScalarType.Float64,
            spread: 1.5);
        var options = new PathRunOptions { TopK = [3, 2, 2, 1] };
        var cone = PathRuns.Run(model, Prompts(seed), PathChain.EntityTracking, options);
        var reference = PathRuns.Run(model, Prompts(seed), PathChain.EntityTracking, options with { Reference = true });
        foreach (var (a, b) in cone.Zip(reference))
        {
            Assert.Equal(b.Receivers, a.Receivers);
            foreach (var (x, y) in a.Scores.Cast<double>().Zip(b.Scores.Cast<double>())) Assert.Equal(y, x, 1e-9);
            foreach (var (x, y) in a.StandardErrors.Cast<double>().Zip(b.StandardErrors.Cast<double>())) Assert.Equal(y,
                x, 1e-9);
        }
        Assert.Contains(cone[0].Scores.Cast<double>(), s => Math.Abs(s) > 1e-3);
    }

    [Fact]
    public void A_score_stands_beside_the_mean_where_the_model_is_right_and_the_median()
    {
        var prompts = RandomPrompts.Of(1, count: 7);
        // One prompt on which the model was wrong becomes many times likelier to be answered.
        double[] changes = [-0.5, 40, -0.4, -0.3, double.NaN, -0.2, -0.45];
        var score = HeadScore.Of(new(2, 1), changes, prompts, [true, false, true, true, true, false, false]);
        Assert.Equal(38.15 / 6, score.Score.Value, 1e-12);
        Assert.Equal((-0.4, 3), (Math.Round(score.OfRight!.Value.Value, 12), score.OfRight.Value.Samples));
        Assert.Equal(-0.35, score.Median!.Value.Value, 1e-12);
        var result = Result.Score(score, PathPatchingParameters.OfRight, first: 10);
        Assert.Equal((-0.4, 3, "14"), (Math.Round(result.Score, 12), result.Samples, result.Detail!.LeftOut));
        Assert.Equal((score.Score.Value, score.Median.Value.Value),
            (result.Detail.Mean!.Value, result.Detail.Median!.Value));
        Assert.Null(result.Detail.OfRight);
        var wrong = HeadScore.Of(new(2, 1), changes, prompts, new bool[7]);
        Assert.Null(wrong.OfRight);
        Assert.Equal(wrong.Score.Value, Result.Score(wrong, PathPatchingParameters.OfRight, 0).Score);
    }

    [Fact]
    public void Senders_at_or_above_every_receiver_score_exactly_zero_and_those_below_do_not()
    {
        using var model = Decoder.Random(Config, 5, torch.ScalarType.Float64, spread: 1.5);
        var result = PathRuns.Run(model, Prompts(5), PathChain.EntityTracking,
            new PathRunOptions { Groups = ["B"], Receivers = [new(2, 1), new(1, 0)] });
        var scores = Assert.Single(result).Scores;
        for (var layer = 0; layer < 4; layer++)
            for (var head = 0; head < 4; head++)
                Assert.Equal(layer >= 2, scores[layer, head] == 0);
    }

    [Fact]
    public void The_next_groups_receivers_are_the_most_negative_heads_and_groups_not_asked_for_are_not_reported()
    {
        using var model = Decoder.Random(Config, 6, torch.ScalarType.Float64, spread: 1.5);
        var all = PathRuns.Run(model, Prompts(6), PathChain.EntityTracking, new PathRunOptions { TopK = [3, 2] });
        var expected = from l in Enumerable.Range(0, 4)
                       from h in Enumerable.Range(0, 4)
                       orderby all[0]
            .Scores[l, h]
                       select new Head(l, h);
        Assert.Equal(expected.Take(3), all[1].Receivers);
        Assert.Equal(2, all[2].Receivers.Count);
        var some = PathRuns.Run(model, Prompts(6), PathChain.EntityTracking,
            new PathRunOptions { TopK = [3, 2], Groups = ["C"] });
        Assert.Equal("C", Assert.Single(some).Group.Name);
        var tolerance = 1e-12 * all[2].Scores.Cast<double>().Max(Math.Abs);
        foreach (var (x, y) in all[2].Scores.Cast<double>()
            .Zip(some[0].Scores.Cast<double>())) Assert.Equal(x, y, tolerance);
    }

    [Fact]
    public void The_standard_error_is_that_of_the_mean_over_prompts()
    {
        using var model = Decoder.Random(Config, 7, torch.ScalarType.Float64, spread: 1.5);
        var prompts = Prompts(7);
        double Score(PromptSet set, Head head) => PathRuns.Run(model, set, PathChain.EntityTracking,
            new PathRunOptions { Groups = ["A"] })[0].Scores[head.Layer, head.Index];
        var head = new Head(2, 3);
        var single = prompts.Prompts.Select(p => Score(new PromptSet([p]), head)).ToArray();
        var whole = PathRuns.Run(model, prompts, PathChain.EntityTracking, new PathRunOptions { Groups = ["A"] })[0];
        var mean = single.Average();
        Assert.Equal(mean, whole.Scores[2, 3], 1e-12);
        Assert.Equal(Math.Sqrt(single.Sum(x => (x - mean) * (x - mean)) / (single.Length - 1) / single.Length),
            whole.StandardErrors[2, 3], 1e-12);
    }

    [Fact]
    public void The_probability_of_several_answers_is_the_sum_of_theirs_and_that_of_one_answer_stays_as_it_is()
    {
        using var model = Decoder.Random(Config, 10, torch.ScalarType.Float64, spread: 1.5);
        AskedPrompts Run(Func<Prompt, int, Prompt> change) => TaskAccuracy.Ask(model,
            new PromptSet([.. Prompts(10).Prompts.Select(change)]));
        static int Next(Prompt p) => (p.Answer + 1) % Config.Vocabulary;
        static int AfterNext(Prompt p) => (p.Answer + 2) % Config.Vocabulary;
        var (one, other, third) = (Run((p, _) => p), Run((p, _) => p with { Answer = Next(p), Answers = [Next(p)] }),
            Run((p, _) => p with { Answer = AfterNext(p), Answers = [AfterNext(p)] }));
        var mixed = Run((p, i) => (i % 3) switch
        {
            0 => p,
            1 => p with { Answers = [p.Answer, Next(p)] },
            _ => p with { Answers = [p.Answer, Next(p), AfterNext(p)] },
        });
        for (var i = 0; i < mixed.Probability.Length; i++)
        {
            var expected = one.Probability[i] + (i % 3 > 0 ? other.Probability[i] : 0)
                + (i % 3 > 1 ? third.Probability[i] : 0);
            Assert.Equal(expected, mixed.Probability[i], 1e-12 * expected);
            Assert.Equal(one.Right[i] || (i % 3 > 0 && other.Right[i]) || (i % 3 > 1 && third.Right[i]),
                mixed.Right[i]);
        }
        Assert.Equal(one.Probability[0], mixed.Probability[0], 1e-12 * one.Probability[0]);
    }

    [Fact]
    public void Bad_input_is_refused_in_one_sentence()
    {
        using var model = Decoder.Random(Config, 8);
        string Refusal(PromptSet prompts, PathRunOptions options) =>
            Assert.Throws<InvalidDataException>(() => PathRuns.Run(model, prompts, PathChain.EntityTracking, options))
                .Message;
        Assert.Contains("no group 'E'", Refusal(Prompts(8), new() { Groups = ["E"] }), StringComparison.Ordinal);
        Assert.Contains("receiver 7.0", Refusal(Prompts(8), new() { Receivers = [new(7, 0)] }),
            StringComparison.Ordinal);
        Assert.Contains("at least", Refusal(Prompts(8), new() { MemoryBytes = 1 << 20 }), StringComparison.Ordinal);
        Assert.Contains("too long", Refusal(Prompts(8, length: 40), new()), StringComparison.Ordinal);
        var unknown = new Prompt(Sequence([1, 2, 99]), Sequence([1, 2, 3]), 1, "here");
        Assert.Contains("vocabulary", Refusal(new PromptSet([unknown]), new() { Groups = ["A"] }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Interruption_stops_between_units()
    {
        using var model = Decoder.Random(Config, 9);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => PathRuns.Run(model, Prompts(9), PathChain.EntityTracking, new(),
            cancel: source.Token));
    }

    /// <summary>Prompts of unequal length with random positions, the counterfactual's elsewhere.</summary>
    private static PromptSet Prompts(int seed, int length = 12)
    {
        var random = new Random(seed);
        TokenSequence Random()
        {
            var ids = Enumerable.Range(0, random.Next(length - 4, length)).Select(_ => random.Next(Config.Vocabulary))
                .ToArray();
            return Sequence(ids, random.Next(1, 4));
        }
        return new PromptSet([.. Enumerable.Range(0, 6).Select(i =>
            new Prompt(Random(), Random(), random.Next(Config.Vocabulary), $"prompt {i}"))]);
    }

    private static TokenSequence Sequence(int[] ids, int previous = 0) => new(ids, new Dictionary<string, int>
    {
        [PositionNames.Last] = ids.Length - 1,
        [PositionNames.QueryLabel] = Math.Max(0, ids.Length - 3),
        [PositionNames.PreviousQueryLabel] = previous,
    });
}
