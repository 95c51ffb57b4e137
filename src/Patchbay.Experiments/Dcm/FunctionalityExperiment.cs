namespace Patchbay.Experiments;

/// <summary>
/// The functionality test (Prakash et al. 2024, section 4; method, section 5): the heads that DCM kept for a group and
/// a desideratum are patched from source to base on fresh triples, over several seeds; how often the model answers the
/// target. A unit is one desideratum and one seed, for all groups.
/// </summary>
internal sealed class FunctionalityExperiment() : Experiment<FunctionalityParameters, (string Desideratum, int Seed)>(
    Kinds.Functionality, "What the heads that DCM kept carry, on fresh triples", Kinds.PathPatching, Kinds.Dcm)
{
    public override IReadOnlyList<StageField> Fields { get; } =
        [
            FieldCheck.Count("seeds", 10, "Seeds", WholeRange.Repeats),
            FieldCheck.Count("triples", 500, "Triples of a seed", WholeRange.Prompts),
        ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        DcmExperiment.RequireScenes(request);
        if (request.Earlier(Kinds.Dcm, request.Model) is not [var first, ..] dcm)
            throw new MissingStageException(Kinds.Dcm,
                $"expected {Kinds.Dcm} before {Name}, which needs the heads it keeps, found none");
        var chain = first.Parameters.As<DcmParameters>().Chain;
        return [StageOf(request, request.Parameters<FunctionalityParameters>() with { Chain = chain },
            [.. dcm.Select(s => s.Id)])];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, FunctionalityParameters p, ModelFacts model,
        StudyFacts facts) =>
        from name in facts.Before.Where(s => stage.After.Contains(s.Id))
            .SelectMany(s => DcmFinding.Names(s.Parameters.As<DcmParameters>())).Distinct()
        from seed in Enumerable.Range(0, p.Seeds)
        let sentence = DcmExperiment.Refused(name, p.Triples, Use(seed), model, facts)
        where sentence is not null
        select new StageMistake("triples", sentence);

    /// <summary>What triples are for, of which their seed is made.</summary>
    private static string Use(int seed) => $"functionality {seed:00}";

    protected override StageInputs InputsOf(Stage stage, FunctionalityParameters p, SweepState state) => new()
    {
        Kept = [.. stage.After.SelectMany(id => DcmFinding.Read(state.Stages[id]))
            .Select(f => new CarryingHeads(f.Desideratum, f.Group, f.Heads))],
    };

    protected override IEnumerable<(string, (string, int))> Parts(FunctionalityParameters p, StageInputs inputs,
        PlannedModel model) =>
        from desideratum in inputs.Kept!.Select(k => k.Desideratum).Distinct()
        from seed in Enumerable.Range(0, p.Seeds)
        select ($"{desideratum.Replace(' ', '_')}-{seed:00}", (desideratum, seed));

    protected override IReadOnlyList<InterventionResult> Run(Unit<FunctionalityParameters,
        (string Desideratum, int Seed)> unit)
    {
        var (p, (name, seed)) = (unit.Parameters, unit.Part);
        var kept = unit.Inputs.Kept!.Where(k => k.Desideratum == name).ToArray();
        var triples = new PromptSet([.. Desiderata.Generate(name, p.Triples,
            DcmExperiment.SeedOf(unit.Plan.Seed, Use(seed)), unit.Plan.Task.Boxes, unit.Session.Encode)
            .Select(t => new Prompt(t.Base, t.Source, t.Target, t.Origin))]);
        string At(CarryingHeads k) => p.Chain.Group(k.Group).Position;
        var answered = HeadPatching.Answered(unit.Model, triples,
            [.. kept.Select(k => (IReadOnlyList<PlacedHead>)[.. k.Heads.Select(h => new PlacedHead(At(k), h))])],
            unit.Plan.Compute.MemoryBytes, unit.Progress, unit.Cancel);
        return [.. kept.Zip(answered, (k, right) =>
            Result.Answered(FunctionalityFinding.Item(k.Group, name, seed), right) with { Position = At(k) })];
    }
}
