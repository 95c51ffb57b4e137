namespace Patchbay.Patching;

/// <summary>The rows of a <see cref="GradientCone"/>: positions P..last of each of N prompts, prompt by prompt, R in
/// all. Attention needs them as a block of D rows a prompt; rows behind a prompt's last are padding that none
/// sees.</summary>
internal sealed class GradientRows : IDisposable
{
    private readonly BaseRun run;
    private readonly Positions start;
    private readonly int[] depths;
    private readonly List<Tensor> owned = [];
    private readonly Dictionary<(int Window, bool Last), Tensor?> masks = [];

    public GradientRows(BaseRun run, Positions start, int first)
    {
        using var scope = NewDisposeScope();
        (this.run, this.start) = (run, start);
        var last = run.Prompts.Last[first..(first + start.Count)];
        depths = [.. start.Select((p, n) => last[n] - p + 1)];
        var offsets = depths.Select((_, n) => depths.Take(n).Sum()).ToArray();
        (Depth, Even) = (depths.Max(), depths.All(d => d == depths[0]));
        BaseTokens = start.Max();
        long Kept(int n, int position) => (first + n) * (long)run.Width + position - run.From;
        (int Prompt, int Position)[] rows = [.. Enumerable.Range(0, Count)
            .SelectMany(n => Enumerable.Range(start[n], depths[n]), (n, p) => (n, p))];
        BaseRows = Index(rows.Select(r => Kept(r.Prompt, r.Position)));
        BaseStarts = Index(start.Select((p, n) => Kept(n, p)));
        Positions = Index(rows.Select(r => (long)r.Position));
        LastPositions = Index(last.Select(p => (long)p));
        Starts = Index(offsets.Select(o => (long)o));
        Ends = Index(offsets.Select((o, n) => (long)o + depths[n] - 1));
        Padded = Index(Enumerable.Range(0, Count * Depth)
            .Select(i => (long)offsets[i / Depth] + Math.Min(i % Depth, depths[i / Depth] - 1)));
        Unpadded = Index(rows.Select(r => (long)r.Prompt * Depth + r.Position - start[r.Prompt]));
        AtLast = Keep(tensor(depths.Select(d => d == 1).ToArray(), [Count, 1, 1], device: run.Model.Device));
        (AllAtLast, NoneAtLast) = (depths.All(d => d == 1), depths.All(d => d > 1));
    }

    /// <summary>N, the number of prompts.</summary>
    public int Count => start.Count;

    /// <summary>D, rows of the prompt that has most.</summary>
    public int Depth { get; }

    /// <summary>Whether every prompt has D rows, so that nothing need be padded.</summary>
    public bool Even { get; }

    /// <summary>Tb: base positions before the rows, of the prompt that has most.</summary>
    public int BaseTokens { get; }

    /// <summary>Each row among the base run's kept rows: (R) int64; of the first row of each prompt: (N).</summary>
    public Tensor BaseRows { get; }
    public Tensor BaseStarts { get; }

    /// <summary>Position of each row, (R) int64, and of each prompt's last token, (N).</summary>
    public Tensor Positions { get; }
    public Tensor LastPositions { get; }

    /// <summary>First and last row of each prompt: (N) int64.</summary>
    public Tensor Starts { get; }
    public Tensor Ends { get; }

    /// <summary>Row at place n·D + j of the padded block, (N·D) int64, and place of each row in it, (R).</summary>
    public Tensor Padded { get; }
    public Tensor Unpadded { get; }

    /// <summary>Whether a prompt's first row is its last, (N, 1, 1); whether every prompt's is, or none's.</summary>
    public Tensor AtLast { get; }
    public bool AllAtLast { get; }
    public bool NoneAtLast { get; }

    /// <summary>True where a query row may not attend to one of Tb base and D own keys, (N, 1, D, Tb + D), or of each
    /// prompt's last row, (N, 1, 1, Tb + D); null where it may to all. A window is how many keys a row sees.</summary>
    public Tensor? Forbidden(int? window, bool last)
    {
        var reach = window ?? int.MaxValue;
        if (masks.TryGetValue((reach, last), out var mask)) return mask;
        // Padding among a query's keys is masked by the causal rule: it lies behind the prompt's last row.
        return masks[(reach, last)] =
            last ? Mask(1, reach, (n, _) => depths[n] - 1) : Mask(Depth, reach, (_, row) => row);
    }

    public void Dispose()
    {
        foreach (var t in owned) t.Dispose();
    }

    // A mask over queries rows a prompt, which see own keys up to the row given.
    private Tensor? Mask(int queries, int window, Func<int, int, int> seesUpTo)
    {
        using var scope = NewDisposeScope();
        var keys = BaseTokens + Depth;
        var mask = new bool[(long)Count * queries * keys];
        for (var n = 0; n < Count; n++)
        {
            for (var row = 0; row < queries; row++)
            {
                var of = mask.AsSpan((n * queries + row) * keys, keys);
                var own = seesUpTo(n, row);
                var unseen = Math.Max(0, start[n] + own + 1 - window); // positions that lie before the window
                of[..Math.Min(unseen, start[n])].Fill(true);
                of[start[n]..BaseTokens].Fill(true);
                of[BaseTokens..(BaseTokens + Math.Max(0, unseen - start[n]))].Fill(true);
                of[(BaseTokens + own + 1)..].Fill(true);
            }
        }
        return mask.Contains(true) ? Keep(tensor(mask, [Count, 1, queries, keys], device: run.Model.Device)) : null;
    }

    private Tensor Index(IEnumerable<long> values) => Keep(RowIndex.Of(values, run.Model.Device));

    private Tensor Keep(Tensor made)
    {
        owned.Add(made.DetachFromDisposeScope());
        return made;
    }
}
