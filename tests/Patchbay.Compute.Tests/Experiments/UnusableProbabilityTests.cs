using Patchbay.Models;
using Patchbay.Tasks;
using Patchbay.Tests;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Tests;

/// <summary>Prompts whose answer has probability 0: relative to it nothing can be told.</summary>
public sealed class UnusableProbabilityTests
{
    private static readonly PathGroup Logits = PathChain.EntityTracking.Group("A");

    [SharedFact]
    public void Prompts_whose_answer_has_no_probability_are_left_out_and_named_and_the_others_scores_stand()
    {
        using var model = Model();
        var prompts = Prompts();
        var p = TaskAccuracy.Ask(model, prompts).Probability;
        int[] none = [.. Enumerable.Range(0, prompts.Count).Where(n => p[n] == 0)];
        Assert.InRange(none.Length, 1, prompts.Count - 2);
        var usable = new PromptSet([.. prompts.Prompts.Where((_, n) => p[n] > 0)]);

        foreach (var score in new Func<PromptSet, IReadOnlyList<HeadScore>>[]
        {
            set => Scored(model, set), set => AttributionPatching.Scores(model, set, Logits, [], 0),
            set => AttributionPatching.Scores(model, set, Logits, [], 3),
        })
        {
            foreach (var (some, all) in score(usable).Zip(score(prompts)))
            {
                Assert.Equal(none, all.LeftOut);
                Assert.Empty(some.LeftOut);
                Assert.Equal(usable.Count, all.Score.Samples);
                Assert.Equal(0, Difference(some.Score.Value, all.Score.Value), 1e-9);
                Assert.Equal(0, Difference(some.Score.Error, all.Score.Error), 1e-9);
            }
        }
        var changes = HeadPatching.Changes(model, prompts, [[new(PositionNames.Last, new Head(1, 0))]], null)[0];
        Assert.Equal(none, RelativeChange.Mean(changes, prompts).LeftOut);
    }

    [SharedFact]
    public void Where_no_prompt_has_a_probability_there_is_no_score_but_a_sentence()
    {
        using var model = Model();
        var prompts = Prompts();
        var p = TaskAccuracy.Ask(model, prompts).Probability;
        var none = new PromptSet([.. prompts.Prompts.Where((_, n) => p[n] == 0)]);
        var refused = Assert.Throws<InvalidDataException>(() => Scored(model, none));
        Assert.StartsWith("expected a prompt whose answer has a probability above 0, found none in ", refused.Message,
            StringComparison.Ordinal);
        Assert.Contains("/batch.json, prompt ", refused.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => AttributionPatching.Scores(model, none, Logits, [], 0));
    }

    /// <summary>Relative to the first, where that is large: the answers' probabilities are tiny.</summary>
    private static double Difference(double a, double b) => a.Equals(b) ? 0 : (a - b) / Math.Max(1, Math.Abs(a));

    private static HeadScore[] Scored(Decoder model, PromptSet prompts)
    {
        using var session = new PathSession(model, prompts, [Logits], null);
        return [.. Enumerable.Range(0, model.Config.Layers).SelectMany(l => session.ScoreLayer(Logits, [], l))];
    }

    private static Decoder Model()
    {
        using var checkpoint = Checkpoint.Open(SharedFolder.PathOf("bugs", "zero_probability"));
        return new(checkpoint.Config, checkpoint.Load(ScalarType.Float64));
    }

    private static PromptSet Prompts() =>
        TokenBatch.Load(SharedFolder.PathOf("bugs", "zero_probability", "batch.json")).Prompts;
}
