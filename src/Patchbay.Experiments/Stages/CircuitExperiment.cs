using System.Globalization;
using Patchbay.Experiments.Findings;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// How much of a model's accuracy a circuit has (<see cref="CircuitEvaluator"/>; method, section 4): accuracy of the whole model and of the circuit on the
/// same prompts, whose ratio is faithfulness; random circuits of the same size; and completeness, |F(M\K) - F(C\K)|, for random subsets K and for
/// each whole group. The circuit may be another model's.
/// </summary>
public sealed class CircuitExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "circuit";

    private const string Whole = "model", Own = "own", Base = "base";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "How faithful and complete a circuit is, beside random ones";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind, MinimalityExperiment.Kind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("circuit", "base,own", "Whose circuit: models' names, 'own' or 'base'; or one circuit as text, such as \"A=5.3 5.1; B=4.1\", or a .json file in the paper's form",
            text => text.Length > 0 ? null : "names of models, 'own' or 'base', or a circuit"),
        new("prompts", "500", "Prompts to answer", text => WholeNumber(text, 1)),
        new("means", "500", "Prompts whose activations are averaged for ablation", text => WholeNumber(text, 1)),
        Elsewhere,
        new("random", "10", "Random circuits of the same size", text => WholeNumber(text, 0)),
        new("subsets", "20", "Random subsets for completeness", text => WholeNumber(text, 0)),
        new("chain", PathChain.EntityTracking.ToString(), "Groups and their positions, for a circuit that is given", CheckChain),
        new("batch", "0", "Prompts that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var given = request.Parameters["circuit"];
        var suffix = request.Parameters[Elsewhere.Name] == OwnElsewhere ? "-alone" : ""; // judged at its positions alone
        var rest = request.Parameters.Where(p => p.Key != "circuit").ToDictionary(p => p.Key, p => p.Value);
        if (given.Contains('=') || given.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            var circuit = SweepCircuits.Given(PathChain.Parse(rest["chain"]), given);
            return [new($"{request.Model}/{Name}/given{suffix}", Name, request.Model,
                new Dictionary<string, string>(rest) { ["of"] = "given", ["circuit"] = circuit.ToString() }, [])];
        }
        var models = given.Split(',').Select(name => name switch { Own => request.Model, Base => request.Models[0], _ => name }).Distinct();
        return [.. models.Select(of => request.Models.Contains(of)
            ? new Stage($"{request.Model}/{Name}/{of}{suffix}", Name, request.Model,
                new Dictionary<string, string>(rest) { ["of"] = of, ["chain"] = SweepCircuits.Chain(request, of).ToString() },
                SweepCircuits.Needed(request, of))
            : throw new InvalidDataException($"expected a circuit of a model of the study ({string.Join(", ", request.Models)}), '{Own}', '{Base}', a circuit as text or a .json file, found '{of}'"))];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var circuit = stage.Parameters.GetValueOrDefault("circuit") ?? SweepCircuits.Of(state, stage.Parameters["of"]).ToString();
        var parsed = Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), circuit);
        string[] groups = [.. parsed.Groups.Where(g => g.Value.Count > 0).Select(g => $"group-{g.Key}")];
        string[] subsets = [.. Enumerable.Range(0, Count(stage, "subsets")).Select(i => Numbered("subset", i))];
        // In an order in which units in a row share a base run: everything ablated, the whole model, the model at the groups' positions.
        string[] keys =
        [
            Kind, .. Enumerable.Range(0, Count(stage, "random")).Select(i => Numbered("random", i)), .. groups.Concat(subsets)
                .Select(k => $"{k}-{Kind}"),
            Whole, .. groups.Concat(subsets).Select(k => $"{k}-{Whole}"),
        ];
        return new(circuit, [.. Ranges(stage, Count(stage, "prompts")).SelectMany(r => keys.Select(k => r + k))]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var circuit = Circuit.Parse(PathChain.Parse(order.Stage.Parameters["chain"]), order.Inputs);
        circuit.Check(session.Model.Config);
        var evaluator = session.Circuits(order, circuit.Chain);
        var key = order.Key.StartsWith("prompts-", StringComparison.Ordinal) ? string.Join('-', order.Key.Split('-').Skip(3)) : order.Key;
        var part = key.Split('-');
        var (config, random) = (session.Model.Config, SplitMix64.For(order.Plan.Seed, $"{order.Stage.Id} {part[0]} {part.ElementAtOrDefault(1)}"));
        IReadOnlyList<CircuitHead> removed = part[0] switch
        {
            "group" => [.. circuit.Groups[part[1]].Select(h => new CircuitHead(part[1], h))],
            "subset" => [.. circuit.Heads.Where(_ => random.Below(2) == 0)],
            _ => [],
        };
        return part[0] switch
        {
            Whole => [Shares.Each(Whole, evaluator.ModelWithout([[]], elsewhere: true, progress, cancel)[0])],
            Kind => [Shares.Each(Kind, evaluator.Answered([circuit], progress, cancel)[0])],
            "random" => [Shares.Of(key, evaluator.Answered([circuit.Random(config.Layers, config.Heads, random)], progress, cancel)[0])],
            _ => [Shares.Of(key, (part[^1] == Kind ? evaluator.Answered([circuit.Without(removed)], progress, cancel)
                : evaluator.ModelWithout([removed], elsewhere: part[0] == "group", progress, cancel))[0]) with { Detail = $"{removed.Count}" }],
        };
    }

    /// <summary>What a stage found, or null where its units are not all done.</summary>
    public static CircuitFinding? Finding(StageState stage)
    {
        if (stage.Status != StageStatus.Completed || stage.Stage.Kind != Kind) return null;
        var circuit = Circuit.Parse(PathChain.Parse(stage.Stage.Parameters["chain"]), stage.Inputs!);
        var sizes = stage.Results.Where(r => r.Result.Item.EndsWith($"-{Kind}", StringComparison.Ordinal))
            .ToLookup(r => r.Result.Item, r => r.Result.Detail!);
        return new(stage.Stage.Parameters["of"], stage.Stage.Model, circuit.Groups.ToDictionary(g => g.Key, g => g.Value.Count),
            Shares.Total(stage, Whole)!.Value, Shares.Total(stage, Kind)!.Value,
            [.. Items(stage, "random-").Select(item => Shares.Total(stage, item)!.Value)],
            [.. sizes.Select(s => s.Key[..^(Kind.Length + 1)])
                .Select(k => new CompletenessFinding(k.Replace('-', ' '), int.Parse(sizes[$"{k}-{Kind}"].First(), CultureInfo.InvariantCulture),
                Shares.Total(stage, $"{k}-{Kind}")!.Value, Shares.Total(stage, $"{k}-{Whole}")!.Value))],
            Shares.Answers(stage, Whole), Shares.Answers(stage, Kind))
        { ElsewhereOwn = stage.Stage.Parameters[Elsewhere.Name] == OwnElsewhere };
    }

    private static IEnumerable<string> Items(StageState stage, string prefix) =>
        stage.Results.Select(r => r.Result.Item).Where(i => i.StartsWith(prefix, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal);

    private static string Numbered(string name, int index) => string.Create(CultureInfo.InvariantCulture, $"{name}-{index:00}");
}
