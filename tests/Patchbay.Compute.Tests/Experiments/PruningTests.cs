using Patchbay.Experiments.Tests.Constructed;
using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Experiments.Tests;

public class PruningTests
{
    private static readonly PathChain Places = Elimination.Places(PathChain.EntityTracking);

    [Theory]
    [InlineData(1, false, 0.05)]
    [InlineData(2, false, 0.2)]
    [InlineData(3, true, 0.05)]
    public void Heads_tried_together_fare_as_heads_tried_one_by_one_in_whole_forward_passes(int seed, bool own,
        double tolerance)
    {
        using var model = Decoder.Random(RandomPrompts.Config, seed, torch.ScalarType.Float64, spread: 1.5);
        var prompts = RandomPrompts.Of(seed);
        var means = RandomPrompts.Of(seed + 100, 5).Prompts.Select(p => p.Clean.Ids)
            .Append([.. Enumerable.Range(0, 12)]).ToArray();
        var start = new Circuit(Places, Places.Groups.ToDictionary(g => g.Name,
            _ => (IReadOnlyList<Head>)[.. Head.All(4, 4)]));
        var random = new Random(seed);
        CircuitHead[] order = [.. start.Heads.OrderBy(_ => random.Next())];
        using var evaluator = new CircuitEvaluator(model, prompts, means, Places, elsewhere: own);
        // A random model answers nothing: an answer counts as right here where it is likelier than in the start set.
        var mean = PlainAblation.Mean(model, means);
        double[] Plain(Circuit circuit) => PlainAblation.Probability(model, prompts.Prompts, mean,
            (prompt, position, head) => prompt.Clean.Positions.Where(p => circuit.Groups.ContainsKey(p.Key)
                && p.Value == position).Select(p => circuit.Groups[p.Key].Contains(head)).DefaultIfEmpty(own)
                .Any(alive => alive));
        var typical = Plain(start).Select(p => p * 0.999).ToArray();
        bool[] Right(IEnumerable<double> values) => [.. values.Zip(typical, (v, t) => v >= t)];

        var begin = Elimination.Begin(start, 1, tolerance);
        var found = Pruning.Search(begin, order, (left, removed) =>
        {
            var plan = evaluator.PlanRemovals(left, removed);
            var values = plan.Batches.Evaluate(plan.Variants, Answers.Probability);
            return [.. Enumerable.Range(0, removed.Count).Select(k => Right(Enumerable.Range(0, prompts.Count)
                .Select(n => values[k, n])))];
        });

        Assert.Equal(order, found.Select(f => f.Head));
        var reference = begin;
        foreach (var (head, right, isKept) in found)
        {
            var expected = Right(Plain(reference.Circuit.Without([head])));
            Assert.Equal(expected, right);
            (reference, var stays) = reference.Try(head, expected.Count(r => r) / (double)expected.Length);
            Assert.Equal(stays, isKept);
        }
        Assert.Contains(found, f => f.IsKept);
        Assert.Contains(found, f => !f.IsKept);
    }

    [Fact]
    public void On_a_model_whose_circuit_was_built_in_exactly_its_heads_stay()
    {
        using var model = ConstructedModel.Build();
        var prompts = ConstructedModel.Prompts(100, 3);
        using var evaluator = new CircuitEvaluator(model, prompts, [.. ConstructedModel.Prompts(100, 9).Prompts
            .Select(p => p.Counterfactual.Ids)], Places);
        var start = new Circuit(Places, Places.Groups.ToDictionary(g => g.Name,
            _ => (IReadOnlyList<Head>)[.. Head.All(model.Config.Layers, model.Config.Heads)]));
        double Share(IReadOnlyList<CircuitHead> without) =>
            evaluator.PlanWithout(start, [without]).Answered()[0].Average(r => r ? 1.0 : 0);
        var begin = Elimination.Begin(start, Share([]), 0.01);
        var left = begin;
        foreach (var (head, right, _) in Pruning.Search(begin, Elimination.Order(start, h => Share([h])),
            (circuit, removed) => evaluator.PlanRemovals(circuit, removed).Answered()))
            left = left.Try(head, right.Average(r => r ? 1.0 : 0)).Left;
        foreach (var (position, heads) in Elimination.AtPlaces(new(PathChain.EntityTracking, ConstructedModel.Heads))
            .Groups) Assert.Equal(heads.Order(Comparer<Head>.Create((a, b) =>
                (a.Layer, a.Index).CompareTo((b.Layer, b.Index)))), left.Circuit.Groups[position]);
        Assert.Equal(1, left.Floor + 0.01, 1e-9);

        using var session = new PathSession(model, prompts, [.. SharedPositions.Of(PathChain.EntityTracking)
            .SelectMany(g => g)], null);
        var scores = Pruning.Places(session, left.Circuit, PathChain.EntityTracking, CancellationToken.None)
            .ToDictionary(p => (p.Head, p.Group), p => p.Score);
        var circuit = SharedPositions.Apply(PathChain.EntityTracking, left.Circuit,
            (head, group) => scores[(head, group)]);
        Assert.Equal(ConstructedModel.Heads["A"], circuit.Groups["A"]);
        Assert.Equal(ConstructedModel.Heads["B"], circuit.Groups["B"]);
    }
}
