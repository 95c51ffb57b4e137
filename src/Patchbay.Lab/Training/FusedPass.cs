using Patchbay.Lab.Kernels;
using Patchbay.Models;
using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>
/// Forward and backward written out, on one thread: every product of a layer over all rows at once and into memory that stays, one
/// pass of <see cref="RowKernels"/> between two products, attention sequence by sequence in the cache.
/// Shapes: R rows, d width, f MLP width, V vocabulary, q = H·dh, kv = Hkv·dh.
/// </summary>
internal sealed unsafe class FusedPass : IDisposable
{
    private readonly FlatWeights weights;
    private readonly LlamaConfig config;
    private readonly PackedAttention attention;
    private readonly int d, f, q, qkv;
    private Activations? kept;

    public FusedPass(FlatWeights weights)
    {
        this.weights = weights;
        config = weights.Config;
        attention = new(config);
        (d, f, q, qkv) = (config.Width, config.FeedForward, config.Heads * config.HeadWidth,
            (config.Heads + 2 * config.KeyValueHeads) * config.HeadWidth);
        Values = zeros_like(weights.Values).DetachFromDisposeScope();
    }

    /// <summary>Gradient of the last <see cref="Compute"/>.</summary>
    public Tensor Values { get; }

    /// <summary>Operations of products so far.</summary>
    public long Operations { get; private set; }

