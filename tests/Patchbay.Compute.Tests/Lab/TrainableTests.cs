using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class TrainableTests
{
    private static readonly LlamaConfig Config = GradientTests.Config(2, 4, 2, 16, tied: true);

    [Fact]
    public void Lora_s_gradient_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        using var weights = GradientTests.RandomWeights(Config, ScalarType.Float64);
        using var lora = new LoraTraining(weights, 3, 6, ["q_proj", "v_proj", "down_proj"], 9);
        lora.Values.copy_(randn_like(lora.Values) * 0.1); // B is zero at the start, which would hide A's gradient
        lora.Apply();
        using var gradient = new AutogradGradient(weights);
        var batch = GradientTests.RandomBatch(Config.Vocabulary, [20, 11], 5);
        gradient.Compute(batch);
        var analytic = lora.Gradient(gradient.Values).clone();
        // Finite differences along random directions.
        for (var i = 0; i < 5; i++)
        {
            const double Step = 5e-3; // losses are told in float32
            var direction = randn_like(lora.Values);
            direction = direction / direction.norm();
            double LossAt(double t)
            {
                lora.Values.add_(direction * t);
                lora.Apply();
                var loss = batch.Mean(gradient.Compute(batch));
                lora.Values.sub_(direction * t);
                return loss;
            }
            var slope = (LossAt(Step) - LossAt(-Step)) / (2 * Step);
            Assert.Equal((analytic * direction).sum(0L).item<double>(), slope, 2e-3 * analytic.norm().item<double>());
        }
    }

    [Fact]
    public void Lora_changes_nothing_at_the_start_and_only_its_targets_afterwards()
    {
        using var scope = NewDisposeScope();
        using var weights = GradientTests.RandomWeights(Config, ScalarType.Float32);
        var before = weights.Values.clone();
        using var lora = new LoraTraining(weights, 4, 8, ["k_proj"], 9);
        lora.Apply();
        Assert.True(weights.Values.allclose(before, 0, 0));
        lora.Values.fill_(0.1f);
        lora.Apply();
        foreach (var place in weights.Places)
        {
            var same = FlatWeights.View(weights.Values, place).allclose(FlatWeights.View(before, place), 0, 0);
            Assert.Equal(!place.Name.Contains("k_proj", StringComparison.Ordinal), same);
        }
    }

    [Fact]
    public void A_written_adapter_makes_the_trained_model_of_its_base()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var weights = GradientTests.RandomWeights(Config, ScalarType.Float32);
        using (var start = weights.Weights()) CheckpointWriter.Write(folder.PathOf("base"), Config, start);
        using var lora = new LoraTraining(weights, 4, 8, ["q_proj", "o_proj"], 9);
        lora.Values.copy_(randn_like(lora.Values) * 0.1);
        lora.Apply();
        AdapterWriter.Write(folder.PathOf("adapter"), lora, "../base", ScalarType.Float32);
        using var checkpoint = Checkpoint.Open(folder.PathOf("adapter"));
        using var loaded = checkpoint.Load(ScalarType.Float32);
        foreach (var (place, tensor) in weights.Places.Zip(loaded.Tensors))
            Assert.True(FlatWeights.View(weights.Values, place).allclose(tensor, 1e-6, 1e-6), place.Name);
    }

    [Fact]
    public void Only_the_chosen_heads_change()
    {
        using var scope = NewDisposeScope();
        using var weights = GradientTests.RandomWeights(Config, ScalarType.Float32);
        var before = weights.Values.clone();
        using var heads = DirectTraining.Heads(weights, [new(1, 2)]);
        using var gradient = new FusedGradient(weights);
        gradient.Compute(GradientTests.RandomBatch(Config.Vocabulary, [20, 30], 5));
        using var optimizer = new AdamW(heads.Values, heads.Segments, new());
        optimizer.Step(heads.Gradient(gradient.Values), 0.01);
        Tensor Changed(string name) => FlatWeights.View(weights.Values, weights.Find(name)).ne(FlatWeights.View(before, weights.Find(name)));
        const string Layer = "model.layers.1.self_attn.";
        // Head 2 of 4 reads key/value head 1 of 2; heads are 16 wide.
        Assert.Equal(16 * 64, Changed(Layer + "q_proj.weight").narrow(0, 32, 16).sum(0L).sum(0L).item<long>());
        Assert.Equal(heads.Count, weights.Values.ne(before).sum(0L).item<long>());
        Assert.Equal(16 * 64, Changed(Layer + "k_proj.weight").narrow(0, 16, 16).sum(0L).sum(0L).item<long>());
        Assert.Equal(16 * 64, Changed(Layer + "v_proj.weight").narrow(0, 16, 16).sum(0L).sum(0L).item<long>());
        Assert.Equal(16 * 64, Changed(Layer + "o_proj.weight").narrow(1, 32, 16).sum(0L).sum(0L).item<long>());
        Assert.Equal(4 * 16 * 64, heads.Count);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(0, 4)]
    [InlineData(-1, 0)]
    public void A_head_that_is_not_there_is_refused(int layer, int index)
    {
        using var weights = GradientTests.RandomWeights(Config, ScalarType.Float32);
        Assert.Contains($"{layer}.{index}", Assert.Throws<ArgumentException>(() => DirectTraining.Heads(weights, [new(0, 0), new(layer, index)])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new LoraTraining(weights, 2, 2, ["query"], 1));
    }
}
