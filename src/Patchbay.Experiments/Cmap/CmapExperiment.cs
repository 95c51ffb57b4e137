namespace Patchbay.Experiments;

/// <summary>
/// Cross-model activation patching (<see cref="Cmap"/>; method, section 6) of a fine-tuned model's heads into the base,
/// by group and for the whole circuit. Two stages: one runs on the donor and keeps its activations as artifacts, one
/// reads them where the base is loaded. A unit of the first is some prompts; of the second, a form of patching (of some
/// prompts).
/// </summary>
internal sealed class CmapExperiment() : Experiment<CmapParameters, CmapForm?>(
    Kinds.Cmap, "Patch a fine-tuned model's heads into its base", Kinds.PathPatching)
{
    private const string OfCircuit = "circuit", OfDcm = "dcm", Base = "base";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("into", Base, "Model that activations are patched into: a name, or 'base' for the study's first",
            text => text.Length > 0 ? null : "a model's name"),
        new("heads", "auto",
            "Which of the donor's heads: its 'circuit'; those that DCM kept ('dcm': object value in A, position in B "
                + "and C, all of the others); 'auto' for dcm where the study has it",
            text => text is "auto" or OfCircuit or OfDcm ? null : "'auto', 'circuit' or 'dcm'"),
        CircuitSource.Field,
        FieldCheck.Forms("output,input q,input k,input v,input qkv"),
        FieldCheck.Prompts(500, "Prompts to answer"),
        FieldCheck.Batch,
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var into = request.Values["into"] is Base ? request.Models[0] : request.Values["into"];
        if (!request.Models.Contains(into))
            throw new InvalidDataException(
                $"expected a model of the study ({string.Join(", ", request.Models)}) or 'base', found '{into}'");
        if (into == request.Model) return [];
        string[] dcm = [.. request.Earlier(Kinds.Dcm, request.Model).Select(s => s.Id)];
        if (request.Values["heads"] == OfDcm && dcm.Length == 0)
            throw new MissingStageException(Kinds.Dcm,
                $"expected {Kinds.Dcm} of {request.Model} before this stage, found none");
        var (resolved, after) = CircuitSource.Resolve(request);
        var heads = request.Values["heads"] == OfCircuit || dcm.Length == 0 ? OfCircuit : OfDcm;
        var p = resolved.Parameters<CmapParameters>() with
        { Heads = heads, Donor = request.Model, Part = CmapParameters.Capture };
        var capture = StageOf(request, p, [.. after, .. heads == OfDcm ? dcm : []], $"{into}-{CmapParameters.Capture}");
        return [capture, Patch($"{into}/{Name}/{request.Model}", into, p, capture)];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, CmapParameters p, ModelFacts model,
        StudyFacts facts) => p.Part == CmapParameters.Capture
            ? StageCheck.Chain(stage, CircuitSource.Field.Name, p.Chain, facts)
            : facts.Models.TryGetValue(p.Donor, out var donor) ? Unlike(p, donor, model) : [];

    /// <summary>Why a donor's activations would not fit a model.</summary>
    private static IEnumerable<StageMistake> Unlike(CmapParameters p, ModelFacts donor, ModelFacts into)
    {
        static string Shape(ModelFacts model) => $"{model.Shape} of width {model.Shape.HeadWidth}";
        if (Shape(donor) != Shape(into))
            yield return new("into", $"expected models of one shape, found {p.Donor} with {Shape(donor)} and "
                + $"{into.Place.Name} with {Shape(into)}");
        else if (p.Forms.SelectMany(f => new CmapForm(f).Inputs).Any(site => site != Site.Q))
            foreach (var (own, its) in donor.Prompts.Prompts.Zip(into.Prompts.Prompts))
                if (own.Clean.Ids.Length != its.Clean.Ids.Length)
                {
                    yield return new("forms", $"expected models that read prompts as equally many tokens, whose keys "
                        + $"and values go together, found {own.Clean.Ids.Length} in {p.Donor} and "
                        + $"{its.Clean.Ids.Length} in {into.Place.Name} of {own.Origin}");
                    yield break;
                }
    }

    /// <summary>The stage that patches a donor's activations into a model.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="into">The model.</param>
    /// <param name="parameters">The donor, its circuit, forms and prompts.</param>
    /// <param name="capture">The stage that keeps the activations.</param>
    public static Stage Patch(string id, string into, CmapParameters parameters, Stage capture) =>
        new(id, Kinds.Cmap, into, JsonRecord.Of(parameters with { Part = CmapParameters.Patch }), [capture.Id]);

    protected override StageInputs InputsOf(Stage stage, CmapParameters p, SweepState state)
    {
        if (p.Part == CmapParameters.Capture)
        {
            var heads = SweepResults.Circuit(state, stage, p);
            return new() { Circuit = p.Heads == OfDcm ? DcmFinding.Kept(state, stage.Model, heads) : heads };
        }
        var capture = state.Stages[stage.After[0]];
        return StageInputs.Of(capture) with
        { Artifacts = [.. new Recorded(capture)[CmapParameters.Capture].Select(r => r.Detail!.Artifact!)] };
    }

    protected override IEnumerable<(string, CmapForm?)> Parts(CmapParameters p, StageInputs inputs,
        PlannedModel model) =>
        p.Part == CmapParameters.Capture ? [("activations", null)]
            : inputs.Artifacts is { Count: 0 } ? [] // nothing was tuned
            : p.Forms.Select(f => (f.Replace(' ', '_'), (CmapForm?)new CmapForm(f)));

    protected override IReadOnlyList<InterventionResult> Run(Unit<CmapParameters, CmapForm?> unit)
    {
        var (p, heads, prompts) = (unit.Parameters, unit.Inputs.Circuit!, unit.Prompts(unit.Parameters.Prompts));
        if (unit.Part is not { } form)
            return Capture(unit.Model, unit.Session.Artifacts, prompts, heads, p.Forms, unit.Progress, unit.Cancel);
        var hash = unit.Inputs.Artifacts![unit.Range is { } range ? range.First / p.Batch : 0];
        IReadOnlyList<string> Groups(string set) => set == CmapFinding.NoHeads ? []
            : set == CmapFinding.Whole ? [.. heads.Groups.Keys] : [set];
        string[] sets = [CmapFinding.NoHeads, .. CmapFinding.Sets(heads)];
        var answered = Cmap.Answered(unit.Model, prompts, heads, unit.Session.Artifacts.PathOf(hash),
            [.. sets.Select(s => (form, Groups(s)))],
            unit.Session.Unaltered(unit.Plan, prompts, Cmap.First(prompts, heads)), unit.Progress, unit.Cancel);
        return [.. sets.Zip(answered, (set, right) => Result.Answered($"{form.Name} {set}", right) with
        { Position = heads.Groups.ContainsKey(set) ? heads.Chain.Group(set).Position : null })];
    }

    /// <summary>Keeps a donor's activations, and says which prompts it answers itself.</summary>
    public static IReadOnlyList<InterventionResult> Capture(Decoder donor, IArtifacts artifacts, PromptSet prompts,
        Circuit heads,
        IReadOnlyList<string> forms, Action<double> progress, CancellationToken cancel)
    {
        var hash = artifacts.Keep(path => Cmap.Capture(donor, prompts, heads, [.. forms.Select(f => new CmapForm(f))],
            path, cancel));
        progress(0.5);
        return
        [
            Result.Number(CmapParameters.Capture, heads.Heads.Count,
                prompts.Count) with { Detail = new() { Artifact = hash } },
            Result.Answered(CmapFinding.DonorsOwn, TaskAccuracy.Ask(donor, prompts, p => progress(0.5 + p / 2), cancel)
                .Right),
        ];
    }
}
