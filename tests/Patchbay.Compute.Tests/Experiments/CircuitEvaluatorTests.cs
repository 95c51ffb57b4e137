using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Experiments.Tests;

public class CircuitEvaluatorTests
{
    private const double Close = 1e-9;

    [Theory]
    [InlineData(1, 4, 0.4, false)]
    [InlineData(2, 2, 0.4, false)]
    [InlineData(3, 1, 0.15, false)]
    [InlineData(4, 2, 0.8, false)]
    [InlineData(5, 4, 0.4, true)]
    [InlineData(6, 2, 0.8, true)]
    [InlineData(7, 2, 0.4, false, 1, 4, 6)]
    public void Circuits_and_what_is_left_of_them_equal_whole_forward_passes_with_means(int seed, int keyValueHeads,
        double share, bool own, params int[] mixed)
    {
        using var model = Decoder.Random(RandomPrompts.Config with { KeyValueHeads = keyValueHeads }, seed,
            torch.ScalarType.Float64, spread: 1.5);
        var random = new Random(seed);
        var prompts = RandomPrompts.Of(seed);
        var means = RandomPrompts.Of(seed + 100, 5).Prompts.Select(p => p.Clean.Ids)
            .Append([.. Enumerable.Range(0, 12)]).ToArray();
        var mean = PlainAblation.Mean(model, means);
        foreach (var layer in mean)
        {
            var together = mixed.Length == 0 ? null : torch.stack([.. mixed.Select(t => layer[t])], 0).mean([0]);
            foreach (var t in mixed) layer[t] = together!;
        }
        using var evaluator = new CircuitEvaluator(model, prompts, means, PathChain.EntityTracking, elsewhere: own,
            mixed: mixed);
        Circuit[] circuits = [.. Enumerable.Range(0, 5).Select(_ => RandomPrompts.Circuit(random, share)),
            RandomPrompts.Circuit(random, 0)];
        var fresh = Probabilities(evaluator.Plan(circuits), prompts);
        for (var c = 0; c < circuits.Length; c++)
        {
            AssertClose(PlainAblation.Probability(model, prompts.Prompts, mean, Keeps(circuits[c].AtPositions, own)),
                fresh[c]);
            CircuitHead[][] removed = [.. Enumerable.Range(0, 4).Select(i => circuits[c]
                .Heads.Where(_ => random.NextDouble() < 0.3 * i).ToArray())];
            var left = Probabilities(evaluator.PlanWithout(circuits[c], removed), prompts);
            for (var k = 0; k < removed.Length; k++)
                AssertClose(PlainAblation.Probability(model, prompts.Prompts, mean,
                    Keeps(circuits[c].Without(removed[k]).AtPositions, own)), left[k]);
        }
        CircuitHead[][] sets = [[.. circuits[0].Heads], [.. circuits[1].Heads.Take(2)], []];
        foreach (var elsewhere in own ? new[] { true } : [false, true])
        {
            var whole = Probabilities(evaluator.PlanModelWithout(sets, elsewhere), prompts);
            for (var k = 0; k < sets.Length; k++)
                AssertClose(PlainAblation.Probability(model, prompts.Prompts, mean, Keeps(AllBut(sets[k]), elsewhere)),
                    whole[k]);
        }
        Assert.True(fresh.SelectMany(p => p).Distinct().Count() > prompts.Count, "circuits should differ");
    }

