namespace Patchbay.Experiments;

/// <summary>
/// Which heads a circuit needs (Wang et al. 2022; Prakash et al. 2024, appendix; method, section 4). For head v of a
/// group the others w are ranked by
/// F(C\{w}) - F(C\{v,w}), how much more v matters once w is gone; the first share of the group, as long as the
/// difference is positive, is K. The significance of v is F(C\K) / F(C\(K+v)) - 1, and v stays where that is at least a
/// threshold. F is accuracy.
/// </summary>
public static class Minimality
{
    /// <summary>The sets to leave out for one head: the head alone, and the head with each later head of its
    /// group.</summary>
    /// <param name="group">The chain's name of the group.</param>
    /// <param name="heads">Its heads.</param>
    /// <param name="index">Which of them.</param>
    /// <param name="asPublished">Whether a head stays in when it shares the first one's layer or head index, as in the
    /// published code.</param>
    public static IReadOnlyList<IReadOnlyList<CircuitHead>> Pairs(string group, IReadOnlyList<Head> heads, int index,
        bool asPublished)
    {
        var v = heads[index];
        return [.. heads.Skip(index)
            .Select(w => (IReadOnlyList<CircuitHead>)(w == v || asPublished
            && (w.Layer == v.Layer || w.Index == v.Index)
            ? [new(group, v)] : [new(group, v), new(group, w)]))];
    }

    /// <summary>K of every head.</summary>
    /// <param name="heads">Heads of a group.</param>
    /// <param name="accuracy">F(C\{v,w}), and F(C\{v}) where both are the same.</param>
    /// <param name="share">How much of the group K may be: 0.3.</param>
    public static IReadOnlyList<IReadOnlyList<Head>> Partners(IReadOnlyList<Head> heads, Func<Head, Head,
        double> accuracy, double share)
    {
        var most = (int)Math.Ceiling(share * heads.Count);
        return [.. heads.Select(v => (IReadOnlyList<Head>)[.. heads.Where(w => w != v)
            .Select(w => (Head: w, Gain: accuracy(w, w) - accuracy(v, w)))
            .OrderByDescending(w => w.Gain).Take(most).TakeWhile(w => w.Gain > 0).Select(w => w.Head)])];
    }
}
