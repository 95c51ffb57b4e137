namespace Patchbay.Patching;

/// <summary>N prompts of at most T tokens, padded on the right.</summary>
public sealed class PaddedPrompts
{
    /// <summary>Pads <paramref name="prompts"/> to the longest.</summary>
    /// <exception cref="ArgumentException">There is no prompt, or an empty one.</exception>
    public PaddedPrompts(IReadOnlyList<int[]> prompts)
    {
        if (prompts.Count == 0 || prompts.Any(p => p.Length == 0))
            throw new ArgumentException("a batch needs at least one prompt, and every prompt at least one token");
        Prompts = prompts;
        Tokens = prompts.Max(p => p.Length);
        Last = [.. prompts.Select(p => p.Length - 1)];
    }

    /// <summary>Token ids of each prompt, unpadded.</summary>
    public IReadOnlyList<int[]> Prompts { get; }

    /// <summary>N, the number of prompts.</summary>
    public int Count => Prompts.Count;

    /// <summary>T, the length of the longest prompt.</summary>
    public int Tokens { get; }

    /// <summary>Position of each prompt's last token.</summary>
    public Positions Last { get; }

    /// <summary>Ids of some prompts, padded with 0 to T: (count, T) int64 on <paramref name="device"/>.</summary>
    public Tensor Ids(int first, int count, Device device)
    {
        var ids = new long[count * Tokens];
        for (var n = 0; n < count; n++)
            for (var t = 0; t < Prompts[first + n].Length; t++) ids[n * Tokens + t] = Prompts[first + n][t];
        return tensor(ids, [count, Tokens], device: device);
    }

    /// <summary>What is at each prompt's last token: (N, T, ...) -> (N, ...).</summary>
    internal Tensor AtLast(Tensor all) => At(all, Last);

    /// <summary>What is at one position of each prompt: (N, T, ...) -> (N, ...).</summary>
    internal static Tensor At(Tensor all, Positions positions) => all.index(
        TensorIndex.Tensor(RowIndex.Below(positions.Count, all.device)),
        TensorIndex.Tensor(RowIndex.Of(positions, all.device)));
}

/// <summary>The distinct rows of some prompts: what a causal model computes at token t depends on tokens 0..t alone, so
/// prompts that begin alike share the rows of that beginning (the lines of one scene differ only in their question), as
/// long as the same is ablated in it. Padding counts as token 0.</summary>
/// <param name="Count">n, the number of prompts.</param>
/// <param name="Tokens">T, to which all are padded.</param>
/// <param name="Ids">Token of each distinct row, R of them, in order of the first place that has it.</param>
/// <param name="Places">First place of each distinct row: n·T + t.</param>
/// <param name="Row">Distinct row of each place, n·T; -1 where none is kept (<see cref="After"/>).</param>
internal sealed record SharedRows(int Count, int Tokens, int[] Ids, int[] Places, int[] Row)
{
    // Most places per distinct row of a chunk: what layers show is as large as the places are many.
    private const int MaxShare = 3;

    /// <summary>Whether no row is shared.</summary>
    public bool IsPlain => Ids.Length == Row.Length;

    /// <summary>Position of each distinct row.</summary>
    public int[] Positions => [.. Places.Select(p => p % Tokens)];

    /// <summary>Prompts from <paramref name="first"/> on: as many as have about <paramref name="rows"/> distinct rows,
    /// one at least. Rows that <paramref name="ablation"/> keeps other heads of are distinct too.</summary>
    public static SharedRows Of(PaddedPrompts prompts, int first, int rows, Ablation? ablation)
    {
        var known = new Dictionary<(int Parent, int Id, int Kept), int>();
        List<int> ids = [], places = [], row = [];
        var tokens = prompts.Tokens;
        var count = 0;
        for (; first + count < prompts.Count; count++)
        {
            var own = prompts.Prompts[first + count];
            var (before, parent) = (ids.Count, -1);
            if (count > 0 && row.Count + tokens > MaxShare * rows) break;
            for (var t = 0; t < tokens; t++)
            {
                var key = (parent, Id: t < own.Length ? own[t] : 0, ablation?.KeptAt(first + count, t) ?? 0);
                if (!known.TryGetValue(key, out var at))
                {
                    known[key] = at = ids.Count;
                    ids.Add(key.Id);
                    places.Add(count * tokens + t);
                }
                row.Add(parent = at);
            }
            if (count == 0 || ids.Count <= rows) continue;
            ids.RemoveRange(before, ids.Count - before);
            places.RemoveRange(before, places.Count - before);
            row.RemoveRange(count * tokens, tokens);
            break;
        }
        return new(count, tokens, [.. ids], [.. places], [.. row]);
    }

    /// <summary>The distinct rows at positions <paramref name="from"/> and later, and which these are.</summary>
    public (SharedRows Rows, int[] Kept) After(int from)
    {
        int[] kept = [.. Enumerable.Range(0, Places.Length).Where(r => Places[r] % Tokens >= from)];
        var number = new int[Ids.Length];
        Array.Fill(number, -1);
        for (var i = 0; i < kept.Length; i++) number[kept[i]] = i;
        var row = Array.ConvertAll(Row, r => number[r]);
        return (new(Count, Tokens, [.. kept.Select(r => Ids[r])], [.. kept.Select(r => Places[r])], row), kept);
    }
}
