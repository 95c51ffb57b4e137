namespace Patchbay.Experiments;

/// <summary>
/// How often the most probable of all tokens is the answer (method, section 2), and the answer's probability and rank.
/// A unit is some prompts; its results are their share right, with the standard error sqrt(p (1 - p) / n) and which
/// they are, and the other two's means.
/// </summary>
public sealed class AccuracyExperiment : Experiment<AccuracyParameters, None>
{
    /// <inheritdoc/>
    public override string Name => Kinds.Accuracy;

    /// <inheritdoc/>
    public override string Summary => "How often a model answers, with the probability and rank of the answer";

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } = [FieldCheck.Count("prompts", 500, "Prompts to ask")];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request) =>
        [new($"{request.Model}/{Name}", Name, request.Model, JsonRecord.Of(request.Parameters<AccuracyParameters>()),
            [])];

    /// <inheritdoc/>
    protected override IEnumerable<(string, None)> Parts(AccuracyParameters p, StageInputs inputs,
        PlannedModel model) => [("", default)];

    /// <inheritdoc/>
    protected override IReadOnlyList<InterventionResult> Run(Unit<AccuracyParameters, None> unit)
    {
        var asked = TaskAccuracy.Ask(unit.Model, unit.Prompts(unit.Parameters.Prompts), unit.Progress, unit.Cancel);
        return [Result.Answered(Name, asked.Right), Result.Mean("probability", asked.Probability),
            Result.Mean("rank", asked.Rank)];
    }
}
