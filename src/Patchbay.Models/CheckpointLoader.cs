using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models;

/// <summary>Turns an open checkpoint into weights, one tensor at a time. On an error nothing stays in memory.</summary>
internal sealed class CheckpointLoader
{
    private readonly CheckpointSource source;
    private readonly Dictionary<string, LoraModule> changes;
    private readonly ScalarType dtype;
    private readonly Device device;
    private readonly IProgress<LoadProgress>? progress;
    private readonly CancellationToken cancellation;
    private readonly long total;
    private long done;

    public CheckpointLoader(
        Checkpoint checkpoint, ScalarType dtype, Device device, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        if (!is_floating_point(dtype)) throw new ArgumentException($"Weights are not loaded as {dtype}.", nameof(dtype));
        source = checkpoint.Source;
        changes = (checkpoint.Adapter?.Modules ?? []).ToDictionary(m => m.Name);
        (this.dtype, this.device, this.progress, this.cancellation) = (dtype, device, progress, cancellation);
        total = source.Tensors.Values.Where(t => !LlamaLayout.IsBuffer(t.Name)).Sum(t => t.ByteLength);
    }

    public LlamaWeights Load()
    {
        var config = source.Config;
        if (config.TiedEmbeddings) CheckTied();
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var embedding = Read(source.Embedding);
        var weights = new LlamaWeights
        {
            Embedding = embedding,
            Layers = [.. Enumerable.Range(0, config.Layers).Select(Layer)],
            FinalNorm = Read(LlamaLayout.FinalNorm),
            Unembedding = config.TiedEmbeddings ? embedding : Linear(LlamaLayout.UnembeddingModule),
        };
        foreach (var tensor in weights.Tensors) tensor.DetachFromDisposeScope();
        return weights;
    }

    private LlamaLayerWeights Layer(int layer) => new()
    {
        AttentionNorm = Read(LlamaLayout.Weight(layer, "input_layernorm")),
        Query = Linear(LlamaLayout.Module(layer, "self_attn.q_proj")),
        Key = Linear(LlamaLayout.Module(layer, "self_attn.k_proj")),
        Value = Linear(LlamaLayout.Module(layer, "self_attn.v_proj")),
        Output = Linear(LlamaLayout.Module(layer, "self_attn.o_proj")),
        QueryBias = Bias(source.Config.QkvBias, layer, "self_attn.q_proj"),
        KeyBias = Bias(source.Config.QkvBias, layer, "self_attn.k_proj"),
        ValueBias = Bias(source.Config.QkvBias, layer, "self_attn.v_proj"),
        OutputBias = Bias(source.Config.OutputBias, layer, "self_attn.o_proj"),
        MlpNorm = Read(LlamaLayout.Weight(layer, "post_attention_layernorm")),
        Gate = Linear(LlamaLayout.Module(layer, "mlp.gate_proj")),
        Up = Linear(LlamaLayout.Module(layer, "mlp.up_proj")),
        Down = Linear(LlamaLayout.Module(layer, "mlp.down_proj")),
    };

    private Tensor? Bias(bool has, int layer, string part) => has ? Read(LlamaLayout.Module(layer, part) + ".bias") : null;

    private Tensor Read(string name) => Read(source.Tensors[name]);

    private Tensor Read(StoredTensor stored)
    {
        cancellation.ThrowIfCancellationRequested();
        var tensor = stored.Load(dtype, device);
        Report(stored);
        return tensor;
    }

    // A module's weight, with W += scale·B·A where the adapter changes it.
    private Tensor Linear(string module)
    {
        var stored = source.Tensors[module + ".weight"];
        if (!changes.TryGetValue(module, out var change)) return Read(stored);
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
        if (same) done += b.ByteLength;
        else throw Refusal.Of(b.File, $"tie_word_embeddings is true, but tensors {a.Name} and {b.Name} are not the same");
    }
}
