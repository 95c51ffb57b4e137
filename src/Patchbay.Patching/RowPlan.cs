namespace Patchbay.Patching;

/// <summary>Where some positions are among the rows of a plan: <paramref name="Rows"/>[i] holds the position asked for
/// of prompt <paramref name="Prompts"/>[i] (an index into the base's prompts).</summary>
/// <param name="Rows">Row numbers n·D + j: (m) int64.</param>
/// <param name="Prompts">Prompt of each: (m) int64.</param>
/// <param name="Identity">Whether they are all rows in order, so that nothing need be gathered.</param>
/// <param name="AllPrompts">Whether the prompts are all of the base's in order.</param>
internal sealed record RowSet(Tensor Rows, Tensor Prompts, bool Identity, bool AllPrompts);

/// <summary>Which rows of some prompts a kind of variant can change: D rows per prompt, at ascending positions, padded
/// with -1. A row is dirty if an edit touches it, or if it comes after one and may attend to it (not all heads are
/// held).</summary>
internal sealed class RowPlan : IDisposable
{
    private readonly BaseRun run;
    private readonly Dictionary<Positions, RowSet?> sets = [];
    private Tensor? baseRows;
    private RowPlan? onlyLast;

    public RowPlan(BaseRun run, int[] prompts, int[][] positions, bool[][] held)
    {
        this.run = run;
        Prompts = prompts;
        Depth = positions.Max(p => p.Length);
        Positions = new int[prompts.Length * Depth];
        Held = new bool[Positions.Length];
        Array.Fill(Positions, -1);
        for (var n = 0; n < prompts.Length; n++)
        {
            positions[n].CopyTo(Positions, n * Depth);
            held[n].CopyTo(Held, n * Depth);
        }
        Live = positions.Where((p, n) => p.Where((_, j) => !held[n][j]).Any()).Any();
        HeldRows = [.. Enumerable.Range(0, Held.Length).Where(r => Held[r] && Positions[r] >= 0)];
    }

    /// <summary>The prompts concerned, as indices into the base run's: N' of them.</summary>
    public int[] Prompts { get; }

    /// <summary>D, rows per prompt.</summary>
    public int Depth { get; }

    /// <summary>N'·D, padding included.</summary>
    public int Rows => Positions.Length;

    /// <summary>Position of row n·D + j, or -1.</summary>
    public int[] Positions { get; }

    /// <summary>Whether every head's z is held at the base's value in that row.</summary>
    public bool[] Held { get; }

    /// <summary>Rows that are held.</summary>
    public int[] HeldRows { get; }

    /// <summary>Whether any row attends anew; otherwise only edits and MLPs change anything.</summary>
    public bool Live { get; }

    /// <summary>Index of each row among the base run's kept rows, (N'·D) int64; some row for padding.</summary>
    public Tensor BaseRows => baseRows ??= Index(Enumerable.Range(0, Rows)
        .Select(r => Prompts[r / Depth] * (long)run.Width + Math.Max(0, Positions[r] - run.From)));

    /// <summary>Rows of a base tensor (N·Tr, ...) that this plan covers: (N'·D, ...).</summary>
    public Tensor Gather(Tensor baseTensor) => baseTensor.index_select(0, BaseRows);

    /// <summary>The plan that keeps, of every prompt, only its last token (padding where that is not dirty).</summary>
    public RowPlan OnlyLast()
    {
        if (onlyLast is not null) return onlyLast;
        var last = Prompts.Select((p, n) => RowOf(n, run.Prompts.Last[p])).ToArray();
        return onlyLast = Depth == 1 ? this : new RowPlan(run, Prompts,
            [.. last.Select(r => new[] { r < 0 ? -1 : Positions[r] })],
            [.. last.Select(r => new[] { r >= 0 && Held[r] })]);
    }

    /// <summary>Where <paramref name="positions"/>, one for each of the base's prompts, are; null if nowhere.</summary>
    public RowSet? Find(Positions positions)
    {
        if (sets.TryGetValue(positions, out var found)) return found;
        var rows = new List<long>();
        var prompts = new List<long>();
        for (var n = 0; n < Prompts.Length; n++)
        {
            if (RowOf(n, positions[Prompts[n]]) is var row and >= 0)
            {
                rows.Add(row);
                prompts.Add(Prompts[n]);
            }
        }
        var identity = rows.Count == Rows && Depth == 1;
        var all = prompts.Count == run.Prompts.Count && prompts.Select((p, i) => p == i).All(same => same);
        return sets[positions] = rows.Count == 0 ? null : new RowSet(Index(rows), Index(prompts), identity, all);
    }

    public void Dispose()
    {
        baseRows?.Dispose();
        if (!ReferenceEquals(onlyLast, this)) onlyLast?.Dispose();
        foreach (var set in sets.Values)
        {
            set?.Rows.Dispose();
            set?.Prompts.Dispose();
        }
    }

    /// <summary>Row of a position of the plan's prompt <paramref name="n"/>, or below 0.</summary>
    public int RowOf(int n, int position) => Array.IndexOf(Positions, position, n * Depth, Depth);

    private Tensor Index(IEnumerable<long> values) =>
        RowIndex.Of(values, run.Model.Device).DetachFromDisposeScope();

    /// <summary>The plans of one kind of variant, one for each set of prompts with about as many dirty rows (at most 15
    /// % padding); prompts that the variant leaves clean are in none.</summary>
    public static List<RowPlan> For(BaseRun run, Variant variant)
    {
        var dirty = Enumerable.Range(0, run.Prompts.Count)
            .Select(n => (Prompt: n, Rows: DirtyRows(run, variant, n))).Where(p => p.Rows.Positions.Length > 0)
            .OrderByDescending(p => p.Rows.Positions.Length).ThenBy(p => p.Prompt).ToList();
        var plans = new List<RowPlan>();
        for (int first = 0, next; first < dirty.Count; first = next)
        {
            var smallest = 0.85 * dirty[first].Rows.Positions.Length;
            next = first;
            while (next < dirty.Count && dirty[next].Rows.Positions.Length >= smallest) next++;
            var part = dirty[first..next].OrderBy(p => p.Prompt).ToList();
            plans.Add(new RowPlan(run, [.. part.Select(p => p.Prompt)], [.. part.Select(p => p.Rows.Positions)],
                [.. part.Select(p => p.Rows.Held)]));
        }
        return plans;
    }

    private static (int[] Positions, bool[] Held) DirtyRows(BaseRun run, Variant variant, int n)
    {
        var touched = variant.Touched.Select(p => p[n]).ToHashSet();
        var first = touched.Min();
        if (first < run.From)
            throw new ArgumentException($"a variant touches position {first} of prompt {n}; the base run keeps " +
                $"positions from {run.From} on");
        bool Held(int p) => variant.Holds.Any(h => h.Heads is null && h.From[n] <= p && p <= h.To[n]);
        int[] rows = [.. Enumerable.Range(first, run.Prompts.Last[n] - first + 1)
            .Where(p => touched.Contains(p) || !Held(p))];
        return (rows, [.. rows.Select(Held)]);
    }
}
