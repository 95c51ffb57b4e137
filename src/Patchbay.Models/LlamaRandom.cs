namespace Patchbay.Models;

public sealed partial class Llama
{
    /// <summary>A model of a given shape with weights drawn from a seed, for benchmarks, demonstrations, tests:
    /// embeddings of unit variance, matrices of standard deviation <paramref name="spread"/> / sqrt(inputs), norms near
    /// one.</summary>
    public static Llama Random(
        LlamaConfig config, long seed, ScalarType dtype = ScalarType.Float32, double spread = 1, Device? device = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed(seed);
        var linear = LlamaLayout.Linear(config).ToDictionary(m => m.Part);
        var embedding = Draw(1, config.Vocabulary, config.Width);
        return new Llama(config, new LlamaWeights
        {
            Embedding = embedding,
            Unembedding = config.TiedEmbeddings ? embedding : Matrix(config.Vocabulary, config.Width),
            FinalNorm = Norm(),
            Layers = [.. Enumerable.Range(0, config.Layers).Select(_ => LlamaLayerWeights.Make(config,
                part => linear.TryGetValue(part, out var m) ? Matrix(m.Outputs, m.Inputs) : Norm(),
                part => Draw(0.3, linear[part].Outputs)))],
        });

        Tensor Draw(double scale, params long[] shape) => OnDevice(Normal(shape).mul(Number.Of(scale)));
        Tensor Matrix(long outputs, long inputs) => Draw(spread / Math.Sqrt(inputs), outputs, inputs);
        Tensor Norm() => OnDevice(Normal(config.Width).mul(Number.Of(0.1)).add(Number.One, Number.One));
        Tensor Normal(params long[] shape) => randn(shape, dtype: ScalarType.Float64, device: CPU);
        Tensor OnDevice(Tensor drawn) => drawn.to(dtype).to(device ?? CPU).DetachFromDisposeScope();
    }
}
