using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>Tests that touch libtorch run one at a time: its random numbers and thread count belong to the process.</summary>
[CollectionDefinition(nameof(Libtorch), DisableParallelization = true)]
public sealed class Libtorch;

/// <summary>Small random models.</summary>
internal static class SmallModels
{
    public static Llama Random(int seed, LlamaConfig c, ScalarType dtype = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        manual_seed(seed);
        Tensor Matrix(params long[] shape) => (randn(shape, dtype: ScalarType.Float64) * 0.3).to(dtype).DetachFromDisposeScope();
        Tensor Norm() => ones([c.Width], dtype: dtype).DetachFromDisposeScope();
        long q = c.Heads * c.HeadWidth, kv = c.KeyValueHeads * c.HeadWidth;
        return new Llama(c, new LlamaWeights
        {
            Embedding = Matrix(c.Vocabulary, c.Width), Unembedding = Matrix(c.Vocabulary, c.Width), FinalNorm = Norm(),
            Layers = [.. Enumerable.Range(0, c.Layers).Select(_ => new LlamaLayerWeights
            {
                AttentionNorm = Norm(), MlpNorm = Norm(), Query = Matrix(q, c.Width), Key = Matrix(kv, c.Width), Value = Matrix(kv, c.Width),
                Output = Matrix(c.Width, q), Gate = Matrix(c.FeedForward, c.Width), Up = Matrix(c.FeedForward, c.Width), Down = Matrix(c.Width, c.FeedForward),
            })],
        });
    }
}
