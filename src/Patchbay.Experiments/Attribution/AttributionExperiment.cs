namespace Patchbay.Experiments;

/// <summary>
/// Attribution patching (<see cref="AttributionPatching"/>): path patching's scores to first order, all heads from one
/// backward pass a batch; a fast screen. Beside it stand its rank correlation with the exact scores, and how many of
/// the exact top k its top 2k holds: so one sees when the shortcut can be trusted. A unit is one group in one form.
/// </summary>
internal sealed class AttributionExperiment() : Experiment<AttributionParameters, (string Group, string Form)>(
    Kinds.Attribution, "Path patching to first order from one backward pass, beside the exact scores",
    Kinds.PathPatching)
{
    private const string Gradient = AttributionParameters.Gradient, Integrated = "integrated";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("forms", $"{Gradient},{Integrated}",
            $"'{Gradient}' at the clean prompt, or '{Integrated}' along the line to the counterfactual",
            text => FieldCheck.Names(text) && text.Split(',').All(f => f is Gradient or Integrated) ? null
                : $"a list of '{Gradient}' and '{Integrated}', each once"),
        FieldCheck.Count("steps", 8, "Points of the integrated form", WholeRange.Repeats),
        FieldCheck.Count("top", 0,
            "k, for the share of the exact top k among the approximate top 2k; 0 for as many as the group's receivers",
            WholeRange.Heads with { Least = 0 }),
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var groups = request.Earlier(Kinds.PathPatching, request.Model);
        if (groups.Count == 0)
            throw new MissingStageException(Kinds.PathPatching,
                $"expected {Kinds.PathPatching} before {Name}, which is compared with it, found none");
        var chain = CircuitSource.Chain(request, request.Model);
        return [StageOf(request, request.Parameters<AttributionParameters>() with { Chain = chain },
            [.. groups.Select(s => s.Id)])];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, AttributionParameters p, ModelFacts model,
        StudyFacts facts) => StageCheck.Count("top", p.Top, model.Shape);

    protected override StageInputs InputsOf(Stage stage, AttributionParameters p, SweepState state) => new()
    {
        GroupReceivers = stage.After.Select(id => state.Stages[id])
            .ToDictionary(s => SweepResults.Group(s.Stage).Name, s => StageInputs.Of(s).Receivers!),
    };

    protected override IEnumerable<(string, (string, string))> Parts(AttributionParameters p, StageInputs inputs,
        PlannedModel model) =>
        inputs.GroupReceivers!.Keys.SelectMany(group => p.Forms.Select(form => ($"{group}-{form}", (group, form))));

    protected override IReadOnlyList<InterventionResult> Run(Unit<AttributionParameters,
        (string Group, string Form)> unit)
    {
        var (group, form) = unit.Part;
        var within = unit.Parameters.Chain.Group(group);
        var scores = AttributionPatching.Scores(unit.Model, unit.Prompts(0), within, unit.Inputs.GroupReceivers![group],
            form == Gradient ? 0 : unit.Parameters.Steps, unit.Progress, unit.Plan.Compute.MemoryBytes, unit.Cancel);
        return [.. scores.Select(s => Result.Change(AttributionFinding.Item(group, form, s.Head), s.Score, s.LeftOut,
            unit.FirstPrompt) with { Head = s.Head, Position = within.Position })];
    }
}
