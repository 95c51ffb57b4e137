namespace Patchbay.Experiments;

/// <summary>
/// A circuit by backward elimination (<see cref="Pruning"/>), where path patching's strongest heads together need not
/// be one that works. All heads (or those that path patching finds significant) are alive at the chain's positions,
/// every other activation is its mean; heads are tried in the order of what their absence alone costs, on prompts apart
/// from those that the circuit is judged on. Stages follow each other: the order, a unit per layer and position; the
/// search, some stages of one unit each; and the judgement: circuit, model and random circuits with as many heads at
/// each position, and path patching of the heads at a position that several groups share, which says of which group
/// each is.
/// </summary>
internal sealed class PruneExperiment() : Experiment<PruneParameters, PrunePart>(
    Kinds.Prune, "Find a circuit by leaving out heads as long as it answers", Kinds.PathPatching)
{
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("start", PruneParameters.AllHeads,
            "Heads to begin with: 'all', or the 'significant' ones of path patching before",
            text => text is PruneParameters.AllHeads or PruneParameters.Significant ? null
                : $"'{PruneParameters.AllHeads}' or '{PruneParameters.Significant}'"),
        new("tolerance", "0.01", "Accuracy that may be lost", text => FieldCheck.Number(text, 0, 1)),
        FieldCheck.Count("search-prompts", 210,
            "Prompts to search on: of another seed than those to judge on, of a file those after them",
            WholeRange.Prompts),
        FieldCheck.Count("pieces", 4, "Stages of the search, of which an interruption loses one at most",
            WholeRange.Repeats),
        FieldCheck.Prompts(500, "Prompts to judge the circuit on"),
        FieldCheck.Means,
        FieldCheck.DisjointMeans(true),
        FieldCheck.MixedMeans,
        FieldCheck.Elsewhere,
        FieldCheck.Count("random", 10, "Random circuits of the same size", WholeRange.Repeats with { Least = 0 }),
        new("chain", PathChain.EntityTracking.ToString(),
            "Groups and their positions, where no path patching before says them", FieldCheck.Chain),
    ];

    /// <inheritdoc/>
    public override bool NeedsNothing(Func<string, string?> value) => value("start") != PruneParameters.Significant;

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var given = request.Parameters<PruneParameters>();
        if (request.Earlier(Kinds.PathPatching, request.Model).Count > 0)
            given = given with { Chain = CircuitSource.Chain(request, request.Model) };
        given = given with { DisjointMeans = given.DisjointMeans && !request.FromFile };
        IReadOnlyList<string> before = given.Start == PruneParameters.Significant
            ? CircuitSource.PathPatched(request, request.Model) : [];
        var stages = new List<Stage>();
        void Add(string part, int piece, string id, IReadOnlyList<string> after) =>
            stages.Add(StageOf(request, given with { Part = part, Piece = piece }, after, id));
        Add(PruneParameters.Ordering, 0, PruneParameters.Ordering, before);
        for (var piece = 1; piece <= given.Pieces; piece++)
            Add(PruneParameters.Search, piece, $"{PruneParameters.Search}-{piece}", [.. stages.Select(s => s.Id)]);
        Add(PruneParameters.Judged, 0, PruneParameters.Judged, [.. stages.Select(s => s.Id)]);
        return stages;
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, PruneParameters p, ModelFacts model,
        StudyFacts facts)
    {
        if (p.Part != PruneParameters.Ordering) return [];
        return
        [
            .. StageCheck.Means(model.Prompts, facts, p.Prompts, p),
            .. StageCheck.Chain(stage, "chain", p.Chain, facts),
            .. PromptMistakes(p, model, facts),
        ];
    }

    private static IEnumerable<StageMistake> PromptMistakes(PruneParameters p, ModelFacts model, StudyFacts facts)
    {
        var count = model.Prompts.Count;
        if (facts.Task.File is null || p.Prompts + p.SearchPrompts <= count) yield break;
        yield return new(facts.Given.ContainsKey("search-prompts") ? "search-prompts" : "prompts",
            $"expected at most {count} prompts to judge and to search on together, which is what the file holds, found "
            + $"{p.Prompts} and {p.SearchPrompts}");
    }

    protected override StageInputs InputsOf(Stage stage, PruneParameters p, SweepState state)
    {
        if (p.Part == PruneParameters.Ordering) return new() { Circuit = StartSet(p, state, stage.Model) };
        var ordering = state.Stages[stage.After[0]];
        var (start, alone) = (StageInputs.Of(ordering).Circuit!, new Recorded(ordering));
        var order = Elimination.Order(start, head => alone.Mean(PruneFinding.Item(head)).Value);
        var before = state.Stages[stage.After[^1]];
        var left = stage.After.Count == 1
            ? Elimination.Begin(start, alone.Mean(PruneFinding.StartSet).Value, p.Tolerance)
            : PruneFinding.After(before);
        if (p.Part == PruneParameters.Judged)
        {
            var strongest = order.Reverse().Where(h => left.Circuit.Groups[h.Group].Contains(h.Head));
            return new()
            {
                Circuit = new(start.Chain, strongest.GroupBy(h => h.Group)
                    .ToDictionary(g => g.Key, g => (IReadOnlyList<Head>)[.. g.Select(h => h.Head)])),
            };
        }
        int End(int piece) => (int)((long)order.Count * piece / p.Pieces);
        return new() { Elimination = left, Candidates = [.. order.Take(End(p.Piece)).Skip(End(p.Piece - 1))] };
    }

    private static Circuit StartSet(PruneParameters p, SweepState state, string model)
    {
        if (p.Start == PruneParameters.Significant)
            return Elimination.AtPlaces(SweepResults.Significant(state, model));
        var (places, shape) = (Elimination.Places(p.Chain), state.Plan!.Model(model));
        return new(places, places.Groups.ToDictionary(g => g.Name,
            _ => (IReadOnlyList<Head>)[.. Head.All(shape.Layers, shape.Heads)]));
    }

    protected override IEnumerable<(string, PrunePart)> Parts(PruneParameters p, StageInputs inputs,
        PlannedModel model) => p.Part switch
        {
            PruneParameters.Ordering =>
            [
                ("start", new(PruneTask.Start)),
                .. from g in inputs.Circuit!.Groups
                   from layer in g.Value.Select(h => h.Layer).Distinct().Order()
                   select ($"{g.Key}-layer-{layer:00}", new PrunePart(PruneTask.LeaveOut, g.Key, layer)),
            ],
            PruneParameters.Search => inputs.Candidates!.Count == 0 ? [] : [("heads", new(PruneTask.Search))],
            _ =>
            [
                .. SharedPositions.Of(p.Chain).Any(g => inputs.Circuit!.Groups[g.Key].Count > 0)
                    ? [("groups", new PrunePart(PruneTask.Place))] : Array.Empty<(string, PrunePart)>(),
                (CircuitFinding.TheCircuit, new(PruneTask.Circuit)),
                .. Enumerable.Range(0, p.Random)
                    .Select(i => (CircuitFinding.Numbered("random", i), new PrunePart(PruneTask.Random, Number: i))),
                (CircuitFinding.WholeModel, new(PruneTask.Model)),
            ],
        };

    protected override IReadOnlyList<InterventionResult> Run(Unit<PruneParameters, PrunePart> unit)
    {
        var (p, part) = (unit.Parameters, unit.Part);
        var isSearch = p.Part != PruneParameters.Judged;
        var prompts = isSearch || part.Task == PruneTask.Place
            ? unit.Session.PromptsApart(unit.Plan, p.Prompts, p.SearchPrompts, unit.Cancel) : unit.Prompts(p.Prompts);
        if (part.Task == PruneTask.Place) return Place(unit, prompts);
        var chain = (unit.Inputs.Circuit ?? unit.Inputs.Elimination!.Circuit).Chain;
        var evaluator = unit.Session.Circuits(unit.Plan, prompts, p, chain, isSearch ? "search" : "judged");
        return isSearch ? SearchOn(unit, evaluator) : [Judge(unit, evaluator)];
    }

    private static IReadOnlyList<InterventionResult> SearchOn(Unit<PruneParameters, PrunePart> unit,
        CircuitEvaluator evaluator)
    {
        InterventionResult About(CircuitHead head, bool[] right) =>
            Result.Share(PruneFinding.Item(head), right) with { Head = head.Head, Position = head.Group };
        if (unit.Part.Task == PruneTask.Search)
            return [.. Pruning.Search(unit.Inputs.Elimination!, unit.Inputs.Candidates!,
                (left, removed) => evaluator.PlanRemovals(left, removed).Answered(cancel: unit.Cancel), unit.Progress)
                .Select(t => About(t.Head, t.Right) with { Detail = new() { Kept = t.IsKept } })];
        var start = unit.Inputs.Circuit!;
        CircuitHead[] alone = [.. unit.Part.Task == PruneTask.Start ? []
            : start.Groups[unit.Part.Position].Where(h => h.Layer == unit.Part.Number)
                .Select(h => new CircuitHead(unit.Part.Position, h))];
        if (alone.Length == 0)
            return [Result.Answered(PruneFinding.StartSet,
                evaluator.PlanWithout(start, [[]]).Answered(unit.Progress, unit.Cancel)[0])];
        var without = evaluator.PlanWithout(start, [.. alone.Select(h => (IReadOnlyList<CircuitHead>)[h])])
            .Answered(unit.Progress, unit.Cancel);
        return [.. alone.Zip(without, About)];
    }

    private static InterventionResult Judge(Unit<PruneParameters, PrunePart> unit, CircuitEvaluator evaluator)
    {
        var (part, circuit, config) = (unit.Part, unit.Inputs.Circuit!, unit.Model.Config);
        bool[] Right(PlannedVariants planned) => planned.Answered(unit.Progress, unit.Cancel)[0];
        if (part.Task == PruneTask.Random)
        {
            var name = CircuitFinding.Numbered("random", part.Number);
            var chance = SplitMix64.For(unit.Plan.Seed, $"{unit.Order.Stage.Id} {name}");
            return Result.Share(name, Right(evaluator.Plan([circuit.Random(config.Layers, config.Heads, chance)])));
        }
        return part.Task == PruneTask.Circuit
            ? Result.Answered(CircuitFinding.TheCircuit, Right(evaluator.Plan([circuit])))
            : Result.Answered(CircuitFinding.WholeModel, Right(evaluator.PlanModelWithout([[]], elsewhere: true)));
    }

    private static IReadOnlyList<InterventionResult> Place(Unit<PruneParameters, PrunePart> unit, PromptSet prompts)
    {
        var chain = unit.Parameters.Chain;
        using var session = new PathSession(unit.Model, prompts, [.. SharedPositions.Of(chain).SelectMany(g => g)],
            unit.Plan.Compute.MemoryBytes);
        return [.. Pruning.Places(session, unit.Inputs.Circuit!, chain, unit.Cancel)
            .Select(p => Result.Change(PruneFinding.PlaceItem(p.Head, p.Group), p.Score, [], 0) with
            { Head = p.Head, Position = p.Group.Position })];
    }
}
