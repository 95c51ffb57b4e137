using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Lab.Training;

/// <summary>The loss of a batch and its gradient, by libtorch's autograd.</summary>
/// <param name="config">Shape of the model.</param>
/// <param name="trainable">What is trained; it stays the caller's.</param>
/// <param name="threads">Threads, one or two, on the CPU; they change no bit.</param>
internal sealed class Gradient(DecoderConfig config, Trainable trainable, int threads = 1)
{
    private readonly Tensor[] values = [.. trainable.Tensors.Select(t => t.Value)];

    /// <summary>Computes the gradient of the weighted mean loss (<see cref="PackedBatch.Mean"/>), to be found in
    /// <see cref="Tensor.grad"/> of what is trained.</summary>
    /// <returns>Loss of each row, nats: (R).</returns>
    public float[] Compute(PackedBatch batch)
    {
        var total = batch.Weights.Sum(w => (double)w);
        var shares = Shares.Each(batch, threads, share => Compute(share, total));
        for (var i = 0; i < values.Length; i++)
        {
            foreach (var (_, gradients) in shares[1..]) shares[0].Gradients[i].add_(gradients[i], Number.One);
            values[i].grad = shares[0].Gradients[i];
            foreach (var (_, gradients) in shares) gradients[i].Dispose();
        }
        return [.. shares.SelectMany(share => share.Losses)];
    }

    /// <summary>Losses of a share's rows, and the gradients of Σ w loss / <paramref name="total"/>, which no dispose
    /// scope owns.</summary>
    private (float[] Losses, Tensor[] Gradients) Compute(PackedBatch share, double total)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        var logits = PackedForward.Logits(config, trainable.Weights(), share);              // (R, V)
        var targets = RowIndex.Of(share.Targets, logits.device);
        var losses = F.cross_entropy(logits, targets, reduction: nn.Reduction.None);        // (R)
        var weights = tensor(Array.ConvertAll(share.Weights, w => w / total), device: CPU).to(losses.dtype);
        var gradients = autograd.grad([(losses * weights.to(losses.device)).sum(0L)], values);
        return (losses.detach().to(ScalarType.Float32).cpu().data<float>().ToArray(),
            [.. gradients.Select(gradient => gradient.DetachFromDisposeScope())]);
    }
}

/// <summary>A batch computed in two shares, at the same time on two threads or one after the other on one: the results,
/// and sums over them in their order, have the same bits either way. libtorch itself is set to one thread meanwhile:
/// two threads with whole products of their own are faster than two that share each product.</summary>
internal static class Shares
{
    private const int Count = 2;

    /// <summary>What <paramref name="body"/> makes of each share, in the order of the batch's sequences.</summary>
    public static T[] Each<T>(PackedBatch batch, int threads, Func<PackedBatch, T> body)
    {
        var shares = batch.Split(Count);
        var made = new T[shares.Count];
        var outer = get_num_threads();
        set_num_threads(1);
        try
        {
            Parallel.For(0, shares.Count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            {
                set_num_threads(1); // a thread's own setting, in OpenMP
                made[i] = body(shares[i]);
            });
        }
        finally
        {
            set_num_threads(outer);
        }
        return made;
    }
}
