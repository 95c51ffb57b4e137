namespace Patchbay.Lab.Data;

/// <summary>Several data together, each with its share of tokens. The first one's curriculum leads; the others are at their last
/// stage throughout.</summary>
public sealed class MixedData : ITrainingData
{
    private readonly (ITrainingData Data, double Share)[] parts;

    /// <summary>Mixes; shares are relative to each other.</summary>
    public MixedData(params (ITrainingData Data, double Share)[] parts)
    {
        var total = parts.Sum(p => p.Share);
        this.parts = [.. parts.Select(p => (p.Data, p.Share / total))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages => parts[0].Data.Stages;

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        [.. parts.SelectMany((p, i) => p.Data.Batch(seed, step, i == 0 ? stage : p.Data.Stages.Count - 1, Math.Max(1, (int)(tokens * p.Share))))];
}
