using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class TrainableTests
{
    private static readonly DecoderConfig Config = GradientTests.Config(2, 4, 2, 16, tied: true);

    [Theory]
    [InlineData("all")]
    [InlineData("lora")]
    [InlineData("heads")]
    public void The_gradient_is_that_of_finite_differences(string method)
    {
        using var scope = NewDisposeScope();
        using var model = Decoder.Random(Config, 11, ScalarType.Float64);
        using Trainable trainable = method switch
        {
            "lora" => new LoraTraining(model.Weights, 3, 6, ["q_proj", "v_proj", "down_proj"], 9),
            "heads" => new HeadTraining(Config, model.Weights, [new(0, 1), new(1, 2)]),
            _ => new FullTraining(Config, model.Weights),
        };
        Shift(trainable, 0.1); // LoRA's B is zero at the start, which would hide A's gradient
        var gradient = new Gradient(Config, trainable);
        var batch = GradientTests.RandomBatch(Config.Vocabulary, [20, 11], 5);
        gradient.Compute(batch);
        Tensor[] analytic = [.. trainable.Tensors.Select(t => t.Value.grad!.clone())];
        Tensor[] values = [.. trainable.Tensors.Select(t => t.Value.detach())];
        for (var i = 0; i < 3; i++) // along random directions
        {
            const double Step = 1e-2; // losses are told in float32
            Tensor[] direction = [.. values.Select(v => randn_like(v))];
            var norm = Math.Sqrt(direction.Sum(d => d.square().sum().item<double>()));
            double LossAt(double t)
            {
                foreach (var (v, d) in values.Zip(direction)) v.add_(d * (t / norm));
                var loss = batch.Mean(gradient.Compute(batch));
                foreach (var (v, d) in values.Zip(direction)) v.sub_(d * (t / norm));
                return loss;
            }
            var slope = (LossAt(Step) - LossAt(-Step)) / (2 * Step);
            var wanted = analytic.Zip(direction).Sum(p => (p.First * p.Second / norm).sum().item<double>());
            Assert.Equal(wanted, slope, 2e-3 * Math.Sqrt(analytic.Sum(a => a.square().sum().item<double>())));
        }
    }

    private static void Shift(Trainable trainable, double by)
    {
        using var _ = no_grad();
        foreach (var tensor in trainable.Tensors) tensor.Value.add_(randn_like(tensor.Value) * by);
    }

    [Fact]
    public void Lora_changes_nothing_at_the_start_and_only_its_targets_afterwards()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Decoder.Random(Config, 11, ScalarType.Float32);
        using var lora = new LoraTraining(model.Weights, 4, 8, ["k_proj"], 9);
        Assert.Empty(Changed(model.Weights, lora.Weights()));
        Shift(lora, 0.1);
        Assert.Equal(["model.layers.0.self_attn.k_proj.weight", "model.layers.1.self_attn.k_proj.weight"],
            Changed(model.Weights, lora.Weights()));
    }

    /// <summary>Names of the weights that are not equal to the bit.</summary>
    private static List<string> Changed(DecoderWeights before, DecoderWeights after)
    {
        var names = new List<string>();
        before.Select((name, weight) =>
        {
            names.Add(name);
            return weight;
        });
        return [.. names.Zip(before.Tensors.Zip(after.Tensors))
            .Where(w => !w.Second.First.equal(w.Second.Second).all().item<bool>())
            .Select(w => w.First)];
    }

    [Fact]
    public void A_written_adapter_makes_the_trained_model_of_its_base()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        using var model = Decoder.Random(Config, 11, ScalarType.Float32);
        CheckpointWriter.Write(folder.PathOf("base"), Config, model.Weights);
        using var lora = new LoraTraining(model.Weights, 4, 8, ["q_proj", "o_proj"], 9);
        Shift(lora, 0.1);
        AdapterWriter.Write(folder.PathOf("adapter"), lora, "../base", ScalarType.Float32);
        using var checkpoint = Checkpoint.Open(folder.PathOf("adapter"));
        using var loaded = checkpoint.Load(ScalarType.Float32);
        foreach (var (trained, read) in lora.Weights().Tensors.Zip(loaded.Tensors))
            Assert.True(trained.allclose(read, 1e-6, 1e-6));
    }

    [Fact]
    public void Only_the_chosen_heads_change()
    {
        using var scope = NewDisposeScope();
        using var model = Decoder.Random(Config, 11, ScalarType.Float32);
        using var heads = new HeadTraining(Config, model.Weights, [new(1, 2)]);
        new Gradient(Config, heads).Compute(GradientTests.RandomBatch(Config.Vocabulary, [20, 30], 5));
        using var optimizer = new Optimizer(heads.Tensors, new());
        optimizer.Step(0.01);
        using var _ = no_grad();
        var after = heads.Weights();
        Assert.Equal(["q", "k", "v", "o"], Changed(model.Weights, after)
            .Select(name => name["model.layers.1.self_attn.".Length..][..1]));
        LayerWeights was = model.Weights.Layers[1], now = after.Layers[1];
        // Head 2 of 4 reads key/value head 1 of 2; heads are 16 wide.
        foreach (var (before, trained, dimension, from) in new[]
        {
            (was.Query, now.Query, 0, 32), (was.Key, now.Key, 0, 16), (was.Value, now.Value, 0, 16),
                (was.Output, now.Output, 1, 32),
        })
        {
            var changed = before.ne(trained);
            Assert.Equal(16 * 64, changed.sum().item<long>());
            Assert.Equal(16 * 64, changed.narrow(dimension, from, 16).sum().item<long>());
        }
        Assert.Equal(4 * 16 * 64, heads.Count);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(0, 4)]
    [InlineData(-1, 0)]
    public void A_head_that_is_not_there_is_refused(int layer, int index)
    {
        using var model = Decoder.Random(Config, 11, ScalarType.Float32);
        var refusal = Assert.Throws<ArgumentException>(() =>
            new HeadTraining(Config, model.Weights, [new(0, 0), new(layer, index)]));
        Assert.Contains($"{layer}.{index}", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new LoraTraining(model.Weights, 2, 2, ["query"], 1));
    }
}
