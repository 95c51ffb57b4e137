using Patchbay.Lab.Kernels;
using Patchbay.Models;
using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>The loss of a batch and its gradient. Two ways: <see cref="FusedGradient"/> and, for any dtype, device and shape, the
/// plain <see cref="AutogradGradient"/>.</summary>
public abstract class Gradient : IDisposable
{
    /// <summary>The way that fits: fused for float32 on the CPU with widths that are multiples of 16.</summary>
    public static Gradient For(FlatWeights weights) =>
        FusedGradient.Fits(weights) ? new FusedGradient(weights) : new AutogradGradient(weights);

    /// <summary>Gradient of the last <see cref="Compute"/>: (P), in the places of <see cref="FlatWeights"/>.</summary>
    public abstract Tensor Values { get; }

    /// <summary>Floating-point operations of matrix products so far, attention's included, two per multiply-add.</summary>
    public long Operations { get; protected set; }

    /// <summary>Computes the gradient of the weighted mean loss (<see cref="PackedBatch.Mean"/>).</summary>
    /// <returns>Loss of each row, nats: (R).</returns>
    public abstract float[] Compute(PackedBatch batch);

    /// <summary>The likeliest next id after each row: (R).</summary>
    public abstract int[] Predict(PackedBatch batch);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The plain way: <see cref="Llama.Forward"/> on padded sequences, and libtorch's autograd.</summary>
public sealed class AutogradGradient : Gradient
{
    private readonly FlatWeights weights;
    private readonly Llama model;