    [Fact]
    public void Positions_that_fall_together_keep_the_heads_of_both()
    {
        using var model = Decoder.Random(RandomPrompts.Config, 7, torch.ScalarType.Float64, spread: 1.5);
        var ids = new[] { 1, 2, 3, 4, 5 };
        var together = new TokenSequence(ids, new Dictionary<string,
            int>
        { [PositionNames.Last] = 4, [PositionNames.QueryLabel] = 2, [PositionNames.PreviousQueryLabel] = 2 });
        var apart = new TokenSequence(ids, new Dictionary<string, int>
        {
            [PositionNames.Last] = 4,
            [PositionNames.QueryLabel] = 2,
            [PositionNames.PreviousQueryLabel] = 1
        });
        var prompts = new PromptSet([new Prompt(together, together, 3, "a"), new Prompt(apart, apart, 4, "b")]);
        int[][] means = [[5, 4, 3, 2, 1], [7, 8, 9, 1, 2]];
        using var evaluator = new CircuitEvaluator(model, prompts, means, PathChain.EntityTracking);
        var circuit = RandomPrompts.Circuit(new Random(7), 0.5);
        AssertClose(PlainAblation.Probability(model, prompts.Prompts, PlainAblation.Mean(model, means),
            Keeps(circuit.AtPositions, false)),
            Probabilities(evaluator.Plan([circuit]), prompts)[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Groups_that_fall_on_one_position_are_one_place(bool own)
    {
        using var model = Decoder.Random(RandomPrompts.Config, 9, torch.ScalarType.Float64, spread: 1.5);
        PromptSet prompts = new([.. RandomPrompts.Of(9, equal: true).Prompts.Select(p => p with
        {
            Clean = Together(p.Clean),
            Counterfactual = Together(p.Counterfactual),
        })]);
        int[][] means = [.. RandomPrompts.Of(10, equal: true).Prompts.Select(p => p.Clean.Ids)];
        var mean = PlainAblation.Mean(model, means);
        using var evaluator = new CircuitEvaluator(model, prompts, means, PathChain.EntityTracking, elsewhere: own);
        var circuit = RandomPrompts.Circuit(new Random(9), 0.5);
        AssertClose(PlainAblation.Probability(model, prompts.Prompts, mean, Keeps(circuit.AtPositions, own)),
            Probabilities(evaluator.Plan([circuit]), prompts)[0]);
        CircuitHead[] removed = [.. circuit.Heads.Where((_, i) => i % 2 == 0)];
        AssertClose(PlainAblation.Probability(model, prompts.Prompts, mean,
            Keeps(circuit.Without(removed).AtPositions, own)),
            Probabilities(evaluator.PlanWithout(circuit, [removed]), prompts)[0]);

        // Activation patching of the whole circuit: a head of two groups is patched once.
        var whole = circuit.OnPrompts(prompts, both: true);
        Assert.Equal(2, whole.AtPositions.Count);
        PlacedHead[] Placed(Circuit of) =>
            [.. of.AtPositions.SelectMany(p => p.Value.Select(h => new PlacedHead(p.Key, h)))];
        var changes = HeadPatching.Changes(model, prompts, [Placed(whole)], null)[0];
        Assert.All(changes, change => Assert.True(double.IsFinite(change) && change != 0));
        var refused = Assert.Throws<InvalidDataException>(() =>
            HeadPatching.Changes(model, prompts, [Placed(circuit)], null));
        Assert.Contains("two edits replace Z of head", refused.Message, StringComparison.Ordinal);
    }

    // The query label's positions are one.
    private static TokenSequence Together(TokenSequence sequence) => sequence with
    {
        Positions = new Dictionary<string, int>(sequence.Positions)
        {
            [PositionNames.PreviousQueryLabel] = sequence.Positions[PositionNames.QueryLabel],
        },
    };

    [Fact]
    public void Prompts_longer_than_those_of_the_means_are_refused_in_one_sentence()
    {
        using var model = Decoder.Random(RandomPrompts.Config, 8);
        var refusal = Assert.Throws<InvalidDataException>(() => new CircuitEvaluator(model, RandomPrompts.Of(8),
            [[1, 2, 3]], PathChain.EntityTracking));
        Assert.Contains("expected at most 3 tokens", refusal.Message, StringComparison.Ordinal);
    }

    private static double[][] Probabilities(PlannedVariants plan, PromptSet prompts)
    {
        var values = plan.Batches.Evaluate(plan.Variants, Answers.Probability);
        return [.. Enumerable.Range(0, values.GetLength(0)).Select(v => Enumerable.Range(0, prompts.Count)
            .Select(n => values[v, n]).ToArray())];
    }

    private static Func<Prompt, int, Head, bool> Keeps(IReadOnlyDictionary<string, IReadOnlyList<Head>> alive,
        bool elsewhere) => (prompt, position, head) =>
    {
        var here = alive.Where(p => prompt.Clean.Positions[p.Key] == position).ToArray();
        return here.Length == 0 ? elsewhere : here.Any(p => p.Value.Contains(head));
    };

    private static Dictionary<string, IReadOnlyList<Head>> AllBut(CircuitHead[] removed) =>
        PathChain.EntityTracking.Groups.Select(g => g.Position).Distinct().ToDictionary(p => p,
        p => (IReadOnlyList<Head>)[.. Enumerable.Range(0, 16).Select(i => new Head(i / 4, i % 4))
            .Where(h => !removed.Any(r => r.Head == h && PathChain.EntityTracking.Group(r.Group).Position == p))]);

    private static void AssertClose(double[] expected, double[] found)
    {
        foreach (var (e, f) in expected.Zip(found)) Assert.Equal(e, f, Close);
    }
}
