namespace Patchbay.Models;

public sealed partial class Decoder
{
    /// <summary>A model of a given shape with weights drawn from a seed, for benchmarks, demonstrations, tests:
    /// embeddings of unit variance, matrices of standard deviation <paramref name="spread"/> / sqrt(inputs), norms near
    /// one.</summary>
    public static Decoder Random(
        DecoderConfig config, long seed, ScalarType dtype = ScalarType.Float32, double spread = 1,
        Device? device = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed(seed);
        var embedding = Draw(1, config.Vocabulary, config.Width);
        return new Decoder(config, new DecoderWeights
        {
            Embedding = embedding,
            Positions = config.LearnedPositions ? Draw(0.3, config.MaxPositions, config.Width) : null,
            Unembedding = config.TiedEmbeddings ? embedding : Matrix(config.Vocabulary, config.Width),
            UnembeddingBias = config.UnembeddingBias ? Draw(0.3, config.Vocabulary) : null,
            FinalNorm = Norm(config.Width),
            FinalNormBias = config.Norm == NormKind.Layer ? Draw(0.3, config.Width) : null,
            Layers = [.. Enumerable.Range(0, config.Layers).Select(_ => LayerWeights.Make(config, (name, shape) =>
                shape.Length == 2 ? Matrix(shape[0], shape[1])
                : name.EndsWith(".bias", StringComparison.Ordinal) ? Draw(0.3, shape[0]) : Norm(shape[0])))],
        });

        Tensor Draw(double scale, params long[] shape) => OnDevice(Normal(shape).mul(Number.Of(scale)));
        Tensor Matrix(long outputs, long inputs) => Draw(spread / Math.Sqrt(inputs), outputs, inputs);
        Tensor Norm(long width) => OnDevice(Normal(width).mul(Number.Of(0.1))
            .add(Number.Of(config.Norm == NormKind.RmsPlusOne ? 0 : 1), Number.One));
        Tensor Normal(params long[] shape) => randn(shape, dtype: ScalarType.Float64, device: CPU);
        Tensor OnDevice(Tensor drawn) => drawn.to(dtype).to(device ?? CPU).DetachFromDisposeScope();
    }
}
