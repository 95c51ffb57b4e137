using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Sequences end to end. Row r reads <c>Ids[r]</c> and predicts <c>Targets[r]</c>, which is the next id of its
/// sequence unless the sequence wants another; an id that nothing follows is read by no row. R rows in all, N
/// sequences, T rows of the longest.</summary>
internal sealed class PackedBatch
{
    /// <summary>Packs sequences of at least two ids.</summary>
    /// <exception cref="ArgumentException">There is none, or one is shorter, or has other than as many weights as
    /// ids.</exception>
    public PackedBatch(IReadOnlyList<TrainingSequence> sequences)
    {
        if (sequences.Count == 0) throw new ArgumentException("a batch has one sequence at least");
        Offsets = new int[sequences.Count + 1];
        foreach (var (n, s) in sequences.Index())
        {
            if (s.Ids.Length < 2 || s.Weights.Length != s.Ids.Length)
                throw new ArgumentException($"sequence {n} has {s.Ids.Length} ids and {s.Weights.Length} weights, "
                    + "expected 2 or more, as many of each");
            Offsets[n + 1] = Offsets[n] + RowsOf(s).Count();
        }
        Sequences = sequences;
        Ids = [.. sequences.SelectMany(s => RowsOf(s).Select(i => s.Ids[i]))];
        Targets = [.. sequences.SelectMany(s => RowsOf(s).Select(i => (s.Wanted ?? s.Ids)[i + 1]))];
        Weights = [.. sequences.SelectMany(s => RowsOf(s).Select(i => s.Weights[i + 1]))];
        Longest = Enumerable.Range(0, sequences.Count).Max(Length);
    }

    public IReadOnlyList<TrainingSequence> Sequences { get; }

    /// <summary>First row of each sequence, and the number of rows: (N + 1).</summary>
    public int[] Offsets { get; }

    /// <summary>Number of rows, R.</summary>
    public int Rows => Offsets[^1];

    /// <summary>Id that each row reads: (R).</summary>
    public int[] Ids { get; }

    /// <summary>Id that each row predicts: (R).</summary>
    public int[] Targets { get; }

    /// <summary>How much each row's prediction counts: (R).</summary>
    public float[] Weights { get; }

    /// <summary>Rows of the longest sequence, T.</summary>
    public int Longest { get; }

    /// <summary>Whether sequences differ in length, so that some must be padded.</summary>
    public bool IsPadded => Rows != Sequences.Count * Longest;

    /// <summary>Position of each row in its sequence: (R).</summary>
    public int[] Positions => Each(n => Sequences[n].Layout?.Positions ?? Enumerable.Range(0, Length(n)));

    /// <summary>What each row of the padded sequences may see, layer by layer, the last one for all further layers:
    /// (N·T·T), padding seeing only itself; none where every sequence is a running text.</summary>
    public IEnumerable<bool[]> Sees =>
        Enumerable.Range(0, Sequences.Max(s => s.Layout?.Sees.Count ?? 0)).Select(SeesIn);

    private bool[] SeesIn(int layer)
    {
        var sees = new bool[Sequences.Count * Longest * Longest];
        for (var n = 0; n < Sequences.Count; n++)
        {
            var own = Sequences[n].Layout?.Sees is { } some ? some[Math.Min(layer, some.Count - 1)] : null;
            for (var t = 0; t < Longest; t++)
            {
                var row = sees.AsSpan((n * Longest + t) * Longest, Longest);
                if (t >= Length(n)) row[t] = true;
                else if (own is not null) own.AsSpan(t * Length(n), t + 1).CopyTo(row);
                else row[..(t + 1)].Fill(true);
            }
        }
        return sees;
    }

    /// <summary>Where each row is among the sequences padded to the longest's length: (R).</summary>
    public int[] Places => Each(n => Enumerable.Range(n * Longest, Length(n)));

    /// <summary>The row that each place of the padded sequences reads, padding its sequence's last: (N·T). No row sees
    /// a later one, so that none sees padding.</summary>
    public int[] Padded =>
        Each(n => Enumerable.Range(0, Longest).Select(t => Offsets[n] + Math.Min(t, Length(n) - 1)));

    /// <summary>The batch in some parts of about as many rows, fewer if it has fewer sequences.</summary>
    public IReadOnlyList<PackedBatch> Split(int parts)
    {
        var shares = new List<PackedBatch>();
        for (int part = 1, from = 0, to; part <= parts && from < Sequences.Count; part++, from = to)
        {
            to = part == parts ? Sequences.Count
                : Math.Max(from + 1, Array.FindIndex(Offsets, first => first >= (long)Rows * part / parts));
            shares.Add(new([.. Sequences.Skip(from).Take(to - from)]));
        }
        return shares;
    }

    /// <summary>Weighted mean of rows' losses: Σ w·loss / Σ w.</summary>
    public double Mean(ReadOnlySpan<float> losses)
    {
        double sum = 0, total = 0;
        for (var r = 0; r < Rows; r++) (sum, total) = (sum + Weights[r] * (double)losses[r], total + Weights[r]);
        return total == 0 ? 0 : sum / total;
    }

    /// <summary>Mean loss of the answers (weight 1 or more) of each kind of sequence.</summary>
    public IReadOnlyDictionary<string, double> MeanByKind(ReadOnlySpan<float> losses)
    {
        var sums = new SortedDictionary<string, (double Sum, int Count)>(StringComparer.Ordinal);
        for (var n = 0; n < Sequences.Count; n++)
        {
            var (sum, count) = sums.GetValueOrDefault(Sequences[n].Kind);
            for (var r = Offsets[n]; r < Offsets[n + 1]; r++)
                if (Weights[r] >= 1) (sum, count) = (sum + losses[r], count + 1);
            sums[Sequences[n].Kind] = (sum, count);
        }
        return sums.Where(s => s.Value.Count > 0).ToDictionary(s => s.Key, s => s.Value.Sum / s.Value.Count);
    }

    private static IEnumerable<int> RowsOf(TrainingSequence s) =>
        s.Layout?.Rows ?? Enumerable.Range(0, s.Ids.Length - 1);

    private int Length(int sequence) => Offsets[sequence + 1] - Offsets[sequence];

    private int[] Each(Func<int, IEnumerable<int>> places) =>
        [.. Enumerable.Range(0, Sequences.Count).SelectMany(places)];
}