    /// <summary>Gradient of Σ w·loss / <paramref name="total"/>; losses of rows to <paramref name="losses"/>.</summary>
    public void Compute(PackedBatch batch, float total, Span<float> losses)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var a = Forward(batch);
        RowKernels.CrossEntropy(P(a.Logits), batch.Targets, Array.ConvertAll(batch.Weights, w => w / total), losses, config.Vocabulary);
        Backward(batch, a);
        Operations += 3 * Products(batch);
    }

    /// <summary>Logits of the next id after each row, to the rows of <paramref name="to"/> from <paramref name="first"/> on.</summary>
    public void Logits(PackedBatch batch, Tensor to, int first)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        to.narrow(0, first, batch.Rows).copy_(Forward(batch).Logits);
        Operations += Products(batch);
    }

    private static float* P(Tensor x) => CpuKernels.Pointer(x);

    private Tensor W(Tensor flat, int index) => FlatWeights.View(flat, weights.Places[index]);

    private Tensor W(Tensor flat, int first, int last) => FlatWeights.View(flat, weights.Places[first], weights.Places[last]);

    private int FinalNorm => 1 + 9 * config.Layers;

    private int Unembedding => config.TiedEmbeddings ? 0 : FinalNorm + 1;

    private Activations Forward(PackedBatch batch)
    {
        if (kept is null || kept.Capacity < batch.Rows || kept.WeightCapacity < attention.WeightCount(batch.Offsets))
        {
            kept?.Dispose();
            kept = new(config, batch.Rows + batch.Rows / 8, attention.WeightCount(batch.Offsets) * 5 / 4);
        }
        var a = kept.Take(batch.Rows);
        var (rows, v) = (batch.Rows, weights.Values);
        RowKernels.Gather(P(v), batch.Ids, P(a.Residual(0)), d);
        for (var l = 0; l < config.Layers; l++)
        {
            var (layer, at) = (a.Layers[l], 1 + 9 * l);
            Norm(a.Residual(2 * l), at, layer.H1, layer.S1, rows);
            Into(layer.Qkv, layer.H1, W(v, at + 1, at + 3).t());
            attention.Forward(P(layer.Qkv), batch.Offsets, (float*)layer.AttentionWeights, P(layer.Z));
            Add(a.Residual(2 * l), a.Residual(2 * l + 1), layer.Z, W(v, at + 4).t());
            Norm(a.Residual(2 * l + 1), at + 5, layer.H2, layer.S2, rows);
            Into(layer.GateUp, layer.H2, W(v, at + 6, at + 7).t());
            RowKernels.SwiGlu(P(layer.GateUp), P(layer.Hidden), rows, f);
            Add(a.Residual(2 * l + 1), a.Residual(2 * l + 2), layer.Hidden, W(v, at + 8).t());
        }
        Norm(a.Residual(2 * config.Layers), FinalNorm, a.HFinal, a.SFinal, rows);
        Into(a.Logits, a.HFinal, W(v, Unembedding).t());
        return a;
    }

    private void Backward(PackedBatch batch, Activations a)
    {
        var (rows, v, g, dx) = (batch.Rows, weights.Values, Values, a.DResidual);
        Into(W(g, Unembedding), a.Logits.t(), a.HFinal);
        Into(a.DH, a.Logits, W(v, Unembedding));
        NormBackward(a.Residual(2 * config.Layers), FinalNorm, a.SFinal, a.DH, dx, rows, addToDx: false);
        for (var l = config.Layers - 1; l >= 0; l--)
        {
            var (layer, at) = (a.Layers[l], 1 + 9 * l);
            Into(W(g, at + 8), dx.t(), layer.Hidden);
            Into(a.DHidden, dx, W(v, at + 8));
            RowKernels.SwiGluBackward(P(layer.GateUp), P(a.DHidden), rows, f);
            Into(W(g, at + 6, at + 7), layer.GateUp.t(), layer.H2);
            Into(a.DH, layer.GateUp, W(v, at + 6, at + 7));
            NormBackward(a.Residual(2 * l + 1), at + 5, layer.S2, a.DH, dx, rows, addToDx: true);
            Into(W(g, at + 4), dx.t(), layer.Z);
            Into(a.DZ, dx, W(v, at + 4));
            attention.Backward(P(layer.Qkv), batch.Offsets, (float*)layer.AttentionWeights, P(a.DZ), P(a.DQkv));
            Into(W(g, at + 1, at + 3), a.DQkv.t(), layer.H1);
            Into(a.DH, a.DQkv, W(v, at + 1, at + 3));
            NormBackward(a.Residual(2 * l), at, layer.S1, a.DH, dx, rows, addToDx: true);
        }
        if (!config.TiedEmbeddings) W(g, 0).zero_();
        RowKernels.ScatterAdd(P(g), batch.Ids, P(dx), d);
    }

    /// <summary>to = left · right.</summary>
    private static void Into(Tensor to, Tensor left, Tensor right) => to.addmm_(left, right, beta: 0);

    /// <summary>to = from + left · right.</summary>
    private static void Add(Tensor from, Tensor to, Tensor left, Tensor right)
    {
        to.copy_(from);
        to.addmm_(left, right);
    }

    private void Norm(Tensor x, int weight, Tensor y, Tensor s, int rows) =>
        RowKernels.Norm(P(x), P(W(weights.Values, weight)), P(y), P(s), rows, d, (float)config.NormEpsilon);

    private void NormBackward(Tensor x, int weight, Tensor s, Tensor dy, Tensor dx, int rows, bool addToDx) => RowKernels.NormBackward(
        P(x), P(W(weights.Values, weight)), P(s), P(dy), P(dx), P(W(Values, weight)), rows, d, addToDx);

    /// <summary>Operations of one forward pass: the products, and attention's over the keys that a row may see.</summary>
    private long Products(PackedBatch batch)
    {
        var seen = 0L;
        for (var n = 0; n + 1 < batch.Offsets.Length; n++)
        {
            long length = batch.Offsets[n + 1] - batch.Offsets[n];
            seen += length * (length + 1) / 2;
        }
        var layer = (long)batch.Rows * d * (qkv + q + 3L * f) + 2 * seen * q;
        return 2 * (config.Layers * layer + (long)batch.Rows * d * config.Vocabulary);
    }

    public void Dispose()
    {
        Values.Dispose();
        kept?.Dispose();
    }
}
