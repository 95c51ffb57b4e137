namespace Patchbay.Lab.Data;

/// <summary>Several data in one batch, each with its share of the tokens. The stages are the first data's; the others
/// are always in their last one.</summary>
public sealed class MixedData : ITrainingData
{
    private readonly (ITrainingData Data, double Share)[] _parts;
    private readonly double _total;

    /// <summary>Data and their shares, in any unit.</summary>
    /// <exception cref="ArgumentException">There is none, or a share is not above 0.</exception>
    public MixedData(params (ITrainingData Data, double Share)[] parts)
    {
        if (parts.Length == 0 || !parts.All(part => part.Share > 0))
            throw new ArgumentException("A mixture needs data, each with a share above 0.", nameof(parts));
        (_parts, _total) = (parts, parts.Sum(part => part.Share));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages => _parts[0].Data.Stages;

    /// <inheritdoc/>
    /// <remarks>Every data gives at least one sequence, so a share far below one sequence is exceeded.</remarks>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var sequences = new List<TrainingSequence>();
        for (var i = 0; i < _parts.Length; i++)
        {
            var (data, share) = _parts[i];
            sequences.AddRange(data.Batch(unchecked(seed + (ulong)i), step,
                i == 0 ? stage : data.Stages.Count - 1, (int)(tokens * share / _total)));
        }
        return sequences;
    }
}
