namespace Patchbay.Patching;

/// <summary>The rows of a <see cref="GradientCone"/>: positions P..last of each of N prompts, prompt by prompt, R in
/// all. Attention needs them as a block of D rows a prompt; rows behind a prompt's last are padding that none
/// sees.</summary>
internal sealed class GradientRows : IDisposable
{
    private readonly BaseRun run;
    private readonly Positions start;
    private readonly List<Tensor> owned = [];

    public GradientRows(BaseRun run, Positions start, int first)
    {
        using var scope = NewDisposeScope();
        (this.run, this.start) = (run, start);
        var last = run.Prompts.Last[first..(first + start.Count)];
        var depths = start.Select((p, n) => last[n] - p + 1).ToArray();
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
        // Padding among a query's keys is masked by the causal rule: it lies behind the prompt's last row.
        Forbidden = Mask(Depth, (_, row) => row);
        ForbiddenToLast = Mask(1, (n, _) => depths[n] - 1);
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

    /// <summary>True where a query row may not attend to one of Tb base and D own keys, (N, 1, D, Tb + D), and the same
    /// for each prompt's last row, (N, 1, 1, Tb + D); null where it may to all.</summary>
    public Tensor? Forbidden { get; }
    public Tensor? ForbiddenToLast { get; }

    public void Dispose()
    {
        foreach (var t in owned) t.Dispose();
    }

    // A mask over queries rows a prompt, which see own keys up to the row given.
    private Tensor? Mask(int queries, Func<int, int, int> seesUpTo)
    {
        var keys = BaseTokens + Depth;
        var mask = new bool[(long)Count * queries * keys];
        for (var n = 0; n < Count; n++)
        {
            for (var row = 0; row < queries; row++)
            {
                var of = mask.AsSpan((n * queries + row) * keys, keys);
                of[start[n]..BaseTokens].Fill(true);
                of[(BaseTokens + seesUpTo(n, row) + 1)..].Fill(true);
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
