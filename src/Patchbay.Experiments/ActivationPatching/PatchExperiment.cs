namespace Patchbay.Experiments;

/// <summary>
/// Activation patching (Vig et al. 2020; Meng et al. 2022): z of a set of heads at their positions is taken from each
/// prompt's counterfactual, everything after runs freely; how often the answer is still the prompt's, and the mean
/// relative change of its probability. Which two prompts belong together is the task's: a task file may pair any two. A
/// unit is some pairs, with all sets.
/// </summary>
internal sealed class PatchExperiment() : Experiment<PatchParameters, None>(
    Kinds.ActivationPatching, "Patch heads from each prompt's counterfactual", Kinds.PathPatching)
{
    private const string IntoCounterfactual = "counterfactual";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("heads", $"{PatchedFinding.EachGroup},{PatchedFinding.Whole}",
            "Sets: 'groups' (each by itself), 'circuit', a group's name, or heads with their position such as \"5.3 "
                + "5.1@last\"",
            text => FieldCheck.Names(text) && text.Split(',').All(IsSet) ? null
                : "'groups', 'circuit', groups' names, or heads with their position such as \"5.3 5.1@last\", each "
                    + "once"),
        CircuitSource.Field,
        new("into", "clean",
            "Which of a pair is run: its 'clean' prompt with the counterfactual's activations, or its "
                + "'counterfactual' with the clean one's",
            text => text is "clean" or IntoCounterfactual ? null : "'clean' or 'counterfactual'"),
        FieldCheck.Prompts(300, "Pairs of prompts"),
        FieldCheck.Batch with { Description = "Pairs that a unit takes; 0 for all" },
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (resolved, after) = CircuitSource.Resolve(AllNamed(request.Values["heads"])
            ? request with { Values = new Dictionary<string, string>(request.Values) { ["circuit"] = "A=" } }
                : request);
        return [StageOf(request, resolved.Parameters<PatchParameters>(), after)];
    }

    public override bool NeedsNothing(Func<string, string?> value) =>
        base.NeedsNothing(value) || (value("heads") is { } heads && AllNamed(heads));

    // Heads that are named with their position need no circuit.
    private static bool AllNamed(string heads) => heads.Split(',').All(s => Named(s) is not null);

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, PatchParameters p, ModelFacts model,
        StudyFacts facts)
    {
        PlacedHead[] named = [.. p.Heads.SelectMany(s => Named(s) ?? [])];
        string[] groups = [.. p.Heads.Where(s => Named(s) is null)];
        return
        [
            .. StageCheck.Heads("heads", named.Select(h => h.Head), model.Shape),
            .. named.Select(h => h.Position).Distinct().SelectMany(at =>
                StageCheck.Position("heads", at, model.Prompts, both: true)),
            .. StageCheck.Groups("heads", groups, p.Chain, PatchedFinding.EachGroup, PatchedFinding.Whole),
            .. groups.Length == 0 ? [] : StageCheck.Chain(stage, "heads", p.Chain, facts, both: true),
        ];
    }

    protected override IEnumerable<(string, None)> Parts(PatchParameters p, StageInputs inputs, PlannedModel model) =>
        [("all", default)];

    protected override IReadOnlyList<InterventionResult> Run(Unit<PatchParameters, None> unit)
    {
        var (p, circuit, config) = (unit.Parameters, unit.Inputs.Circuit!, unit.Model.Config);
        var pairs = unit.Prompts(p.Prompts);
        if (p.Into == IntoCounterfactual)
            pairs = new([.. pairs.Prompts.Select(pair => pair with { Clean = pair.Counterfactual,
                Counterfactual = pair.Clean })]);
        var sets = PatchedFinding.Sets(p, circuit);
        var heads = sets.Select(s => Placed(s, circuit, config, pairs)).ToArray();
        var memory = unit.Plan.Compute.MemoryBytes;
        var right = HeadPatching.Answered(unit.Model, pairs, heads, memory, done => unit.Progress(done / 2),
            unit.Cancel);
        var change = HeadPatching.Changes(unit.Model, pairs, heads, memory, done => unit.Progress(0.5 + done / 2),
            unit.Cancel);
        return [.. sets.SelectMany((set, i) => new[]
        {
            About(heads[i], Result.Answered($"{set} right", right[i])),
                About(heads[i], Change($"{set} change", change[i])),
        })];

        InterventionResult Change(string item, double[] changes)
        {
            var (mean, leftOut) = RelativeChange.Mean(changes, pairs);
            return Result.Change(item, mean, leftOut, unit.FirstPrompt);
        }
    }

    // A set: heads at a position, or a name, which no head is.
    private static bool IsSet(string text) => text.Length > 0 && !text.Contains('/')
        && (Named(text) is not null || (!text.Contains('@') && Head.Read(text.Split(' ')[0]) is null));

    // "5.3 5.1@last"; null for a name.
    private static IReadOnlyList<PlacedHead>? Named(string set)
    {
        if (set.Split('@') is not [var list, { Length: > 0 } position]) return null;
        var heads = list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Head.Read).ToArray();
        return heads.Length > 0 && heads.All(h => h is not null)
            ? [.. heads.Select(h => new PlacedHead(position, h!.Value))] : null;
    }

    private static InterventionResult About(IReadOnlyList<PlacedHead> heads, InterventionResult result) => result with
    {
        Head = heads is [var one] ? one.Head : null,
        Position = heads.Select(h => h.Position).Distinct().ToArray() is [var at] ? at : null,
    };

    private static IReadOnlyList<PlacedHead> Placed(string set, Circuit circuit, DecoderConfig config,
        PromptSet pairs)
    {
        IReadOnlyList<PlacedHead> heads = Named(set) ?? (set == PatchedFinding.Whole
                ? [.. circuit.OnPrompts(pairs, both: true).AtPositions
                    .SelectMany(p => p.Value.Select(h => new PlacedHead(p.Key, h)))]
            : circuit.Groups.TryGetValue(set, out var group)
                ? [.. group.Select(h => new PlacedHead(circuit.Chain.Group(set).Position, h))]
            : throw new InvalidDataException($"'{set}' is no set of heads; expected groups, circuit, one of "
                + $"{string.Join(", ", circuit.Groups.Keys)}, or heads such as 5.3 5.1@last"));
        foreach (var (_, head) in heads.Where(h => h.Head.Layer >= config.Layers || h.Head.Index >= config.Heads))
            throw new InvalidDataException(
                $"there is no head {head}: the model has {config.Layers} layers of {config.Heads} heads");
        return heads;
    }
}
