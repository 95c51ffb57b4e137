using Patchbay.Models;
using Patchbay.Models.Weights;
using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Experiments.Tests;

/// <summary>Cross-model patching, activation patching, knockout and attention patterns against whole forward
/// passes.</summary>
public class CrossModelTests
{
    private const double Close = 1e-9;

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void Every_form_of_cross_model_patching_equals_whole_forward_passes(int seed, int keyValueHeads)
    {
        var config = RandomPrompts.Config with { KeyValueHeads = keyValueHeads };
        using var into = Decoder.Random(config, seed, torch.ScalarType.Float64, spread: 1.5);
        using var donor = Decoder.Random(config, seed + 50, torch.ScalarType.Float64, spread: 1.5);
        var prompts = RandomPrompts.Of(seed);
        var heads = RandomPrompts.Circuit(new Random(seed), 0.4);
        CmapForm[] forms = [new("output"), new("input q"), new("input k"), new("input v"), new("input kv"),
            new("input qkv")];
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("activations");
        Cmap.Capture(donor, prompts, heads, forms, path);
        using var file = TensorFile.Open(path);
        (CmapForm, IReadOnlyList<string>)[] wanted = [.. forms.SelectMany(f =>
            new (CmapForm, IReadOnlyList<string>)[] { (f, ["A", "B", "C", "D"]), (f, ["A"]), (f, ["C"]), (f, []) })];
        var differences = Compare(into, prompts, Cmap.Variants(into, prompts, heads, file, wanted), out var cone);
        Assert.True(differences < Close, $"cone and reference differ by {differences:0.0e+0}");
        // nothing patched is the same in every form
        for (var n = 0; n < prompts.Count; n++) Assert.Equal(cone[3, n], cone[7, n], 1e-12 * Math.Abs(cone[3, n]));
        Assert.Contains(Enumerable.Range(0, prompts.Count), n => Math.Abs(cone[0, n] - cone[3, n]) > 1e-4);
    }

    [Fact]
    public void All_inputs_of_a_head_at_the_last_position_are_its_output()
    {
        using var into = Decoder.Random(RandomPrompts.Config, 4, torch.ScalarType.Float64, spread: 1.5);
        using var donor = Decoder.Random(RandomPrompts.Config, 54, torch.ScalarType.Float64, spread: 1.5);
        var prompts = RandomPrompts.Of(4);
        var heads = Circuit.Parse(PathChain.EntityTracking, "A=0.1 0.2");
        using var folder = new TemporaryFolder();
        CmapForm[] forms = [new("output"), new("input qkv")];
        Cmap.Capture(donor, prompts, heads, forms, folder.PathOf("activations"));
        using var file = TensorFile.Open(folder.PathOf("activations"));
        Compare(into, prompts, Cmap.Variants(into, prompts, heads, file, [(forms[0], ["A"]), (forms[1], ["A"])]),
            out var cone);
        // Keys and values of the position itself stay the base's, so that the two differ by that alone: little, but
        // something.
        for (var n = 0; n < prompts.Count; n++) Assert.InRange(Math.Abs(cone[0, n] - cone[1, n]), 0, 0.05);
    }

    [Fact]
    public void A_model_as_its_own_donor_changes_nothing()
    {
        using var model = Decoder.Random(RandomPrompts.Config, 5, torch.ScalarType.Float64, spread: 1.5);
        var prompts = RandomPrompts.Of(5);
        var heads = RandomPrompts.Circuit(new Random(5), 0.5);
        using var folder = new TemporaryFolder();
        CmapForm[] forms = [new("output"), new("input q"), new("input k"), new("input v"), new("input qkv")];
        Cmap.Capture(model, prompts, heads, forms, folder.PathOf("activations"));
        using var file = TensorFile.Open(folder.PathOf("activations"));
        Compare(model, prompts, Cmap.Variants(model, prompts, heads, file,
            [(forms[0], []), .. forms.Select(f => (f, (IReadOnlyList<string>)["A", "B", "C", "D"]))]), out var cone);
        for (var v = 1; v <= forms.Length; v++)
            for (var n = 0; n < prompts.Count; n++) Assert.Equal(cone[0, n], cone[v, n], Close);
    }

