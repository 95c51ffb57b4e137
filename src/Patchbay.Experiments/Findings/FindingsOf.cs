using Patchbay.Sweeps;

namespace Patchbay.Experiments.Findings;

/// <summary>What the units of a sweep add up to.</summary>
public static class FindingsOf
{
    /// <summary>The findings of a sweep, complete or not: accuracies, scores of complete stages and circuits.</summary>
    public static SweepFindings Sweep(SweepState state)
    {
        var chain = PathChain.EntityTracking;
        return new([.. state.Plan!.Models.Select(m => Model(state, m))], chain, [], []);
    }

    private static ModelFindings Model(SweepState state, PlannedModel model)
    {
        var chainNames = SweepResults.PaperNames.ToDictionary(n => n.Value, n => n.Key);
        return new()
        {
            Name = model.Name,
            Fingerprint = model.Fingerprint,
            Layers = model.Layers,
            Heads = model.Heads,
            Accuracy = SweepResults.Accuracy(state, model.Name) is { } right ? new(right, new(double.NaN, double.NaN, 0), new(double.NaN, double.NaN, 0), []) : null,
            Scores = [.. SweepResults.PathPatching(state, model.Name).Where(s => s.Status == StageStatus.Completed).Select(s => SweepResults.Scores(state, s).Path)],
            Circuit = SweepResults.Circuit(state, model.Name).ToDictionary(g => chainNames.GetValueOrDefault(g.Key, g.Key), g => g.Value),
        };
    }
}
