using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>Turns an open checkpoint into weights, one tensor at a time. On an error nothing stays in memory.</summary>
internal sealed class CheckpointLoader(
    CheckpointSource source, IReadOnlyList<LoraModule> changes, ScalarType dtype, Device device,
    IProgress<LoadProgress>? progress, CancellationToken cancellation)
{
    private readonly long total =
        source.Tensors.Values.Where(t => !LlamaLayout.IsBuffer(t.Name)).Sum(t => t.ByteLength);

    private long done;

    public LlamaWeights Load()
    {
        if (!is_floating_point(dtype))
            throw new ArgumentException($"Weights are not loaded as {dtype}.", nameof(dtype));
        var config = source.Config;
        if (config.TiedEmbeddings) CheckTied();
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var embedding = Read(source.Embedding);
        var weights = new LlamaWeights
        {
            Embedding = embedding,
            Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => LlamaLayerWeights.Make(config,
                part => Weight(LlamaLayout.Module(layer, part)),
                part => Read(source.Tensors[LlamaLayout.Module(layer, part) + ".bias"])))],
            FinalNorm = Read(source.Tensors[LlamaLayout.FinalNorm]),
            Unembedding = config.TiedEmbeddings ? embedding : Weight(LlamaLayout.UnembeddingModule),
        };
        foreach (var tensor in weights.Tensors) tensor.DetachFromDisposeScope();
        return weights;
    }

    private Tensor Read(StoredTensor stored)
    {
        cancellation.ThrowIfCancellationRequested();
        var tensor = stored.Load(dtype, device);
        Report(stored);
        return tensor;
    }

    // A module's weight, with W += scale·B·A where the adapter changes it.
    private Tensor Weight(string module)
    {
        var stored = source.Tensors[module + ".weight"];
        if (changes.FirstOrDefault(m => m.Name == module) is not { } change) return Read(stored);
        cancellation.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var exact = dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var weight = stored.Load(exact, device);
        var (a, b) = (change.A.Load(exact, device), change.B.Load(exact, device));
        weight.add_(b.matmul(a).mul_(Number.Of(change.Scale)), Number.One);
        Report(stored);
        return weight.to_type(dtype).MoveToOuterDisposeScope();
    }

    private void Report(StoredTensor stored) => progress?.Report(new(stored.Name, done += stored.ByteLength, total));

    private void CheckTied()
    {
        var (a, b) = (source.Embedding, source.Unembedding);
        if (ReferenceEquals(a, b)) return;
        var same = a.Type == b.Type;
        var (left, right) = (new byte[1 << 20], new byte[1 << 20]);
        var step = left.Length / a.Type.ByteSize();
        for (var first = 0L; same && first < a.Count; first += step)
        {
            var bytes = (int)Math.Min(step, a.Count - first) * a.Type.ByteSize();
            a.CopyTo(first, left.AsSpan(0, bytes));
            b.CopyTo(first, right.AsSpan(0, bytes));
            same = left.AsSpan(0, bytes).SequenceEqual(right.AsSpan(0, bytes));
        }
        if (!same)
            throw Refusal.Because(
                b.File, $"tie_word_embeddings is true, but tensors {a.Name} and {b.Name} are not the same");
        done += b.ByteLength;
    }
}
