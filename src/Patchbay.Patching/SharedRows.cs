namespace Patchbay.Patching;

/// <summary>
/// The distinct rows of some prompts: what a causal model computes at token t depends on tokens 0..t alone, so prompts
/// that begin alike share the rows of that beginning (the lines of one scene differ only in their question), as long as
/// the same is ablated in it. Padding counts as token 0.
/// </summary>
/// <param name="Count">n prompts.</param>
/// <param name="Tokens">T.</param>
/// <param name="Ids">Token of each distinct row, R of them, in order of the first place that has it.</param>
/// <param name="Places">First place of each distinct row: n·T + t.</param>
/// <param name="Row">Distinct row of each place, n·T; -1 where none is kept (<see cref="After"/>).</param>
internal sealed record SharedRows(int Count, int Tokens, int[] Ids, int[] Places, int[] Row)
{
    /// <summary>Most places per distinct row of a chunk: what layers show is as large as the places are many.</summary>
    private const int MaxShare = 3;

    /// <summary>Whether no row is shared.</summary>
    public bool IsPlain => Ids.Length == Row.Length;

    /// <summary>Position of each distinct row.</summary>
    public int[] Positions => [.. Places.Select(p => p % Tokens)];

    /// <summary>Prompts from <paramref name="first"/> on: as many as have about <paramref name="rows"/> distinct rows,
    /// one at least.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="first">Index of the first.</param>
    /// <param name="rows">R at most, where one prompt has no more.</param>
    /// <param name="ablation">What is ablated, or null.</param>
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

    /// <summary>The distinct rows at positions <paramref name="from"/> and later, and which of these rows they
    /// are.</summary>
    public (SharedRows Rows, int[] Kept) After(int from)
    {
        int[] kept = [.. Enumerable.Range(0, Places.Length).Where(r => Places[r] % Tokens >= from)];
        var number = new int[Ids.Length];
        Array.Fill(number, -1);
        for (var i = 0; i < kept.Length; i++) number[kept[i]] = i;
        return (new(Count, Tokens, [.. kept.Select(r => Ids[r])], [.. kept.Select(r => Places[r])], Array.ConvertAll(Row, r => number[r])), kept);
    }
}
