using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Cross-model activation patching (<see cref="Cmap"/>; method, section 6) of a fine-tuned model's heads into the base, by group and for the whole circuit.
/// Two stages: one runs on the donor and keeps its activations as artifacts, one reads them where the base is loaded. A unit of the
/// first is some prompts; of the second, a form of patching (of some prompts).
/// </summary>
public sealed class CmapExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "cmap";

    private const string CapturePart = "capture", PatchPart = "patch", Floor = "floor", Whole = "circuit", Answered = "donor";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Patch a fine-tuned model's heads into its base";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("into", "base", "Model that activations are patched into: a name, or 'base' for the study's first", text => text.Length > 0
            ? null : "a model's name"),
        new("heads", "auto", "Which of the donor's heads: its 'circuit'; those that DCM kept ('dcm': object value in A, position in B and C, all of the others); 'auto' for dcm where the study has it",
            text => text is "auto" or "circuit" or "dcm" ? null : "'auto', 'circuit' or 'dcm'"),
        SweepCircuits.Field,
        new("forms", "output,input q,input k,input v,input qkv", "What is patched: 'output', or 'input' and the projections", text =>
            text.Split(',').Select(CmapForm.Check).FirstOrDefault(m => m is not null)),
        new("prompts", "500", "Prompts to answer", text => WholeNumber(text, 1)),
        new("batch", "0", "Prompts that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var into = request.Parameters["into"] == "base" ? request.Models[0] : request.Parameters["into"];
        if (!request.Models.Contains(into))
            throw new InvalidDataException($"expected a model of the study ({string.Join(", ", request.Models)}) or 'base', found '{into}'");
        if (into == request.Model) return [];
        var dcm = request.Earlier(DcmExperiment.Kind, request.Model).Select(s => s.Id).ToArray();
        if (request.Parameters["heads"] == "dcm" && dcm.Length == 0)
            throw new InvalidDataException($"expected {DcmExperiment.Kind} of {request.Model} before this stage, found none");
        var (parameters, after) = SweepCircuits.Source(request);
        (parameters["into"], parameters["donor"]) = (into, request.Model);
        parameters["heads"] = request.Parameters["heads"] == "circuit" || dcm.Length == 0 ? "circuit" : "dcm";
        var capture = new Stage($"{request.Model}/{Name}/{into}-{CapturePart}", Name, request.Model,
            new Dictionary<string, string>(parameters) { ["part"] = CapturePart },
            [.. after, .. parameters["heads"] == "dcm" ? dcm : []]);
        return [capture, Patch($"{into}/{Name}/{request.Model}", into, request.Model, parameters, capture)];
    }

    /// <summary>The stage that patches a donor's activations into a model.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="into">The model.</param>
    /// <param name="donor">What the donor is called.</param>
    /// <param name="parameters">With "chain", "forms", "prompts" and "batch".</param>
    /// <param name="capture">The stage that keeps the activations; its inputs begin with the heads as text.</param>
    internal static Stage Patch(string id, string into, string donor, IReadOnlyDictionary<string, string> parameters, Stage capture) =>
        new(id, Kind, into, new Dictionary<string, string>(parameters) { ["part"] = PatchPart, ["donor"] = donor }, [capture.Id]);

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var ranges = Ranges(stage, Count(stage, "prompts"));
        if (stage.Parameters["part"] == CapturePart)
        {
            var heads = SweepCircuits.Of(state, stage);
            if (stage.Parameters["heads"] == "dcm") heads = DcmExperiment.Kept(state, stage.Model, heads);
            return new(heads.ToString(), [.. ranges.Select(r => $"{r}activations")]);
        }
        var capture = state.Stages[stage.After[0]];
        var hashes = capture.Results.Where(r => r.Result.Item == CapturePart).Select(r => r.Result.Detail!).ToArray();
        if (hashes.Length == 0) return new(capture.Inputs!, []); // nothing was tuned
        return new($"{capture.Inputs}\n{string.Join('\n', ranges.Zip(hashes, (r, hash) => $"{r}{hash}"))}",
            [.. ranges.SelectMany(r => stage.Parameters["forms"].Split(',').Select(f => r + f.Replace(' ', '_')))]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var stage = order.Stage;
        var prompts = PromptRange.Of(order.Key, session.Prompts(order.Plan, Count(stage, "prompts")));
        var lines = order.Inputs.Split('\n');
        var heads = Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), lines[0]);
        return stage.Parameters["part"] == CapturePart ? Capture(session.Model, session.Artifacts, prompts, heads, stage, progress, cancel)
            : Patch(order, session, prompts, heads, lines, progress, cancel);
    }

    /// <summary>Keeps a donor's activations, and says which prompts it answers itself.</summary>
    internal static IReadOnlyList<InterventionResult> Capture(Llama donor, IArtifacts artifacts, Tasks.PromptSet prompts, Circuit heads,
        Stage stage, Action<double> progress, CancellationToken cancel)
    {
        CmapForm[] forms = [.. stage.Parameters["forms"].Split(',').Select(f => new CmapForm(f))];
        var hash = artifacts.Keep(path => Cmap.Capture(donor, prompts, heads, forms, path, cancel));
        progress(0.5);
        return [new(CapturePart, heads.Heads.Count, double.NaN, prompts.Count, hash),
            Shares.Each(Answered, TaskAccuracy.Ask(donor, prompts, p => progress(0.5 + p / 2), cancel).Right)];
    }

    private static IReadOnlyList<InterventionResult> Patch(UnitOrder order, ModelSession session, Tasks.PromptSet prompts, Circuit heads,
        string[] lines, Action<double> progress, CancellationToken cancel)
    {
        var at = order.Key.LastIndexOf('-') + 1;
        var (range, form) = (order.Key[..at], new CmapForm(order.Key[at..].Replace('_', ' ')));
        var hash = lines.Skip(1).First(l => l.StartsWith(range, StringComparison.Ordinal) && !l[range.Length..].Contains('-'))[range.Length..];
        string[] sets = [.. heads.Groups.Where(g => g.Value.Count > 0).Select(g => g.Key)];
        (string Name, IReadOnlyList<string> Groups)[] wanted = [(Floor, []), (Whole, sets), .. sets.Select(s => (s, (IReadOnlyList<string>)[s]))];
        var answered = Cmap.Answered(session.Model, prompts, heads, session.Artifacts.PathOf(hash), [.. wanted.Select(w => (form, w.Groups))],
            session.Whole(order, prompts, Cmap.First(prompts, heads)), progress, cancel);
        return [.. wanted.Zip(answered, (w, right) => Shares.Each($"{form.Name} {w.Name}", right))];
    }

    /// <summary>What a complete stage that patches found.</summary>
    public static IReadOnlyList<CmapFinding> Findings(SweepState state, StageState stage)
    {
        if (stage.Status != StageStatus.Completed || stage.Stage.Parameters["part"] != PatchPart || !stage.Results.Any()) return [];
        var capture = state.Stages[stage.Stage.After[0]];
        var heads = Circuit.Parse(PathChain.Parse(stage.Stage.Parameters["chain"]), capture.Inputs!);
        return
        [
            .. from form in stage.Stage.Parameters["forms"].Split(',')
               from set in heads.Groups.Where(g => g.Value.Count > 0).Select(g => g.Key).Prepend(Whole)
               select new CmapFinding(stage.Stage.Parameters["donor"], stage.Stage.Model, form, set, set == Whole ? heads.Heads.Count
                   : heads.Groups[set].Count,
                   Shares.Total(stage, $"{form} {set}")!.Value, Shares.Total(stage, $"{form} {Floor}")!.Value, Shares.Total(capture, Answered),
                   Shares.Answers(stage, $"{form} {set}"), Shares.Answers(stage, $"{form} {Floor}")),
        ];
    }
}
