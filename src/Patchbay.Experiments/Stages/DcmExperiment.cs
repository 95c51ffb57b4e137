using System.Globalization;
using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Which heads of a group carry a piece of information: desiderata-based component masking (<see cref="Dcm"/>; method, section 5). A unit trains the mask of one
/// group for one desideratum.
/// </summary>
public sealed class DcmExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "dcm";

    private const string Main = "main", Variations = "variations", AllNames = "all";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Which heads of a group carry a piece of information";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("desiderata", Main, $"'main' ({string.Join(", ", Desiderata.Main)}), 'variations' (the eleven of position), 'all', or names of desiderata", CheckNames),
        new("groups", AllNames, "Groups of the circuit", text => text.Split(',').All(g => g.Length > 0) ? null : "a list of groups"),
        SweepCircuits.Field,
        new("triples", "2000", "Triples: half to train with, a quarter to choose the mask, a quarter to test it", text => WholeNumber(text, 8)),
        new("lambda", "0.01", "Price of a head that is patched", text => Number(text, 0, double.MaxValue)),
        new("rate", "0.1", "Adam's learning rate", text => Number(text, 0, double.MaxValue)),
        new("epochs", "2", "Passes over the training triples", text => WholeNumber(text, 1)),
        new("triples-at-once", "32", "Triples of one step", text => WholeNumber(text, 1)),
    ];

    /// <inheritdoc/>
    public override string? Refuses(PlannedTask task) => NeedsScenes(task);

    /// <summary>Desiderata alter scenes, which a prompt file has not.</summary>
    internal static string? NeedsScenes(PlannedTask task) => task.File is null ? null
        : "needs entity-tracking prompts that are generated, not a file";

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (parameters, after) = SweepCircuits.Source(request);
        return [new($"{request.Model}/{Name}", Name, request.Model, parameters, after)];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var circuit = SweepCircuits.Of(state, stage);
        var groups = circuit.Groups.Where(g => g.Value.Count > 0
            && (stage.Parameters["groups"] == AllNames || stage.Parameters["groups"].Split(',').Contains(g.Key))).Select(g => g.Key);
        return new(circuit.ToString(), [.. groups.SelectMany(g => Names(stage).Select(d => $"{g}-{d.Replace(' ', '_')}"))]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var (stage, plan) = (order.Stage, order.Plan);
        var chain = PathChain.Parse(stage.Parameters["chain"]);
        var (group, name) = (order.Key.Split('-')[0], order.Key.Split('-')[1].Replace('_', ' '));
        var heads = Circuit.Parse(chain, order.Inputs).Groups[group];
        var count = Count(stage, "triples");
        var triples = Desiderata.Generate(name, count, SeedOf(plan.Seed, "dcm"), plan.Task.Boxes, session.Encode)
            .Select(t => new DcmTriple(t.Base.Ids, t.Base.Positions[chain.Group(group).Position], t.Source.Ids,
                t.Source.Positions[chain.Group(group).Position], t.Target)).ToArray();
        var found = Dcm.Train(session.Model, heads, triples[..(count / 2)], triples[(count / 2)..(count * 3 / 4)],
            triples[(count * 3 / 4)..], new DcmOptions
            {
                Lambda = double.Parse(stage.Parameters["lambda"], CultureInfo.InvariantCulture),
                LearningRate = double.Parse(stage.Parameters["rate"], CultureInfo.InvariantCulture),
                Epochs = Count(stage, "epochs"),
                Batch = Count(stage, "triples-at-once"),
                MemoryBytes = plan.Compute.MemoryBytes,
            }, progress, cancel);
        return
        [
            .. heads.Zip(found.Mask, (head, m) => new InterventionResult($"{group} {name} mask {head}", m, double.NaN, count / 2,
                found.Heads.Contains(head) ? "kept" : null)),
            new($"{group} {name} validation", found.Validation.Share,
                Math.Sqrt(found.Validation.Share * (1 - found.Validation.Share) / found.Validation.Count), found.Validation.Count),
            Shares.Each($"{group} {name} test", found.TestAnswers), Shares.Each($"{group} {name} all heads", found.AllHeadsAnswers),
        ];
    }

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<DcmFinding> Findings(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var circuit = Circuit.Parse(PathChain.Parse(stage.Stage.Parameters["chain"]), stage.Inputs!);
        var results = stage.Results.ToDictionary(r => r.Result.Item, r => r.Result, StringComparer.Ordinal);
        return
        [
            .. from unit in stage.Order
               let key = UnitId.KeyOf(unit).Split('-')
               let heads = circuit.Groups[key[0]]
               let of = $"{key[0]} {key[1].Replace('_', ' ')}"
               select new DcmFinding(key[0], key[1].Replace('_', ' '), heads.Count,
                   [.. heads.Where(h => results[$"{of} mask {h}"].Detail is not null)],
                   [.. heads.Select(h => results[$"{of} mask {h}"].Score)], Shares.Total(stage, $"{of} test")!.Value,
                   Shares.Total(stage, $"{of} all heads")!.Value)
               {
                   TestAnswers = Shares.Answers(stage, $"{of} test"),
                   AllHeadsAnswers = Shares.Answers(stage, $"{of} all heads"),
               },
        ];
    }

    /// <summary>The heads that cross-model patching takes from a model: those that carry the object's value in the first group of the chain, the position in the
    /// next two, and all of the rest; all of a group for which DCM was not run (method, section 6).</summary>
    public static Circuit Kept(SweepState state, string model, Circuit circuit)
    {
        var found = state.InOrder.Where(s => s.Stage.Kind == Kind && s.Stage.Model == model).SelectMany(Findings)
            .ToDictionary(f => (f.Group, f.Desideratum), f => f.Heads);
        return new(circuit.Chain, circuit.Groups.Select((g, i) =>
            (g.Key, Heads: i > 2 ? g.Value : found.GetValueOrDefault((g.Key, i == 0 ? Desiderata.ObjectValue : Desiderata.Position), g.Value)))
            .ToDictionary(g => g.Key, g => g.Heads));
    }

    /// <summary>A seed of its own for triples: those of the sweep's prompts would give the same scenes.</summary>
    internal static ulong SeedOf(ulong seed, string use) => SplitMix64.For(seed, use).Next();

    private static IReadOnlyList<string> Names(Stage stage) => stage.Parameters["desiderata"] switch
    {
        Main => Desiderata.Main,
        Variations => Desiderata.Variations,
        AllNames => Desiderata.All,
        var names => names.Split(','),
    };

    private static string? CheckNames(string text) => text is Main or Variations or AllNames || text.Split(',').All(Desiderata.All.Contains) ? null
        : $"'main', 'variations', 'all', or a list of {string.Join(", ", Desiderata.All)}";
}
