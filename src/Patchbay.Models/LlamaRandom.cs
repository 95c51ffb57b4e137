using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models;

public sealed partial class Llama
{
    /// <summary>
    /// A model of a given shape with weights drawn from a seed, for benchmarks, demonstrations and tests: embeddings of unit
    /// variance, matrices of standard deviation <paramref name="spread"/> / sqrt(inputs), norms near one.
    /// </summary>
    public static Llama Random(LlamaConfig config, long seed, ScalarType dtype = ScalarType.Float32, double spread = 1,
        Device? device = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed(seed);
        Tensor Draw(double scale, params long[] shape) =>
            OnDevice(randn(shape, dtype: ScalarType.Float64, device: CPU).mul(Number.Of(scale)));
        Tensor OnDevice(Tensor drawn) => drawn.to(dtype).to(device ?? CPU).DetachFromDisposeScope();
        Tensor Matrix(long outputs, long inputs) => Draw(spread / Math.Sqrt(inputs), outputs, inputs);
        Tensor Norm() => OnDevice(randn([config.Width], dtype: ScalarType.Float64, device: CPU)
            .mul(Number.Of(0.1)).add(Number.One, Number.One));
        Tensor? Bias(bool present, long size) => present ? Draw(0.3, size) : null;
        long q = config.Heads * config.HeadWidth, kv = config.KeyValueHeads * config.HeadWidth;
        var embedding = Draw(1, config.Vocabulary, config.Width);
        return new Llama(config, new LlamaWeights
        {
            Embedding = embedding,
            Unembedding = config.TiedEmbeddings ? embedding : Matrix(config.Vocabulary, config.Width),
            FinalNorm = Norm(),
            Layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new LlamaLayerWeights
            {
                AttentionNorm = Norm(), MlpNorm = Norm(),
                Query = Matrix(q, config.Width), Key = Matrix(kv, config.Width), Value = Matrix(kv, config.Width), Output = Matrix(config.Width, q),
                QueryBias = Bias(config.QkvBias, q), KeyBias = Bias(config.QkvBias, kv), ValueBias = Bias(config.QkvBias, kv),
                OutputBias = Bias(config.OutputBias, config.Width),
                Gate = Matrix(config.FeedForward, config.Width), Up = Matrix(config.FeedForward, config.Width),
                Down = Matrix(config.Width, config.FeedForward),
            })],
        });
    }
}
