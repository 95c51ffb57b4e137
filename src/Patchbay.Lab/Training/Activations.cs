using System.Runtime.InteropServices;
using Patchbay.Models;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>What one layer's backward pass needs of its forward pass.</summary>
internal sealed record LayerActivations(
    Tensor H1, Tensor S1, Tensor Qkv, Tensor Z, Tensor H2, Tensor S2, Tensor GateUp, Tensor Hidden)
{
    /// <summary>Address of the attention weights of all heads and sequences, as PackedAttention lays them out.</summary>
    public nint AttentionWeights { get; init; }

    public LayerActivations Take(int rows) => new(First(H1, rows), First(S1, rows), First(Qkv, rows), First(Z, rows), First(H2, rows),
        First(S2, rows), First(GateUp, rows), First(Hidden, rows))
    { AttentionWeights = AttentionWeights };

    public IEnumerable<Tensor> Tensors => [H1, S1, Qkv, Z, H2, S2, GateUp, Hidden];

    public static Tensor First(Tensor x, int rows) => x.narrow(0, 0, rows);
}

/// <summary>Memory of a forward and backward pass, made once and used again for every batch that is no larger: all (rows, ...),
/// float32. Backward passes overwrite what is no longer needed (logits, gate and up become their gradients).</summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly Tensor[] residuals; // before each layer's attention and MLP, and at the end: 2L + 1
    private readonly nint attentionWeights;

    public Activations(LlamaConfig c, int rows, long weights)
    {
        int q = c.Heads * c.HeadWidth, qkv = q + 2 * c.KeyValueHeads * c.HeadWidth;
        Tensor New(params long[] shape) => empty(shape, dtype: ScalarType.Float32).DetachFromDisposeScope();
        Tensor Wide(int width) => New(rows, width);
        (Capacity, WeightCapacity) = (rows, weights);
        attentionWeights = (nint)NativeMemory.AlignedAlloc((nuint)(weights * c.Layers * sizeof(float)), 64);
        residuals = [.. Enumerable.Range(0, 2 * c.Layers + 1).Select(_ => Wide(c.Width))];
        Layers = [.. Enumerable.Range(0, c.Layers).Select(l => new LayerActivations(
            Wide(c.Width), New(rows), Wide(qkv), Wide(q), Wide(c.Width), New(rows), Wide(2 * c.FeedForward), Wide(c.FeedForward))
        { AttentionWeights = attentionWeights + (nint)(l * weights * sizeof(float)) })];
        (HFinal, SFinal, Logits) = (Wide(c.Width), New(rows), Wide(c.Vocabulary));
        (DResidual, DH, DHidden, DZ, DQkv) = (Wide(c.Width), Wide(c.Width), Wide(c.FeedForward), Wide(q), Wide(qkv));
    }

    private Activations(Activations all, int rows)
    {
        Tensor First(Tensor x) => LayerActivations.First(x, rows);
        (residuals, Layers) = (Array.ConvertAll(all.residuals, First), Array.ConvertAll(all.Layers, l => l.Take(rows)));
        (HFinal, SFinal, Logits) = (First(all.HFinal), First(all.SFinal), First(all.Logits));
        (DResidual, DH, DHidden, DZ, DQkv) = (First(all.DResidual), First(all.DH), First(all.DHidden), First(all.DZ), First(all.DQkv));
    }

    public int Capacity { get; }

    public long WeightCapacity { get; }

    public LayerActivations[] Layers { get; }

    public Tensor HFinal { get; }

    public Tensor SFinal { get; }

    public Tensor Logits { get; }

    public Tensor DResidual { get; }

    public Tensor DH { get; }

    public Tensor DHidden { get; }

    public Tensor DZ { get; }

    public Tensor DQkv { get; }

    /// <summary>Residual stream: 2l before layer l's attention, 2l + 1 before its MLP, 2L at the end.</summary>
    public Tensor Residual(int index) => residuals[index];

    /// <summary>Views of the first rows, which belong to the current dispose scope.</summary>
    public Activations Take(int rows) => new(this, rows);

    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[.. residuals, .. Layers.SelectMany(l => l.Tensors), HFinal, SFinal, Logits, DResidual, DH,
            DHidden, DZ, DQkv])
            tensor.Dispose();
        NativeMemory.AlignedFree((void*)attentionWeights);
    }
}
