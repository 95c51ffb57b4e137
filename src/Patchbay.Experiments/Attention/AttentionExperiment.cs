namespace Patchbay.Experiments;

/// <summary>Attention patterns: how much each head of a circuit attends from its group's position to each named
/// position, in the mean over prompts (Prakash et al. 2024, section 4). A unit is some prompts.</summary>
internal sealed class AttentionExperiment() : Experiment<AttentionParameters, None>(
    Kinds.Attention, "Where the heads of a circuit look", Kinds.PathPatching)
{
    private const string EntityPositions =
        "correct_object,previous_query_label,query_label,last,object_*,label_*,separator_*,first";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("positions", "",
            "Named positions in an order of precedence; NAME_* are all of that beginning together, 'first' is the "
                + "first token; what none names is "
            + $"'other'; where none is given {EntityPositions} for entity tracking, and those of a prompt file",
            text => text.Length == 0 || (FieldCheck.Names(text) && !text.Split(',').Contains("other")) ? null
                : "a list of named positions, each once"),
        CircuitSource.Field,
        FieldCheck.Prompts(100, "Prompts to look at"),
        FieldCheck.Batch,
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (resolved, after) = CircuitSource.Resolve(request);
        var p = resolved.Parameters<AttentionParameters>();
        if (p.Positions.Count == 0)
            p = p with { Positions = request.Positions is { } own ? [.. own, "first"] : EntityPositions.Split(',') };
        return [StageOf(request, p, after)];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, AttentionParameters p, ModelFacts model,
        StudyFacts facts)
    {
        string[] known = [.. model.Prompts.Prompts.SelectMany(prompt => prompt.Clean.Positions.Keys).Distinct()
            .Order(StringComparer.Ordinal)];
        string[] unknown = [.. p.Positions.Where(name => name != "first" && !known.Any(own =>
            PositionSets.IsNamed(own, name)))];
        if (facts.Given.ContainsKey("positions") && unknown.Length > 0)
            yield return new("positions", $"expected positions that prompts have ({string.Join(", ", known)}), found "
                + string.Join(", ", unknown));
        foreach (var mistake in StageCheck.Chain(stage, CircuitSource.Field.Name, p.Chain, facts)) yield return mistake;
    }

    protected override IEnumerable<(string, None)> Parts(AttentionParameters p, StageInputs inputs,
        PlannedModel model) => [("all", default)];

    protected override IReadOnlyList<InterventionResult> Run(Unit<AttentionParameters, None> unit)
    {
        var (prompts, circuit, names) = (unit.Prompts(unit.Parameters.Prompts), unit.Inputs.Circuit!,
            unit.Parameters.Named());
        using var scope = NewDisposeScope();
        using var run = BaseRun.Create(unit.Model, new([.. prompts.Prompts.Select(p => p.Clean.Ids)]),
            circuit.Chain.Groups.Min(g => prompts.CleanPositions(g.Position).Min()));
        var targets = prompts.Prompts.Select(p => Targets(p.Clean, names)).ToArray();
        var results = new List<InterventionResult>();
        foreach (var same in circuit.Heads.GroupBy(h => (circuit.Chain.Group(h.Group).Position, h.Head.Layer)))
        {
            unit.Cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var at = prompts.CleanPositions(same.Key.Position);
            var weights = run.Attention(same.Key.Layer, at).to(ScalarType.Float64).cpu(); // (N, H, T)
            var values = weights.data<double>().ToArray();
            double Weight(Head head, int prompt, int position) =>
                values[(prompt * weights.shape[1] + head.Index) * weights.shape[2] + position];
            foreach (var (group, head) in same)
                results.AddRange(names.Select((name, i) => Result.Mean($"{group} {head} {name}",
                    [.. targets.Select((t, n) =>
                    Enumerable.Range(0, at[n] + 1).Where(p => t[p] == i).Sum(p => Weight(head, n, p)))]) with
                { Head = head, Position = same.Key.Position }));
        }
        return results;
    }

    /// <summary>Which of the names each position of a prompt counts for.</summary>
    private static int[] Targets(TokenSequence prompt, IReadOnlyList<string> names)
    {
        var targets = Enumerable.Repeat(names.Count - 1, prompt.Ids.Length).ToArray();
        for (var i = names.Count - 2; i >= 0; i--) // a name before another wins
        {
            if (names[i] == "first") targets[0] = i;
            foreach (var (name, position) in prompt.Positions)
            {
                if (PositionSets.IsNamed(name, names[i])) targets[position] = i;
            }
        }
        return targets;
    }
}
