using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Tests;

public sealed class AttributionPatchingTests
{
    private static readonly DecoderConfig Config = RandomPrompts.Config;

    public static TheoryData<string, int> Groups => new() { { "A", 4 }, { "B", 4 }, { "B", 2 }, { "C", 2 }, { "D", 1 },
        { "D", 4 } };

    private static readonly Head[] Receivers = [new(3, 1), new(2, 0), new(3, 2)];

    [Theory]
    [MemberData(nameof(Groups))]
    public void Scores_are_the_derivative_of_exact_path_patching(string name, int keyValueHeads)
    {
        using var model = Model(1, keyValueHeads);
        var (group, receivers) = Group(name);
        var prompts = Prompts(1);
        var found = PathRuns.Attribution(model, prompts, group, receivers, 0);
        using var exact = new ExactPath(model, prompts, group, receivers);
        foreach (var head in AllHeads().Where(h => h.Layer < found.SenderLayers))
        {
            var expected = (exact.Effect([head], 1e-5).Average() - exact.Effect([head], -1e-5).Average()) / 2e-5;
            Assert.Equal(expected, found.Scores[head.Layer, head.Index], 1e-7);
        }
        Assert.Contains(found.Scores.Cast<double>(), s => Math.Abs(s) > 1e-4);
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Integrated_gradients_of_all_heads_sum_to_the_effect_of_patching_them_all(string name, int keyValueHeads)
    {
        using var model = Model(2, keyValueHeads);
        var (group, receivers) = Group(name);
        var prompts = Prompts(2);
        var found = PathRuns.Attribution(model, prompts, group, receivers, 200);
        using var exact = new ExactPath(model, prompts, group, receivers);
        var whole = exact.Effect([.. AllHeads().Where(h => h.Layer < found.SenderLayers)], 1).Average();
        Assert.True(Math.Abs(whole) > 1e-3);
        Assert.Equal(whole, found.Scores.Cast<double>().Sum(), 1e-3 * Math.Abs(whole));
        var first = PathRuns.Attribution(model, prompts, group, receivers, 0).Scores.Cast<double>().Sum();
        Assert.True(Math.Abs(first - whole) > 1e-2 * Math.Abs(whole),
            "the gradient at the clean point alone already sums to it");
    }

    [Fact]
    public void Where_the_counterfactual_is_near_they_equal_path_patching_and_their_errors_its_errors()
    {
        using var model = Model(3, 2);
        // Token n + 6 is token n moved a little: a counterfactual of such tokens is a small change.
        using (var scope = NewDisposeScope())
        {
            var e = model.Weights.Embedding;
            e.narrow(0, 6, 6).copy_(e.narrow(0, 0, 6) + randn([6, 16], dtype: ScalarType.Float64) * 1e-4);
        }
        var random = new Random(3);
        var prompts = new PromptSet([.. Enumerable.Range(0, 5).Select(i =>
        {
            var ids = Enumerable.Range(0, random.Next(8, 12)).Select(_ => random.Next(6)).ToArray();
            return new Prompt(Sequence(ids, 2), Sequence([.. ids.Select(id => id + 6)], 2), random.Next(13),
                $"prompt {i}");
        })]);
        foreach (var name in new[] { "A", "B", "C", "D" })
        {
            var (group, receivers) = Group(name);
            var found = PathRuns.Attribution(model, prompts, group, receivers, 0);
            var exact = PathRuns.Run(model, prompts, PathChain.EntityTracking,
                new() { Groups = [name], Receivers = Receivers })[0];
            var scale = exact.Scores.Cast<double>().Max(Math.Abs);
            Assert.True(scale > 1e-7);
            foreach (var (x, y) in exact.Scores.Cast<double>().Zip(found.Scores.Cast<double>())) Assert.Equal(x, y,
                5e-3 * scale);
            foreach (var (x, y) in exact.StandardErrors.Cast<double>()
                .Zip(found.StandardErrors.Cast<double>())) Assert.Equal(x, y, 5e-3 * scale);
        }
    }

    [Fact]
    public void Heads_at_or_above_every_receiver_score_exactly_zero_and_those_below_do_not()
    {
        using var model = Model(4, 4);
        var (group, _) = Group("B");
        var found = PathRuns.Attribution(model, Prompts(4), group, [new(2, 1), new(1, 0)], 3);
        foreach (var h in AllHeads()) Assert.Equal(h.Layer >= 2, found.Scores[h.Layer, h.Index] == 0);
        Assert.All(PathRuns.Attribution(model, Prompts(4), group, [new(0, 1)], 0).Scores.Cast<double>(), s =>
            Assert.Equal(0, s));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("D")]
    public void How_prompts_are_split_into_batches_does_not_matter(string name)
    {
        using var model = Model(5, 2);
        var (group, receivers) = Group(name);
        var prompts = Prompts(5);
        var whole = PathRuns.Attribution(model, prompts, group, receivers, 2);
        var tokens = prompts.Prompts.Max(p => p.Clean.Ids.Length);
        var smallest = Budgets.Smallest(model, prompts.Count, tokens, prompts.CleanPositions(group.Position).Min(), 1);
        var tight = PathRuns.Attribution(model, prompts, group, receivers, 2, memoryBytes: smallest);
        foreach (var (x, y) in whole.Scores.Cast<double>().Zip(tight.Scores.Cast<double>())) Assert.Equal(x, y, 1e-12);
    }

    [Fact]
    public void Bad_receivers_prompts_and_steps_are_refused_and_interruption_is_heard()
    {
        using var model = Model(6, 2);
        var (group, receivers) = Group("B");
        var prompts = Prompts(6);
        var refusal = Assert.Throws<InvalidDataException>(() => PathRuns.Attribution(model, prompts, group, [new(7, 0)],
            0));
        Assert.Contains("receiver 7.0", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PathRuns.Attribution(model, prompts, group, receivers, -1));
        var cancelled = new CancellationToken(true);
        Assert.Throws<OperationCanceledException>(() => PathRuns.Attribution(model, prompts, group, receivers, 0,
            cancel: cancelled));
    }

    private static Decoder Model(int seed, int keyValueHeads) =>
        Decoder.Random(Config with { KeyValueHeads = keyValueHeads }, seed, ScalarType.Float64, spread: 1.5);

    private static (PathGroup Group, Head[] Receivers) Group(string name) =>
        (PathChain.EntityTracking.Groups.First(g => g.Name == name), name == "A" ? [] : Receivers);

    private static IEnumerable<Head> AllHeads() => Enumerable.Range(0, 16).Select(i => new Head(i / 4, i % 4));

    private static PromptSet Prompts(int seed)
    {
        var random = new Random(seed);
        int[] Ids() => [.. Enumerable.Range(0, random.Next(8, 12)).Select(_ => random.Next(Config.Vocabulary))];
        TokenSequence Random() => Sequence(Ids(), random.Next(1, 4));
        Prompt One(int i)
        {
            var prompt = new Prompt(Random(), Random(), random.Next(Config.Vocabulary), $"prompt {i}");
            // Every other one has a second answer.
            return i % 2 == 0 ? prompt
                : prompt with { Answers = [prompt.Answer, (prompt.Answer + 1) % Config.Vocabulary] };
        }
        return new PromptSet([.. Enumerable.Range(0, 6).Select(One)]);
    }

    private static TokenSequence Sequence(int[] ids, int previous) => new(ids, new Dictionary<string, int>
    {
        [PositionNames.Last] = ids.Length - 1,
        [PositionNames.QueryLabel] = ids.Length - 3,
        [PositionNames.PreviousQueryLabel] = previous,
    });

    /// <summary>Exact path patching by whole forward passes, with z moved a share of the way to the
    /// counterfactual's.</summary>
    private sealed class ExactPath : IDisposable
    {
        private readonly ReferenceEvaluator evaluator;
        private readonly Tensor[] counterfactual;
        private readonly Positions at;
        private readonly PathGroup group;
        private readonly Head[] receivers;
        private readonly Metric probability;

        public ExactPath(Decoder model, PromptSet prompts, PathGroup group, Head[] receivers)
        {
            (this.group, this.receivers, at) = (group, receivers, prompts.CleanPositions(group.Position));
            evaluator = new ReferenceEvaluator(model, new PaddedPrompts([.. prompts.Prompts.Select(p => p.Clean.Ids)]));
            counterfactual = BaseRun.CaptureZ(model,
                new PaddedPrompts([.. prompts.Prompts.Select(p => p.Counterfactual.Ids)]),
                [prompts.CounterfactualPositions(group.Position)])[0];
            var isAnswer = new double[prompts.Count, model.Config.Vocabulary];
            foreach (var (n, prompt) in prompts.Prompts.Index())
                foreach (var answer in prompt.Answers) isAnswer[n, answer] = 1;
            probability = (logits, rows) => logits.softmax(-1).mul(tensor(isAnswer).index_select(0, rows)).sum(1);
        }

        /// <summary>(p_patched - p_clean) / p_clean of each prompt.</summary>
        public double[] Effect(Head[] senders, double share)
        {
            using var scope = NewDisposeScope();
            var variant = new Variant
            {
                Edits = [.. senders.Select(s => new HeadEdit(Site.Z, s, at, counterfactual[s.Layer].select(1, s.Index),
                    1 - share))],
                Holds = [new Hold(at, evaluator.Prompts.Last)],
            };
            if (receivers.Length > 0)
            {
                var read = evaluator.Read([variant],
                    [.. receivers.Select(r => new Probe(PathPatching.SiteOf(group), r, at))]);
                variant = new Variant
                {
                    Edits = [.. receivers.Zip(read, (r, value) =>
                    new HeadEdit(PathPatching.SiteOf(group), r, at, value.select(0, 0)))]
                };
            }
            var patched = evaluator.Evaluate([variant], probability);
            return [.. evaluator.BaseMetric(probability).Select((clean, n) => (patched[0, n] - clean) / clean)];
        }

        public void Dispose()
        {
            evaluator.Dispose();
            foreach (var z in counterfactual) z.Dispose();
        }
    }
}
