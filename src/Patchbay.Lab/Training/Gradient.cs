using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>The loss of a batch and its gradient. Two ways: <see cref="FusedGradient"/> and, for any dtype, device and shape, the
/// plain <see cref="AutogradGradient"/>.</summary>
public abstract class Gradient : IDisposable
{
    /// <summary>The way that fits: fused for float32 on the CPU with widths that are multiples of 16, on one thread or two.</summary>
    public static Gradient For(FlatWeights weights, int threads) =>
        FusedGradient.Fits(weights) ? new FusedGradient(weights, threads) : new AutogradGradient(weights);

    /// <summary>Gradient of the last <see cref="Compute"/>: (P), in the places of <see cref="FlatWeights"/>.</summary>
    public abstract Tensor Values { get; }

    /// <summary>Floating-point operations of matrix products so far, attention's included, two per multiply-add.</summary>
    public long Operations { get; protected set; }

    /// <summary>Computes the gradient of the weighted mean loss (<see cref="PackedBatch.Mean"/>).</summary>
    /// <returns>Loss of each row, nats: (R).</returns>
    public abstract float[] Compute(PackedBatch batch);

    /// <summary>Logits of the next id after each row: (R, V), the caller's.</summary>
    public abstract Tensor Logits(PackedBatch batch);

    /// <summary>The likeliest next id after each row: (R).</summary>
    public int[] Predict(PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        return Array.ConvertAll(Logits(batch).argmax(-1).cpu().data<long>().ToArray(), i => (int)i);
    }

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
        var gradients = autograd.grad([(losses * share).sum(0L) / share.sum(0L)], [.. leaves.Tensors]);
        using var _ = no_grad();
        foreach (var (place, gradient) in weights.Places.Zip(gradients)) FlatWeights.View(Values, place).copy_(gradient);
        Operations += 3 * leaf.Operations;
        return losses.detach().to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <inheritdoc/>
    public override Tensor Logits(PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Rows(model, batch).MoveToOuterDisposeScope();
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
