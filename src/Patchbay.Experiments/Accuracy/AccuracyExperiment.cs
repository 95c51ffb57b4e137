namespace Patchbay.Experiments;

/// <summary>
/// How often the most probable of all tokens is the answer (method, section 2), and the answer's probability and rank.
/// A unit is some prompts; its results are their share right, with the standard error sqrt(p (1 - p) / n) and which
/// they are, and the other two's means.
/// </summary>
internal sealed class AccuracyExperiment() : Experiment<AccuracyParameters, None>(
    Kinds.Accuracy, "How often a model answers, with the probability and rank of the answer")
{
    public override IReadOnlyList<StageField> Fields { get; } = [FieldCheck.Prompts(500, "Prompts to ask")];

    public override IReadOnlyList<Stage> Expand(StageRequest request) =>
        [StageOf(request, request.Parameters<AccuracyParameters>(), [])];

    protected override IEnumerable<(string, None)> Parts(AccuracyParameters p, StageInputs inputs,
        PlannedModel model) => [("", default)];

    protected override IReadOnlyList<InterventionResult> Run(Unit<AccuracyParameters, None> unit)
    {
        var asked = TaskAccuracy.Ask(unit.Model, unit.Prompts(unit.Parameters.Prompts), unit.Progress, unit.Cancel);
        return [Result.Answered(Name, asked.Right), Result.Mean("probability", asked.Probability),
            Result.Mean("rank", asked.Rank)];
    }
}
