using Patchbay.Lab.Data;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class TargetedTuningTests
{
    private const ulong Seed = 5;
    private static readonly DecoderConfig Config = GradientTests.Config(2, 4, 2, 16,
        tied: false) with
    { Vocabulary = LabVocabulary.Quartet.Size };
    private static readonly Head[] Heads = [new(1, 2), new(0, 1), new(1, 0)];

    [Theory]
    [InlineData(TargetedTuning.Arithmetic)]
    [InlineData(TargetedTuning.EntityTracking)]
    public void Only_the_heads_weights_change_and_the_loss_falls(string data)
    {
        using var scope = NewDisposeScope();
        using var model = Decoder.Random(Config, 3, ScalarType.Float32);
        Tensor[] before = [.. model.Weights.Tensors.Select(tensor => tensor.clone())];
        var losses = new List<double>();
        using var tuned = TargetedTuning.Tune(model, Encode, Heads, data, 40, 1e-2, Seed, entry =>
            losses.Add(entry.Loss!.Value));

        Assert.Equal(40, losses.Count);
        Assert.True(losses[^5..].Average() < 0.9 * losses[..5].Average(),
            $"{losses[..5].Average()} -> {losses[^5..].Average()}");
        foreach (var (was, now) in before.Zip(model.Weights.Tensors)) Assert.True(was.equal(now).all().item<bool>());
        Assert.Equal(Expected(model.Weights), model.Weights.Tensors.Zip(tuned.Weights.Tensors)
            .Select(pair => Changed(pair.First, pair.Second)));
    }

    /// <summary>Which numbers of each weight should change: head h reads key/value head h / 2, heads are 16
    /// wide.</summary>
    private static IEnumerable<string> Expected(DecoderWeights weights)
    {
        foreach (var tensor in weights.Tensors)
        {
            var layer = weights.Layers.ToList().FindIndex(l => ReferenceEquals(tensor, l.Query)
                || ReferenceEquals(tensor, l.Key)
                || ReferenceEquals(tensor, l.Value) || ReferenceEquals(tensor, l.Output));
            var mask = zeros_like(tensor);
            foreach (var head in Heads.Where(head => head.Layer == layer))
            {
                var w = weights.Layers[layer];
                var (dimension, from) = ReferenceEquals(tensor, w.Query) ? (0, head.Index)
                    : ReferenceEquals(tensor, w.Output) ? (1, head.Index) : (0, head.Index / 2);
                mask.narrow(dimension, from * 16, 16).fill_(1f);
            }
            yield return Text(mask.ne(zeros_like(mask)));
        }
    }

    private static string Changed(Tensor before, Tensor after) => Text(before.ne(after));

    private static string Text(Tensor flags) => string.Concat(flags.data<bool>().ToArray()
        .Select(flag => flag ? '1' : '0'));

    [Fact]
    public void It_is_what_a_run_of_the_lab_does_with_method_heads()
    {
        set_num_threads(1);
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Decoder.Random(Config, 3, ScalarType.Float32);
        CheckpointWriter.Write(folder.PathOf("start"), Config, model.Weights);
        LabTokenizer.Write(folder.PathOf("start"), LabVocabulary.Quartet);
        var recipe = LabRecipes.Find("float") with
        {
            Steps = 6,
            LearningRate = 1e-2,
            Seed = Seed,
            CheckpointEvery = 6,
            Questions = 1,
            FineTuning = new("heads", Heads: ["1.2", "0.1", "1.0"]),
        };
        using (var run = TrainingRun.Open(folder.PathOf("run"), recipe, folder.PathOf("start"))) run.Run();
        using var checkpoint = Checkpoint.Open(folder.PathOf("run/checkpoints/step-000006"));
        using var expected = checkpoint.Load(ScalarType.Float32);

        // Twice: the tokenizer of a folder, and the same arguments again.
        var tokenizer = TokenizerLoader.Open(folder.PathOf("start"))!;
        for (var again = 0; again < 2; again++)
        {
            using var tuned = TargetedTuning.Tune(model, text => tokenizer.Encode(text), Heads,
                TargetedTuning.Arithmetic, 6, 1e-2, Seed);
            foreach (var (want, got) in expected.Tensors.Zip(tuned.Weights.Tensors)) Assert.True(
                want.equal(got).all().item<bool>());
        }
        using var other = TargetedTuning.Tune(model, text => tokenizer.Encode(text), Heads, TargetedTuning.Arithmetic,
            6, 1e-2, Seed + 1);
        Assert.Contains(expected.Tensors.Zip(other.Weights.Tensors), pair =>
            !pair.First.equal(pair.Second).all().item<bool>());
    }

    [Fact]
    public void What_cannot_be_tuned_is_refused_in_a_sentence()
    {
        using var model = Decoder.Random(Config, 3, ScalarType.Float32);
        void Refused<T>(
            string what, Decoder? of = null, EncodeText? encode = null, Head[]? heads = null,
            string data = "arithmetic", int steps = 1, double rate = 1e-3)
            where T : Exception
        {
            var refusal = Assert.Throws<T>(() => TargetedTuning.Tune(of ?? model, encode ?? Encode, heads ?? Heads,
                data, steps, rate, Seed));
            Assert.Contains(what, refusal.Message, StringComparison.Ordinal);
        }
        Refused<ArgumentException>("no head to train is named", heads: []);
        Refused<ArgumentException>("head 2.0 is not in a model of 2 layers of 4 heads", heads: [new(2, 0)]);
        Refused<ArgumentException>("no data 'poems' to tune on, expected arithmetic or entity-tracking", data: "poems");
        Refused<ArgumentException>("steps must be at least 1, found 0", steps: 0);
        Refused<ArgumentException>("above 0, found NaN", rate: double.NaN);
        Refused<InvalidDataException>($"expected ids below {LabVocabulary.Quartet.Size}", encode: text =>
            [LabVocabulary.Quartet.Size, .. Encode(text)]);
        using var half = Decoder.Random(Config, 3, ScalarType.Float16);
        Refused<NotSupportedException>("only float32 models can be trained, this one is Float16", half);
        using var biased = Decoder.Random(Config with { QkvBias = true }, 3, ScalarType.Float32);
        Refused<NotSupportedException>("without biases", biased);
        using var otherwise = Decoder.Random(Config with { ResidualFactor = 0.5 }, 3, ScalarType.Float32);
        Refused<NotSupportedException>("only a plain Llama can be trained", otherwise);
        using var shortSighted = Decoder.Random(Config with { MaxPositions = 20 }, 3, ScalarType.Float32);
        Refused<InvalidDataException>("this model reads at most 20", shortSighted);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => TargetedTuning.Tune(model, Encode, Heads, "arithmetic", 1, 1e-3,
            Seed, null, cancelled.Token));
    }

    private static int[] Encode(string text) => [LabVocabulary.Begin, .. LabVocabulary.Quartet.Encode(text)];
}
