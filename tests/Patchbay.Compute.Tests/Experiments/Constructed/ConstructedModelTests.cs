using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Tests.Constructed;

/// <summary>On a model whose circuit was built in, every experiment finds exactly that circuit.</summary>
public class ConstructedModelTests
{
    private static readonly PathChain Chain = PathChain.EntityTracking;

    [Fact]
    public void It_answers_every_prompt()
    {
        using var model = ConstructedModel.Build();
        Assert.Equal(new Proportion(400, 400), PathRuns.Accuracy(model, ConstructedModel.Prompts(400, 1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Path_patching_finds_the_heads_built_in_and_no_others(int seed)
    {
        using var model = ConstructedModel.Build(seed: seed);
        var found = PathRuns.Run(model, ConstructedModel.Prompts(100, (ulong)seed), Chain,
            new() { TopK = [1, 1, 1, 1] });
        foreach (var group in found)
        {
            Assert.Equal(ConstructedModel.Heads[group.Group.Name], group.Top(1));
            var truth = group.Scores[group.Top(1)[0].Layer, group.Top(1)[0].Index];
            Assert.True(truth < -0.3, $"{group.Group.Name} scores {truth:0.00}");
            foreach (var other in group.Top(16).Skip(1)) Assert.True(
                Math.Abs(group.Scores[other.Layer, other.Index]) < -truth / 100,
                $"decoy {other} scores {group.Scores[other.Layer, other.Index]:0.0e+0} in {group.Group.Name}");
        }
    }

    [Fact]
    public void Minimality_keeps_the_heads_built_in_and_drops_every_decoy()
    {
        using var model = ConstructedModel.Build();
        var prompts = ConstructedModel.Prompts(100, 3);
        using var evaluator = new CircuitEvaluator(model, prompts, Means(), Chain);
        // Four candidates a group: the head built in, and decoys of three layers.
        var candidates = new Circuit(Chain, ConstructedModel.Heads.ToDictionary(g => g.Key, g =>
            (IReadOnlyList<Head>)[.. g.Value, .. Enumerable.Range(0, 4).Where(l => l != g.Value[0].Layer)
            .Select(l => new Head(l, g.Key == "C" ? 1 : 3)).Except(ConstructedModel.Heads.Values.SelectMany(h => h))]));
        Assert.True(candidates.Heads.Count > 10);
        foreach (var (group, heads) in candidates.Groups)
        {
            var pairs = new Dictionary<(Head, Head), double>();
            for (var i = 0; i < heads.Count; i++)
                foreach (var (w, answered) in heads.Skip(i)
                    .Zip(evaluator.PlanWithout(candidates, Minimality.Pairs(group, heads, i, asPublished: false))
                        .Answered())) pairs[(heads[i], w)] = Share(answered);
            var partners = Minimality.Partners(heads, (v, w) => pairs.TryGetValue((v, w), out var a) ? a
                : pairs[(w, v)], 0.3);
            var kept = heads.Where((v, i) =>
                Left(partners[i]) / Left(partners[i].Append(v)) - 1 >= 0.01);
            double Left(IEnumerable<Head> without) => Share(evaluator.PlanWithout(candidates,
                [[.. without.Select(k => new CircuitHead(group, k))]]).Answered()[0]);
            Assert.Equal(ConstructedModel.Heads[group], kept);
        }
    }

    [Fact]
    public void The_circuit_is_faithful_and_complete_and_random_ones_are_not()
    {
        using var model = ConstructedModel.Build();
        var prompts = ConstructedModel.Prompts(200, 4);
        using var evaluator = new CircuitEvaluator(model, prompts, Means(), Chain);
        var circuit = new Circuit(Chain, ConstructedModel.Heads);
        Assert.Equal(1, Share(evaluator.Plan([circuit]).Answered()[0]));
        var random = SplitMix64.For(4, "random");
        Assert.All(evaluator.Plan([.. Enumerable.Range(0, 8).Select(_ => circuit.Random(4, 4, random))
            .Where(c => c.Groups["A"][0] != ConstructedModel.Heads["A"][0])]).Answered(), right =>
            Assert.True(Share(right) < 0.3));
        foreach (var head in circuit.Heads)
        {
            var (left, whole) = (Share(evaluator.PlanWithout(circuit, [[head]]).Answered()[0]),
                Share(evaluator.PlanModelWithout([[head]], elsewhere: true).Answered()[0]));
            Assert.True(left < 0.4, $"without {head} the circuit answers {left:0.00}");
            Assert.InRange(Math.Abs(left - whole), 0, 0.12);
        }
    }

    [Fact]
    public void Dcm_finds_that_A_alone_carries_the_object()
    {
        using var model = ConstructedModel.Build();
        Head[] group = [new(3, 0), new(3, 1), ConstructedModel.Heads["A"][0], new(3, 3), new(2, 0), new(1, 1),
            new(0, 2)];
        var triples = ConstructedModel.ObjectTriples(256, 5);
        var found = Dcm.Train(model, group, [.. triples.Take(128)], [.. triples.Skip(128).Take(64)],
            [.. triples.Skip(192)], new DcmOptions { Epochs = 4 }, null, CancellationToken.None);
        Assert.Equal(ConstructedModel.Heads["A"], found.Heads);
        Assert.Equal(1, found.Test.Share);
    }

    [Fact]
    public void Cross_model_patching_of_the_value_fetcher_and_of_nothing_else_lifts_a_base_that_fetches_badly()
    {
        using var strong = ConstructedModel.Build();
        using var weak = ConstructedModel.Build(fetching: 0);
        var prompts = ConstructedModel.Prompts(200, 6);
        var floor = PathRuns.Accuracy(weak, prompts);
        Assert.InRange(floor.Share, 0.1, 0.7);
        var decoys = new Circuit(Chain, new Dictionary<string, IReadOnlyList<Head>>
        {
            ["A"] = [new(3, 0), new(2, 3)],
            ["C"] = [new(1, 0)]
        });
        Assert.Equal([1, floor.Share, floor.Share, floor.Share], Patched(strong, weak, prompts,
            new Circuit(Chain, ConstructedModel.Heads), ["A"], ["B"], ["C"], ["D"]));
        Assert.Equal([floor.Share], Patched(strong, weak, prompts, decoys, ["A", "C"]));
    }

    private static double[] Patched(Decoder donor, Decoder into, PromptSet prompts, Circuit heads,
        params string[][] groups)
    {
        using var folder = new TemporaryFolder();
        Cmap.Capture(donor, prompts, heads, [new CmapForm("output")], folder.PathOf("activations"));
        return [.. CmapRuns.Answered(into, prompts, heads, folder.PathOf("activations"),
            [.. groups.Select(g => (new CmapForm("output"), (IReadOnlyList<string>)g))]).Select(Share)];
    }

    private static IReadOnlyList<int[]> Means() => [.. ConstructedModel.Prompts(200, 99)
        .Prompts.Select(p => p.Counterfactual.Ids)];

    private static double Share(bool[] answered) => answered.Count(a => a) / (double)answered.Length;
}
