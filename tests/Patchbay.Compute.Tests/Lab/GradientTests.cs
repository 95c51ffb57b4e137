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
    public void Gradient_is_that_of_the_plain_forward_pass_in_float64(
        int layers, int heads, int kvHeads, int headWidth, bool tied, int threads)
    {
        using var scope = NewDisposeScope();
        var config = Config(layers, heads, kvHeads, headWidth, tied);
        using var model = Decoder.Random(config, 11, ScalarType.Float64);
        using var trainable = new FullTraining(config, model.Weights);
        var gradient = new Gradient(config, trainable, threads);
        var batch = RandomBatch(config.Vocabulary, [37, 5, 16, 17, 2, 64, 33], seed: 3);
        for (var again = 0; again < 2; again++) // not added to the first
        {
            var losses = gradient.Compute(batch);
            var (wantedLosses, wanted, _) = PaddedReference.Compute(model, batch);
            Assert.All(losses.Zip(wantedLosses.data<double>().ToArray()), l =>
                Assert.Equal(l.Second, l.First, 1e-6 * (1 + l.Second)));
            foreach (var (tensor, want) in trainable.Tensors.Zip(wanted))
            {
                var error = ((tensor.Value.grad! - want).norm() / want.norm()).item<double>();
                Assert.True(error < 1e-9, $"{tensor.Name}: relative error {error}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Logits_are_those_of_the_plain_forward_pass_in_float64(
        int layers, int heads, int kvHeads, int headWidth, bool tied, int threads)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Decoder.Random(Config(layers, heads, kvHeads, headWidth, tied), 11, ScalarType.Float64);
        var batch = RandomBatch(model.Config.Vocabulary, [37, 5, 16, 17, 2, 64, 33], seed: 3);
        var logits = cat(Shares.Each(batch, threads, share =>
        {
            using var quiet = no_grad();
            return PackedForward.Logits(model.Config, model.Weights, share).DetachFromDisposeScope();
        }));
        Assert.Equal(0, (logits - PaddedReference.Logits(model, batch)).abs().max().item<double>(), 1e-9);
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        using var scope = NewDisposeScope();
        var config = Config(2, 4, 4, 16, true);
        using var model = Decoder.Random(config, 11, ScalarType.Float32);
        using var trainable = new FullTraining(config, model.Weights);
        var batch = RandomBatch(config.Vocabulary, [48, 48, 20, 48], seed: 4);
        string Computed(int threads)
        {
            var losses = new Gradient(config, trainable, threads).Compute(batch);
            var gradients = trainable.Tensors.SelectMany(t => t.Value.grad!.data<float>().ToArray());
            return string.Join(' ', [.. losses, .. gradients]);
        }
        var one = Computed(1);
        for (var again = 0; again < 5; again++) Assert.Equal(one, Computed(2));
    }

    [Fact]
    public void Loss_by_kind_is_that_of_the_answers()
    {
        var batch = new PackedBatch([new("a", [1, 2, 3], [0, 0.1f, 1]), new("b", [1, 2], [0, 2]),
            new("a", [1, 5], [0, 1])]);
        var losses = batch.MeanByKind([9, 1, 4, 2]);
        Assert.Equal(1.5, losses["a"]);
        Assert.Equal(4, losses["b"]);
        Assert.Equal((0.1 * 9 + 1 + 8 + 2) / 4.1, batch.Mean([9, 1, 4, 2]), 1e-6);
    }

    internal static DecoderConfig Config(int layers, int heads, int kvHeads, int headWidth, bool tied) => new()
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

    internal static PackedBatch RandomBatch(int vocabulary, int[] lengths, ulong seed)
    {
        var random = new SplitMix64(seed);
        return new(lengths.Select(n => new TrainingSequence("random",
            [.. Enumerable.Range(0, n).Select(_ => random.Below(vocabulary))],
            [0, .. Enumerable.Range(1, n - 1).Select(_ => random.Below(3) * 0.5f)])).ToList());
    }
}
