using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>Small random models, float64 unless told otherwise.</summary>
internal static class RandomModels
{
    public static Llama Create(int seed, int layers, int heads, int keyValueHeads, int headWidth = 4, int vocabulary = 11,
        ScalarType dtype = ScalarType.Float64, bool bias = false)
    {
        var config = new LlamaConfig
        {
            Layers = layers, Heads = heads, KeyValueHeads = keyValueHeads, HeadWidth = headWidth, Width = heads * headWidth,
            FeedForward = 2 * heads * headWidth + 3, Vocabulary = vocabulary, MaxPositions = 64, QkvBias = bias, OutputBias = bias,
        };
        return Create(seed, config, dtype);
    }

    public static Llama Create(int seed, LlamaConfig c, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        manual_seed(seed);
        Tensor Random(double scale, params long[] shape) =>
            (randn(shape, dtype: ScalarType.Float64) * scale).to(dtype).DetachFromDisposeScope();
        Tensor Norm() => (ones([c.Width], dtype: ScalarType.Float64) + randn([c.Width], dtype: ScalarType.Float64) * 0.1)
            .to(dtype).DetachFromDisposeScope();
        long q = c.Heads * c.HeadWidth, kv = c.KeyValueHeads * c.HeadWidth;
        double s = 1.5 / Math.Sqrt(c.Width);
        var weights = new LlamaWeights
        {
            Embedding = Random(1, c.Vocabulary, c.Width),
            Unembedding = Random(s, c.Vocabulary, c.Width),
            FinalNorm = Norm(),
            Layers = [.. Enumerable.Range(0, c.Layers).Select(_ => new LlamaLayerWeights
            {
                AttentionNorm = Norm(), MlpNorm = Norm(),
                Query = Random(s, q, c.Width), Key = Random(s, kv, c.Width), Value = Random(s, kv, c.Width), Output = Random(s, c.Width, q),
                QueryBias = c.QkvBias ? Random(.3, q) : null, KeyBias = c.QkvBias ? Random(.3, kv) : null,
                ValueBias = c.QkvBias ? Random(.3, kv) : null, OutputBias = c.OutputBias ? Random(.3, c.Width) : null,
                Gate = Random(s, c.FeedForward, c.Width), Up = Random(s, c.FeedForward, c.Width), Down = Random(s, c.Width, c.FeedForward),
            })],
        };
        return new Llama(c, weights) { BlockRows = 16 };
    }
}