    /// <summary>Of these weights, which stay the caller's.</summary>
    public AutogradGradient(FlatWeights weights)
    {
        this.weights = weights;
        model = new Llama(weights.Config, weights.Weights());
        Values = zeros_like(weights.Values).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Values { get; }

    /// <inheritdoc/>
    public override float[] Compute(PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        var leaves = weights.Weights(place => FlatWeights.View(weights.Values, place).detach().requires_grad_(true));
        var leaf = new Llama(weights.Config, leaves);
        var device = weights.Values.device;
        var logits = Rows(leaf, batch);                                                                        // (R, vocabulary)
        var targets = tensor(Array.ConvertAll(batch.Targets, i => (long)i)).to(device).unsqueeze(1);
        var losses = logits.logsumexp(-1) - logits.gather(1, targets).squeeze(1);                              // (R)
        var share = tensor(batch.Weights).to(device).to(losses.dtype);
        ((losses * share).sum(0L) / share.sum(0L)).backward();
        using var _ = no_grad();
        foreach (var (place, tensor) in weights.Places.Zip(leaves.Tensors))
            FlatWeights.View(Values, place).copy_(tensor.grad ?? throw new InvalidOperationException($"{place.Name} has no gradient"));
        Operations += 3 * leaf.Operations;
        return losses.detach().to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <inheritdoc/>
    public override int[] Predict(PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Array.ConvertAll(Rows(model, batch).argmax(-1).cpu().data<long>().ToArray(), i => (int)i);
    }

    private static Tensor Rows(Llama model, PackedBatch batch)
    {
        int count = batch.Offsets.Length - 1, longest = Enumerable.Range(0, count).Max(n => batch.Offsets[n + 1] - batch.Offsets[n]);
        var (ids, rows) = (new long[count * longest], new long[batch.Rows]);
        for (var n = 0; n < count; n++)
        {
            for (var r = batch.Offsets[n]; r < batch.Offsets[n + 1]; r++)
            {
                rows[r] = (long)n * longest + r - batch.Offsets[n];
                ids[rows[r]] = batch.Ids[r];
            }
        }
        var logits = model.Forward(tensor(ids).view(count, longest).to(model.Device));
        return logits.view(-1, model.Config.Vocabulary).index_select(0, tensor(rows).to(model.Device));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Values.Dispose();
        model.Dispose();
    }
}

/// <summary>
/// The fast way: forward and backward written out, every product of a layer over all rows of the batch at once and into memory
/// that stays, one pass of <see cref="RowKernels"/> between two products, attention sequence by sequence in the cache.
/// Shapes: R rows, d width, f MLP width, V vocabulary, q = H·dh, kv = Hkv·dh.
/// </summary>
public sealed unsafe class FusedGradient : Gradient
{
    private readonly FlatWeights weights;
    private readonly LlamaConfig config;
    private readonly PackedAttention attention;
    private readonly int d, f, q, qkv;
    private Activations? kept;

    /// <summary>Of these weights, which stay the caller's.</summary>
    /// <exception cref="NotSupportedException"><see cref="Fits"/> says no.</exception>
    public FusedGradient(FlatWeights weights)
    {
        if (!Fits(weights)) throw new NotSupportedException("the fused gradient needs float32 on the CPU and widths that are multiples of 16");
        this.weights = weights;
        config = weights.Config;
        attention = new(config);
        (d, f, q, qkv) = (config.Width, config.FeedForward, config.Heads * config.HeadWidth, (config.Heads + 2 * config.KeyValueHeads) * config.HeadWidth);
        Values = zeros_like(weights.Values).DetachFromDisposeScope();
    }

    /// <summary>Whether the weights are float32 on the CPU, and all widths multiples of 16.</summary>
    public static bool Fits(FlatWeights weights)
    {
        var c = weights.Config;
        return weights.Values.dtype == ScalarType.Float32 && weights.Values.device_type == DeviceType.CPU
            && c.Width % 16 == 0 && c.FeedForward % 16 == 0 && c.HeadWidth % 16 == 0 && c.SlidingWindow is null;
    }

    /// <inheritdoc/>
    public override Tensor Values { get; }

    /// <inheritdoc/>
    public override float[] Compute(PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var a = Forward(batch);
        var losses = new float[batch.Rows];
        var total = batch.Weights.Sum();
        RowKernels.CrossEntropy(P(a.Logits), batch.Targets, Array.ConvertAll(batch.Weights, w => w / total), losses, config.Vocabulary, Threads);
        Backward(batch, a);
        Operations += 3 * Products(batch);
        return losses;
    }

    /// <inheritdoc/>
    public override int[] Predict(PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var ids = Forward(batch).Logits.argmax(-1).data<long>().ToArray();
        Operations += Products(batch);
        return Array.ConvertAll(ids, i => (int)i);
    }

    private static int Threads => get_num_threads();

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
        RowKernels.Gather(P(v), batch.Ids, P(a.Residual(0)), d, Threads);
        for (var l = 0; l < config.Layers; l++)
        {
            var (layer, at) = (a.Layers[l], 1 + 9 * l);
            Norm(a.Residual(2 * l), at, layer.H1, layer.S1, rows);
            Into(layer.Qkv, layer.H1, W(v, at + 1, at + 3).t());
            attention.Forward(P(layer.Qkv), batch.Offsets, (float*)layer.AttentionWeights, P(layer.Z), Threads);
            Add(a.Residual(2 * l), a.Residual(2 * l + 1), layer.Z, W(v, at + 4).t());
            Norm(a.Residual(2 * l + 1), at + 5, layer.H2, layer.S2, rows);
            Into(layer.GateUp, layer.H2, W(v, at + 6, at + 7).t());
            RowKernels.SwiGlu(P(layer.GateUp), P(layer.Hidden), rows, f, Threads);
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
            RowKernels.SwiGluBackward(P(layer.GateUp), P(a.DHidden), rows, f, Threads);
            Into(W(g, at + 6, at + 7), layer.GateUp.t(), layer.H2);
            Into(a.DH, layer.GateUp, W(v, at + 6, at + 7));
            NormBackward(a.Residual(2 * l + 1), at + 5, layer.S2, a.DH, dx, rows, addToDx: true);
            Into(W(g, at + 4), dx.t(), layer.Z);
            Into(a.DZ, dx, W(v, at + 4));
            attention.Backward(P(layer.Qkv), batch.Offsets, (float*)layer.AttentionWeights, P(a.DZ), P(a.DQkv), Threads);
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
        RowKernels.Norm(P(x), P(W(weights.Values, weight)), P(y), P(s), rows, d, (float)config.NormEpsilon, Threads);

    private void NormBackward(Tensor x, int weight, Tensor s, Tensor dy, Tensor dx, int rows, bool addToDx) => RowKernels.NormBackward(
        P(x), P(W(weights.Values, weight)), P(s), P(dy), P(dx), P(W(Values, weight)), rows, d, addToDx, Threads);

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

    /// <inheritdoc/>
    public override void Dispose()
    {
        Values.Dispose();
        kept?.Dispose();
    }
}
