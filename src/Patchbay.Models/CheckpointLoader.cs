using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>Turns an open checkpoint into weights, one tensor at a time. On an error nothing stays in memory.</summary>
internal sealed class CheckpointLoader(
    CheckpointSource source, IReadOnlyList<LoraModule> changes, ScalarType dtype, Device device,
    IProgress<LoadProgress>? progress, CancellationToken cancellation)
{
    private readonly long total = source.Tensors.Values.Sum(t => t.ByteLength)
        - (source.Config.TiedEmbeddings && !ReferenceEquals(source.Embedding, source.Unembedding)
            ? source.Unembedding.ByteLength : 0);

    private long done;

    public DecoderWeights Load()
    {
        if (!is_floating_point(dtype))
            throw new ArgumentException($"Weights are not loaded as {dtype}.", nameof(dtype));
        var config = source.Config;
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var embedding = Weight(DecoderLayout.Embedding, source.Embedding);
        var weights = new DecoderWeights
        {
            Embedding = embedding,
            Positions = ReadIf(config.LearnedPositions, DecoderLayout.Positions),
            Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => LayerWeights.Make(config,
                (name, _) => Weight(DecoderLayout.Module(layer, name))))],
            FinalNorm = Weight(DecoderLayout.FinalNorm),
            FinalNormBias = ReadIf(config.Norm == NormKind.Layer, DecoderLayout.FinalNormBias),
            Unembedding = config.TiedEmbeddings ? embedding : Weight(DecoderLayout.Unembedding),
            UnembeddingBias = ReadIf(config.UnembeddingBias, DecoderLayout.UnembeddingBias),
        };
        foreach (var tensor in weights.Tensors) tensor.DetachFromDisposeScope();
        return weights;
    }

    private Tensor? ReadIf(bool there, string name) => there ? Weight(name) : null;

    private Tensor Read(StoredTensor stored)
    {
        cancellation.ThrowIfCancellationRequested();
        var tensor = stored.Load(dtype, device);
        Report(stored);
        return tensor;
    }

    private Tensor Weight(string name) => Weight(name, source.Tensors[name]);

    // A tensor, a module's weight with W += scale·B·A where the adapter changes it.
    private Tensor Weight(string name, StoredTensor stored)
    {
        if (changes.FirstOrDefault(m => m.Name + ".weight" == name) is not { } change) return Read(stored);
        cancellation.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var exact = dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var weight = stored.Load(exact, device);
        var (a, b) = (change.A.Load(exact, device), change.B.Load(exact, device));
        var product = change.IsOfEmbedding ? a.t().matmul(b.t()) : b.matmul(a);
        weight.add_(product.mul_(Number.Of(change.Scale)), Number.One);
        Report(stored);
        return weight.to_type(dtype).MoveToOuterDisposeScope();
    }

    private void Report(StoredTensor stored) => progress?.Report(new(stored.Name, done += stored.ByteLength, total));
}
