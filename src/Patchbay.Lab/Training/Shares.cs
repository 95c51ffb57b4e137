using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

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
