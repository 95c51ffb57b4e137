namespace Patchbay.Lab.Training;

/// <summary>Weights to begin with (docs/lab.md says which of these choices made binding form).</summary>
internal static class Initialization
{
    /// <summary>Embeddings of unit variance, tied, with logits scaled by width^-1/2 in the final norm's weight, so that
    /// copying a token is easy from the start; matrices of variance 1/(3 inputs); norms 1. Each head's output
    /// projection is near the transpose of its value projection (<paramref name="copying"/> is their correlation), so
    /// that a head copies what it attends to before it has learned anything: mimetic initialization (Trockman and
    /// Kolter 2023), with the sign that copies.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="seed">Seed of all.</param>
    /// <param name="copying">Correlation of output projections with transposed value projections, 0 to 1.</param>
    /// <param name="scaledLogits">Whether tied logits are scaled.</param>
    /// <returns>Weights in float32 on the CPU, the caller's.</returns>
    public static DecoderWeights Draw(DecoderConfig config, ulong seed, double copying = 0.9, bool scaledLogits = true)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed(unchecked((long)seed));
        long d = config.Width, dh = config.HeadWidth, q = config.Heads * dh, kv = config.KeyValueHeads * dh;
        var embedding = Matrix(config.Vocabulary, d, 1);
        LayerWeights[] layers = [.. Enumerable.Range(0, config.Layers).Select(_ => Layer())];
        return new()
        {
            Embedding = embedding,
            Layers = layers,
            FinalNorm = Norm(config.TiedEmbeddings && scaledLogits ? 1 / Math.Sqrt(d) : 1),
            Unembedding = config.TiedEmbeddings ? embedding : Inner(config.Vocabulary, d),
        };

        LayerWeights Layer()
        {
            Tensor query = Inner(q, d), key = Inner(kv, d), value = Inner(kv, d), output = Inner(d, q);
            var back = value.view(-1, dh, d).repeat_interleave(config.GroupSize, dim: 0).view(-1, d).t(); // (d, q)
            output.mul_(Number.Of(Math.Sqrt(1 - copying * copying)))
                .add_(back, Number.Of(copying * Math.Sqrt(d / (double)q)));
            return new()
            {
                AttentionNorm = Norm(1),
                Query = query,
                Key = key,
                Value = value,
                Output = output,
                MlpNorm = Norm(1),
                Gate = Inner(config.FeedForward, d),
                Up = Inner(config.FeedForward, d),
                Down = Inner(d, config.FeedForward),
            };
        }

        Tensor Inner(long outputs, long inputs) => Matrix(outputs, inputs, Math.Sqrt(1 / (3.0 * inputs)));

        static Tensor Matrix(long outputs, long inputs, double scale) =>
            randn([outputs, inputs], dtype: ScalarType.Float64, device: CPU).mul(Number.Of(scale))
            .to(ScalarType.Float32).DetachFromDisposeScope();

        Tensor Norm(double value) =>
            full([d], Number.Of(value), dtype: ScalarType.Float32, device: CPU).DetachFromDisposeScope();
    }
}
