namespace Patchbay.Experiments;

/// <summary>One evaluation of a circuit stage.</summary>
/// <param name="Item">Name of its result.</param>
/// <param name="OfModel">Whether the heads are left out of the whole model, and not of the circuit.</param>
/// <param name="LeftOut">What is left out: "group-A" or "subset-03"; null for nothing.</param>
/// <param name="Random">Number of the random circuit that takes the circuit's place, or null.</param>
public readonly record struct CircuitPart(string Item, bool OfModel = false, string? LeftOut = null,
    int? Random = null);

/// <summary>
/// How much of a model's accuracy a circuit has (<see cref="CircuitEvaluator"/>; method, section 4): accuracy of the
/// whole model and of the circuit on the same prompts, whose ratio is faithfulness; random circuits of the same size;
/// and completeness,
/// |F(M\K) - F(C\K)|, for random subsets K and for each whole group. The circuit may be another model's.
/// </summary>
internal sealed class CircuitExperiment() : Experiment<CircuitParameters, CircuitPart>(
    Kinds.Circuit, "How faithful and complete a circuit is, beside random ones", Kinds.PathPatching, Kinds.Minimality)
{
    private const string Own = "own", Base = "base", Given = "given";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("circuit", "base,own",
            "Whose circuit: models' names, 'own' or 'base'; or one circuit as text, such as \"A=5.3 5.1; B=4.1\", or "
                + "a .json file in the paper's form",
            text => text.Length > 0 ? null : "names of models, 'own' or 'base', or a circuit"),
        FieldCheck.Prompts(500, "Prompts to answer"),
        FieldCheck.Means,
        FieldCheck.DisjointMeans(false),
        FieldCheck.MixedMeans,
        FieldCheck.Elsewhere,
        FieldCheck.Count("random", 10, "Random circuits of the same size", WholeRange.Repeats with { Least = 0 }),
        FieldCheck.Count("subsets", 20, "Random subsets for completeness", WholeRange.Repeats with { Least = 0 }),
        new("chain", PathChain.EntityTracking.ToString(), "Groups and their positions, for a circuit that is given",
            FieldCheck.Chain),
        FieldCheck.Batch,
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var given = request.Parameters<CircuitParameters>();
        var suffix = given.Elsewhere == CircuitParameters.OwnElsewhere ? "-alone" : ""; // judged at its positions alone
        Stage Of(CircuitParameters p, IReadOnlyList<string> after) => StageOf(request, p, after, p.Of + suffix);
        if (given.Circuit!.Contains('=') || CircuitSource.IsFile(given.Circuit))
            return [Of(given with { Of = Given, Circuit = CircuitSource.Given(given.Chain, given.Circuit).ToString() },
                [])];
        var models = given.Circuit.Split(',')
            .Select(name => name switch { Own => request.Model, Base => request.Models[0], _ => name }).Distinct();
        return [.. models.Select(of => request.Models.Contains(of)
            ? Of(given with { Of = of, Circuit = null, Chain = CircuitSource.Chain(request, of) },
                CircuitSource.Needed(request, of))
            : throw new InvalidDataException(
                $"expected a circuit of a model of the study ({string.Join(", ", request.Models)}), '{Own}', "
                + $"'{Base}', a circuit as text or a .json file, found '{of}'"))];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, CircuitParameters p, ModelFacts model,
        StudyFacts facts)
    {
        foreach (var mistake in StageCheck.Means(model.Prompts, facts, p.Prompts, p)) yield return mistake;
        foreach (var mistake in StageCheck.Chain(stage, "chain", p.Chain, facts)) yield return mistake;
        if (p.Circuit is null && facts.Models.GetValueOrDefault(p.Of) is { Shape: var its }
            && (its.Layers > model.Shape.Layers || its.Heads > model.Shape.Heads))
            yield return new(CircuitSource.Field.Name, $"expected a circuit of a model that has no more than "
                + $"{model.Shape}, found that of {p.Of}, which has {its}");
    }

    protected override StageInputs InputsOf(Stage stage, CircuitParameters p, SweepState state) =>
        new()
        {
            Circuit = p.Circuit is { } given ? Circuit.Parse(p.Chain, given)
                : SweepResults.Circuit(state, p.Of, stage),
        };

    protected override IEnumerable<(string, CircuitPart)> Parts(CircuitParameters p, StageInputs inputs,
        PlannedModel model)
    {
        // In an order in which units in a row share a base run: everything ablated, the whole model, the model at the
        // groups' positions.
        var leftOut = CircuitFinding.LeftOut(inputs.Circuit!, p);
        CircuitPart[] parts =
        [
            new(CircuitFinding.TheCircuit),
            .. Enumerable.Range(0, p.Random)
                .Select(i => new CircuitPart(CircuitFinding.Numbered("random", i), Random: i)),
            .. leftOut.Select(k => new CircuitPart($"{k}-{CircuitFinding.TheCircuit}", false, k)),
            new(CircuitFinding.WholeModel, OfModel: true),
            .. leftOut.Select(k => new CircuitPart($"{k}-{CircuitFinding.WholeModel}", true, k)),
        ];
        return parts.Select(part => (part.Item, part));
    }

    protected override IReadOnlyList<InterventionResult> Run(Unit<CircuitParameters, CircuitPart> unit)
    {
        var (p, circuit, part, config) = (unit.Parameters, unit.Inputs.Circuit!, unit.Part, unit.Model.Config);
        circuit.Check(config.Layers, config.Heads);
        var evaluator = unit.Session.Circuits(unit.Plan, unit.Prompts(p.Prompts), p, circuit.Chain);
        var removed = Removed(unit, circuit);
        if (part.Random is { } number)
            circuit = circuit.Random(config.Layers, config.Heads, Chance(unit, $"random {number:00}"));
        var planned = part.OfModel
            ? evaluator.PlanModelWithout([removed], elsewhere: part.LeftOut is null
                || part.LeftOut.StartsWith("group", StringComparison.Ordinal))
            : evaluator.Plan([circuit.Without(removed)]);
        var right = planned.Answered(unit.Progress, unit.Cancel)[0];
        return
        [
            part.LeftOut is not null ? Result.Share(part.Item, right) with { Detail = new() { Size = removed.Count } }
                : part.Random is not null ? Result.Share(part.Item, right) : Result.Answered(part.Item, right),
        ];
    }

    private static IReadOnlyList<CircuitHead> Removed(Unit<CircuitParameters, CircuitPart> unit, Circuit circuit)
    {
        if (unit.Part.LeftOut is not { } name) return [];
        foreach (var group in circuit.Groups.Where(g => name == $"group-{g.Key}"))
            return [.. group.Value.Select(h => new CircuitHead(group.Key, h))];
        var random = Chance(unit, name.Replace('-', ' '));
        return [.. circuit.Heads.Where(_ => random.Below(2) == 0)];
    }

    /// <summary>The same for a subset of the circuit and of the model, and for every batch of prompts.</summary>
    private static SplitMix64 Chance(Unit<CircuitParameters, CircuitPart> unit, string what) =>
        SplitMix64.For(unit.Plan.Seed, $"{unit.Order.Stage.Id} {what}");
}
