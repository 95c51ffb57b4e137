namespace Patchbay.Experiments;

/// <summary>
/// From path patching's strongest heads to the circuit (<see cref="Minimality"/>; method, section 4), group by group,
/// each against the whole set of candidates. Two stages a group: in the first a unit leaves out one head with every
/// later one (of one batch of prompts, where asked for), in the second some heads' partners K with and without the head
/// itself.
/// </summary>
internal sealed class MinimalityExperiment() : Experiment<MinimalityParameters, int>(
    Kinds.Minimality, "Which of the strongest heads a circuit needs", Kinds.PathPatching)
{
    private const int HeadsPerUnit = 8;

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        FieldCheck.Prompts(500, "Prompts to answer"),
        FieldCheck.Means,
        FieldCheck.DisjointMeans(false),
        FieldCheck.MixedMeans,
        FieldCheck.Elsewhere,
        new("share", "0.3", "Most of a group that is left out together with a head", text =>
            FieldCheck.Number(text, 0, 1)),
        new("threshold", "0.01", "Least significance of a head that stays", text =>
            FieldCheck.Number(text, -1, 1000)),
        new("as-published", "false",
            "Leave the second head of a pair in where it shares the first's layer or head index, as the paper's code "
                + "does",
            text => bool.TryParse(text, out _) ? null : "true or false"),
        FieldCheck.Batch,
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var pruned = CircuitSource.Pruned(request, request.Model);
        IReadOnlyList<Stage> before = pruned is null ? request.Earlier(Kinds.PathPatching, request.Model) : [pruned];
        if (before.Count == 0)
            throw new MissingStageException(Kinds.PathPatching,
                $"expected {Kinds.PathPatching} before {Name}, which needs its heads, found none");
        var chain = CircuitSource.Chain(request, request.Model);
        var found = (pruned is null ? before.Select(s => s.Parameters.As<PathPatchingParameters>().Group)
            : chain.Groups.Select(g => g.Name)).ToHashSet();
        var given = request.Parameters<MinimalityParameters>() with { Chain = chain };
        return
        [
            .. chain.Groups.Where(g => found.Contains(g.Name)).SelectMany(g =>
            {
                Stage Of(string id, string part, IReadOnlyList<string> after) =>
                    StageOf(request, given with { Group = g.Name, Part = part }, after, id);
                var pairs = Of($"{g.Name}-{MinimalityParameters.Pairs}", MinimalityParameters.Pairs,
                    [.. before.Select(s => s.Id)]);
                return new[] { pairs, Of(g.Name, "significance", [pairs.Id]) };
            }),
        ];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, MinimalityParameters p, ModelFacts model,
        StudyFacts facts) => StageCheck.Means(model.Prompts, facts, p.Prompts, p)
            .Concat(StageCheck.Chain(stage, "chain", p.Chain, facts));

    protected override StageInputs InputsOf(Stage stage, MinimalityParameters p, SweepState state)
    {
        var circuit = SweepResults.Candidates(state, stage.Model, stage);
        if (p.Part == MinimalityParameters.Pairs) return new() { Circuit = circuit };
        var (heads, pairs) = (circuit.Groups[p.Group], new Recorded(state.Stages[stage.After[0]]));
        var partners = Minimality.Partners(heads, (v, w) => (pairs.MeanOrNull(MinimalityFinding.Pair(v, w))
            ?? pairs.Mean(MinimalityFinding.Pair(w, v))).Value, p.Share);
        return new() { Circuit = circuit, Partners = [.. heads.Zip(partners, (v, k) => new HeadPartners(v, k))] };
    }

    protected override IEnumerable<(string, int)> Parts(MinimalityParameters p, StageInputs inputs, PlannedModel model)
    {
        var heads = inputs.Circuit!.Groups[p.Group];
        return p.Part == MinimalityParameters.Pairs ? heads.Select((h, i) => ($"head-{h}", i))
            : Enumerable.Range(0, heads.Count).Where(i => i % HeadsPerUnit == 0)
                .Select(first => ($"heads-{first:000}", first));
    }

    protected override IReadOnlyList<InterventionResult> Run(Unit<MinimalityParameters, int> unit)
    {
        var (p, circuit, first) = (unit.Parameters, unit.Inputs.Circuit!, unit.Part);
        var heads = circuit.Groups[p.Group];
        var position = circuit.Chain.Group(p.Group).Position;
        var evaluator = unit.Session.Circuits(unit.Plan, unit.Prompts(p.Prompts), p, circuit.Chain);
        InterventionResult About(Head head, string item, bool[] right) => (p.Part == MinimalityParameters.Pairs
            ? Result.Share(item, right) : Result.Answered(item, right)) with
        { Head = head, Position = position };
        if (p.Part == MinimalityParameters.Pairs)
        {
            var answered = evaluator.PlanWithout(circuit, Minimality.Pairs(p.Group, heads, first, p.AsPublished))
                .Answered(unit.Progress, unit.Cancel);
            return [.. heads.Skip(first).Zip(answered, (w, right) => w == heads[first]
                ? About(w, MinimalityFinding.Pair(w, w), right)
                : Result.Share(MinimalityFinding.Pair(heads[first], w), right) with { Position = position })];
        }
        var some = unit.Inputs.Partners!.Skip(first).Take(HeadsPerUnit).ToArray();
        IReadOnlyList<CircuitHead> Members(IEnumerable<Head> members) =>
            [.. members.Select(h => new CircuitHead(p.Group, h))];
        var left = evaluator.PlanWithout(circuit,
            [.. some.SelectMany(s => new[] { Members(s.Others), Members(s.Others.Append(s.Head)) })])
            .Answered(unit.Progress, unit.Cancel);
        return [.. some.SelectMany((s, i) => new[]
        {
            About(s.Head, MinimalityFinding.WithoutPartners(s.Head), left[2 * i]),
            About(s.Head, MinimalityFinding.WithoutItToo(s.Head), left[2 * i + 1]),
        })];
    }
}
