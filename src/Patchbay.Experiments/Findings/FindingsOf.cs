using Patchbay.Experiments.Stages;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Findings;

/// <summary>Makes findings of a sweep's recorded results.</summary>
public static class FindingsOf
{
    /// <summary>All that the complete stages of a sweep found; accuracy also of those under way.</summary>
    public static SweepFindings Sweep(SweepState state)
    {
        var plan = state.Plan ?? throw new InvalidDataException("there is no such sweep");
        var stages = state.InOrder.ToArray();
        return new(
            [.. plan.Models.Select(m => Model(state, m))],
            stages.FirstOrDefault(s => s.Stage.Kind == SweepResults.PathPatchingKind) is { } first ? SweepResults.Chain(first.Stage)
                : PathChain.EntityTracking,
            [.. stages.Select(CircuitExperiment.Finding).OfType<CircuitFinding>()],
            [.. stages.Where(s => s.Stage.Kind == CmapExperiment.Kind).SelectMany(s => CmapExperiment.Findings(state, s))]);
    }

    private static ModelFindings Model(SweepState state, PlannedModel model)
    {
        IEnumerable<StageState> Of(string kind) => state.InOrder.Where(s => s.Stage.Kind == kind && s.Stage.Model == model.Name);
        var candidates = SweepCircuits.Candidates(state, model.Name);
        return new()
        {
            Name = model.Name,
            Fingerprint = model.Fingerprint,
            Layers = model.Layers,
            Heads = model.Heads,
            Accuracy = Of(SweepResults.AccuracyKind).Select(Accuracy).FirstOrDefault(a => a is not null),
            Scores = [.. SweepResults.PathPatching(state, model.Name).Where(s => s.Status == StageStatus.Completed)
                .Select(s => SweepResults.Scores(state, s).Path)],
            Circuit = SweepCircuits.Of(state, model.Name).Groups.Where(g => g.Value.Count > 0).ToDictionary(g => g.Key, g => g.Value),
            Minimality = [.. MinimalityExperiment.Stages(state, model.Name).Where(s => s.Status == StageStatus.Completed)
                .SelectMany(s => MinimalityExperiment.Findings(s, candidates))],
            Attribution = [.. Of(AttributionExperiment.Kind).SelectMany(s => AttributionExperiment.Findings(state, s))],
            Dcm = [.. Of(DcmExperiment.Kind).SelectMany(DcmExperiment.Findings)],
            Functionality = [.. Of(FunctionalityExperiment.Kind).SelectMany(FunctionalityExperiment.Findings)],
            Knockouts = [.. Of(KnockoutExperiment.Kind).SelectMany(s => KnockoutExperiment.Curves(s, model.Layers))],
            Attention = [.. Of(AttentionExperiment.Kind).SelectMany(AttentionExperiment.Findings)],
            Patched = [.. Of(PatchExperiment.Kind).SelectMany(PatchExperiment.Findings)],
        };
    }

    private static AccuracyFinding? Accuracy(StageState stage)
    {
        if (Shares.Total(stage, SweepResults.AccuracyKind) is not { } right) return null;
        var none = new Estimate(double.NaN, double.NaN, 0);
        return new(right, Means.Total(stage, "probability") ?? none, Means.Total(stage, "rank") ?? none,
            Shares.Answers(stage, SweepResults.AccuracyKind));
    }
}
