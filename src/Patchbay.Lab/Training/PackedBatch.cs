using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Sequences end to end. Row r reads <c>Ids[r]</c> and predicts <c>Targets[r]</c>, the next id of its sequence; the last
/// id of a sequence is read by no row, for nothing follows it.</summary>
public sealed class PackedBatch
{
    /// <summary>Packs sequences of at least two ids.</summary>
    /// <exception cref="ArgumentException">There is none, or one is shorter, or has not as many weights as ids.</exception>
    public PackedBatch(IReadOnlyList<TrainingSequence> sequences)
    {
        if (sequences.Count == 0) throw new ArgumentException("a batch has one sequence at least");
        Sequences = sequences;
        Offsets = new int[sequences.Count + 1];
        for (var n = 0; n < sequences.Count; n++)
        {
            var s = sequences[n];
            if (s.Ids.Length < 2 || s.Weights.Length != s.Ids.Length)
                throw new ArgumentException($"sequence {n} has {s.Ids.Length} ids and {s.Weights.Length} weights, expected 2 or more, as many of each");
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