    [Fact]
    public void Activations_of_another_number_of_prompts_are_refused()
    {
        using var model = Decoder.Random(RandomPrompts.Config, 6, torch.ScalarType.Float64);
        using var folder = new TemporaryFolder();
        var heads = Circuit.Parse(PathChain.EntityTracking, "A=1.1");
        Cmap.Capture(model, RandomPrompts.Of(6), heads, [new("output")], folder.PathOf("activations"));
        var refusal = Assert.Throws<InvalidDataException>(() => CmapRuns.Answered(model, RandomPrompts.Of(6, count: 5),
            heads, folder.PathOf("activations"), [(new("output"), ["A"])]));
        Assert.Contains("of 6 prompts", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Patched_heads_equal_whole_forward_passes_and_the_whole_model_patched_answers_as_the_counterfactual()
    {
        using var model = Decoder.Random(RandomPrompts.Config, 7, torch.ScalarType.Float64, spread: 1.5);
        var prompts = RandomPrompts.Of(7);
        var heads = RandomPrompts.Circuit(new Random(7), 0.4);
        IReadOnlyList<PlacedHead>[] sets =
        [
            [], [.. heads.Groups["A"].Select(h => new PlacedHead(PositionNames.Last, h))],
            [.. heads.AtPositions.SelectMany(p => p.Value.Select(h => new PlacedHead(p.Key, h)))],
        ];
        var difference = Compare(model, prompts, batch => HeadPatching.Variants(model, batch, sets), out var cone);
        Assert.True(difference < Close, $"cone and reference differ by {difference:0.0e+0}");
        var changes = HeadPatching.Changes(model, prompts, sets, null);
        for (var v = 0; v < sets.Length; v++)
            for (var n = 0; n < prompts.Count; n++) Assert.Equal(cone[v, n] / cone[0, n] - 1, changes[v][n], Close);
    }

    [Fact]
    public void Attention_patterns_are_those_of_the_forward_pass()
    {
        using var model = Decoder.Random(RandomPrompts.Config, 8, torch.ScalarType.Float64, spread: 1.5);
        var prompts = RandomPrompts.Of(8);
        var padded = new PaddedPrompts([.. prompts.Prompts.Select(p => p.Clean.Ids)]);
        var at = prompts.CleanPositions(PositionNames.QueryLabel);
        using var run = BaseRun.Create(model, padded, at.Min());
        var seen = new Watch();
        using var ids = padded.Ids(0, padded.Count, model.Device);
        model.Forward(ids, seen).Dispose();
        for (var layer = 0; layer < 4; layer++)
        {
            using var weights = run.Attention(layer, at);
            var expected = seen.Layers[layer].softmax(-1);
            for (var n = 0; n < padded.Count; n++)
                Assert.True((weights.select(0, n) - expected.select(0, n).select(1,
                    at[n])).abs().max().item<double>() < Close);
        }
    }

    /// <summary>The largest difference of the answer's probability between cone and reference.</summary>
    private static double Compare(Decoder model, PromptSet prompts, Func<BatchPrompts, IReadOnlyList<Variant>> make,
        out double[,] cone)
    {
        using var scope = torch.NewDisposeScope();
        var batch = new BatchPrompts(prompts.Prompts, 0);
        var variants = make(batch);
        using var fast = new ConeEvaluator(BaseRun.Create(model, batch.Clean, 1));
        using var slow = new ReferenceEvaluator(model, batch.Clean);
        cone = fast.Evaluate(variants, Answers.Probability(prompts.Prompts));
        var reference = slow.Evaluate(variants, Answers.Probability(prompts.Prompts));
        return cone.Cast<double>().Zip(reference.Cast<double>(), (a, b) => Math.Abs(a - b)).Max();
    }

    private sealed class Watch : ForwardHooks
    {
        public List<torch.Tensor> Layers { get; } = [];

        public override torch.Tensor Scores(int layer, torch.Tensor scores)
        {
            Layers.Add(scores.clone().DetachFromDisposeScope());
            return scores;
        }
    }
}
