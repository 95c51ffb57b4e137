using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>The fast way: a batch's sequences in two shares of about as many rows, each a <see cref="FusedPass"/>, on one thread or
/// two. Sums are made in the same order either way, so that the number of threads changes no bit. libtorch itself must be set to
/// one thread: two threads with whole products of their own are faster than two that share each product.</summary>
public sealed class FusedGradient : Gradient
{
    private const int Shares = 2;
    private readonly FusedPass[] passes;
    private readonly int threads, vocabulary;

    /// <summary>Of these weights, which stay the caller's.</summary>
    /// <exception cref="NotSupportedException"><see cref="Fits"/> says no.</exception>
    public FusedGradient(FlatWeights weights, int threads = 1)
    {
        if (!Fits(weights)) throw new NotSupportedException("the fused gradient needs float32 on the CPU and widths that are multiples of 16");
        (this.threads, vocabulary) = (threads, weights.Config.Vocabulary);
        passes = [.. Enumerable.Range(0, Shares).Select(_ => new FusedPass(weights))];
    }

    /// <summary>Whether the weights are float32 on the CPU, and all widths multiples of 16.</summary>
    public static bool Fits(FlatWeights weights)
    {
        var c = weights.Config;
        return weights.Values.dtype == ScalarType.Float32 && weights.Values.device_type == DeviceType.CPU
            && c.Width % 16 == 0 && c.FeedForward % 16 == 0 && c.HeadWidth % 16 == 0 && c.SlidingWindow is null;
    }

    /// <inheritdoc/>
    public override Tensor Values => passes[0].Values;

    /// <inheritdoc/>
    public override float[] Compute(PackedBatch batch)
    {
        using var _ = no_grad();
        var (losses, total) = (new float[batch.Rows], batch.Weights.Sum());
        var used = Each(batch, (pass, share, first) => pass.Compute(share, total, losses.AsSpan(first, share.Rows)));
        for (var i = 1; i < used; i++) Values.add_(passes[i].Values);
        return losses;
    }

    /// <inheritdoc/>
    public override Tensor Logits(PackedBatch batch)
    {
        var logits = empty(batch.Rows, vocabulary);
        Each(batch, (pass, share, first) => pass.Logits(share, logits, first));
        return logits;
    }

    /// <summary>Runs <paramref name="body"/> on each share, told its first row.</summary>
    /// <returns>How many shares there were.</returns>
    private int Each(PackedBatch batch, Action<FusedPass, PackedBatch, int> body)
    {
        var shares = Split(batch);
        var before = passes.Sum(p => p.Operations);
        var outer = get_num_threads();
        set_num_threads(1);
        try
        {
            Parallel.For(0, shares.Count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            {
                set_num_threads(1); // a thread's own setting, in OpenMP
                body(passes[i], shares[i].Share, shares[i].First);
            });
        }
        finally
        {
            set_num_threads(outer);
        }
        Operations += passes.Sum(p => p.Operations) - before;
        return shares.Count;
    }

    private static List<(PackedBatch Share, int First)> Split(PackedBatch batch)
    {
        var shares = new List<(PackedBatch, int)>();
        var from = 0;
        for (var i = 1; i <= Shares && from < batch.Sequences.Count; i++)
        {
            var to = i == Shares ? batch.Sequences.Count : Math.Max(from + 1,
                Array.FindIndex(batch.Offsets, first => first >= (long)batch.Rows * i / Shares));
            shares.Add((new PackedBatch([.. batch.Sequences.Skip(from).Take(to - from)]), batch.Offsets[from]));
            from = to;
        }
        return shares;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var pass in passes) pass.Dispose();
    }
}
