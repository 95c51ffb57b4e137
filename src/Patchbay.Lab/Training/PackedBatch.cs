using Patchbay.Lab.Data;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Sequences end to end. Row r reads <c>Ids[r]</c> and predicts <c>Targets[r]</c>, the next id of its
/// sequence; the last id of a sequence is read by no row, for nothing follows it.</summary>
public sealed class PackedBatch
{
    /// <summary>Packs sequences of at least two ids.</summary>
    /// <exception cref="ArgumentException">There is none, or one is shorter, or has other than as many weights as
    /// ids.</exception>
    public PackedBatch(IReadOnlyList<TrainingSequence> sequences)
    {
        if (sequences.Count == 0) throw new ArgumentException("a batch has one sequence at least");
        Sequences = sequences;
        Offsets = new int[sequences.Count + 1];
        for (var n = 0; n < sequences.Count; n++)
        {
            var s = sequences[n];
            if (s.Ids.Length < 2 || s.Weights.Length != s.Ids.Length)
            {
                throw new ArgumentException($"sequence {n} has {s.Ids.Length} ids and {s.Weights.Length} weights, "
                    + "expected 2 or more, as many of each");
            }
            Offsets[n + 1] = Offsets[n] + s.Ids.Length - 1;
        }
        (Ids, Targets, Weights) = (new int[Rows], new int[Rows], new float[Rows]);
        for (var n = 0; n < sequences.Count; n++)
        {
            var s = sequences[n];
            s.Ids.AsSpan(0, s.Ids.Length - 1).CopyTo(Ids.AsSpan(Offsets[n]));
            s.Ids.AsSpan(1).CopyTo(Targets.AsSpan(Offsets[n]));
            s.Weights.AsSpan(1).CopyTo(Weights.AsSpan(Offsets[n]));
        }
    }

    /// <summary>The sequences.</summary>
    public IReadOnlyList<TrainingSequence> Sequences { get; }

    /// <summary>First row of each sequence, and the number of rows.</summary>
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
    public int Longest => Enumerable.Range(0, Sequences.Count).Max(Length);

    /// <summary>Whether sequences differ in length, so that some must be padded.</summary>
    public bool IsPadded => Rows != Sequences.Count * Longest;

    /// <summary>Position of each row in its sequence: (R).</summary>
    public int[] Positions => [.. Each((_, position) => position)];

    /// <summary>Where each row is among the sequences padded to the longest's length: (R).</summary>
    public int[] Places
    {
        get
        {
            var longest = Longest;
            return [.. Each((sequence, position) => sequence * longest + position)];
        }
    }

    /// <summary>The row that each place of the padded sequences reads, padding its sequence's last: (N·T). Attention is
    /// causal, so that no row sees padding.</summary>
    public int[] Padded
    {
        get
        {
            var longest = Longest;
            return [.. Enumerable.Range(0, Sequences.Count * longest).Select(place =>
                Offsets[place / longest] + Math.Min(place % longest, Length(place / longest) - 1))];
        }
    }

    private int Length(int sequence) => Offsets[sequence + 1] - Offsets[sequence];

    private IEnumerable<int> Each(Func<int, int, int> of) => Enumerable.Range(0, Sequences.Count)
        .SelectMany(sequence => Enumerable.Range(0, Length(sequence)).Select(position => of(sequence, position)));

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
}
