using Patchbay.Lab.Data;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class GradientTests
{
    public static TheoryData<int, int, int, int, bool, int> Shapes => new()
    {
        // layers, heads, key/value heads, head width, tied, threads
        { 2, 4, 4, 16, true, 1 },
        { 3, 2, 2, 32, true, 2 },
        { 2, 4, 2, 32, false, 1 },
        { 1, 3, 1, 48, false, 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Fused_gradient_is_that_of_autograd_in_float64(int layers, int heads, int kvHeads, int headWidth, bool tied, int threads)
    {
        using var scope = NewDisposeScope();
        var config = Config(layers, heads, kvHeads, headWidth, tied);
        using var weights = RandomWeights(config, ScalarType.Float32);
        using var wide = RandomWeights(config, ScalarType.Float64);
        var batch = RandomBatch(config.Vocabulary, [37, 5, 16, 17, 2, 64, 33], seed: 3);
        using var fused = new FusedGradient(weights, threads);
        using var plain = new AutogradGradient(wide);

        for (var again = 0; again < 2; again++) // the second time in memory that was used
        {
            var losses = fused.Compute(batch);
            var expected = plain.Compute(batch);
            Assert.All(losses.Zip(expected), l => Assert.Equal(l.Second, l.First, 1e-4f));
            foreach (var place in weights.Places)
            {
                var (got, want) = (FlatWeights.View(fused.Values, place).to(ScalarType.Float64), FlatWeights.View(plain.Values, place));
                var error = ((got - want).norm() / want.norm()).item<double>();
                Assert.True(error < 2e-5, $"{place.Name}: relative error {error}");
            }
            Assert.Equal(plain.Predict(batch), fused.Predict(batch));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Packed_forward_is_the_plain_one_in_float64(
        int layers, int heads, int kvHeads, int headWidth, bool tied, int threads)
    {
        using var scope = NewDisposeScope();
        var config = Config(layers, heads, kvHeads, headWidth, tied);
        using var weights = RandomWeights(config, ScalarType.Float64);
        var batch = RandomBatch(config.Vocabulary, [37, 5, 16, 17, 2, 64, 33], seed: 3);
        using var plain = new AutogradGradient(weights);
        var logits = cat(Shares.Each(batch, threads, share =>
            PackedForward.Logits(config, weights.Weights(), share).DetachFromDisposeScope()));
        Assert.Equal(0, (logits - plain.Logits(batch)).abs().max().item<double>(), 1e-9);
    }

    [Fact]
    public void Threads_change_no_bit_and_operations_are_counted_as_autograd_s()
    {
        using var scope = NewDisposeScope();
        var config = Config(2, 4, 4, 16, true);
        using var weights = RandomWeights(config, ScalarType.Float32);
        var batch = RandomBatch(config.Vocabulary, [48, 48, 20, 48], seed: 4);
        using var one = new FusedGradient(weights, threads: 1);
        using var two = new FusedGradient(weights, threads: 2);
        Assert.Equal(one.Compute(batch), two.Compute(batch));
        Assert.Equal(one.Values.data<float>().ToArray(), two.Values.data<float>().ToArray());
        using var plain = new AutogradGradient(weights);
        plain.Compute(batch);
        Assert.InRange((double)one.Operations / plain.Operations, 0.75, 1); // autograd's attention sees all keys, and padding
    }

    [Fact]
    public void Loss_by_kind_is_that_of_the_answers()
    {
        var batch = new PackedBatch([new("a", [1, 2, 3], [0, 0.1f, 1]), new("b", [1, 2], [0, 2]), new("a", [1, 5], [0, 1])]);
        var losses = batch.MeanByKind([9, 1, 4, 2]);
        Assert.Equal(1.5, losses["a"]);
        Assert.Equal(4, losses["b"]);
        Assert.Equal((0.1 * 9 + 1 + 8 + 2) / 4.1, batch.Mean([9, 1, 4, 2]), 1e-6);
    }

    internal static LlamaConfig Config(int layers, int heads, int kvHeads, int headWidth, bool tied) => new()
    {
        Layers = layers,
        Heads = heads,
        KeyValueHeads = kvHeads,
        HeadWidth = headWidth,
        Width = 64,
        FeedForward = 96,
        Vocabulary = 70,
        TiedEmbeddings = tied,
    };

    internal static FlatWeights RandomWeights(LlamaConfig config, ScalarType dtype)
    {
        using var model = Llama.Random(config, 11, ScalarType.Float32);
        var weights = new FlatWeights(config, dtype);
        weights.CopyFrom(model.Weights);
        return weights;
    }

    internal static PackedBatch RandomBatch(int vocabulary, int[] lengths, ulong seed)
    {
        var random = new SplitMix64(seed);
        return new(lengths.Select(n => new TrainingSequence("random",
            [.. Enumerable.Range(0, n).Select(_ => random.Below(vocabulary))],
            [0, .. Enumerable.Range(1, n - 1).Select(_ => random.Below(3) * 0.5f)])).ToList());
    }
}
