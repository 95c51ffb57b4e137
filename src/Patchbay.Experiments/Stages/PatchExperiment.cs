using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Sweeps;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Activation patching (Vig et al. 2020; Meng et al. 2022): z of a set of heads at their positions is taken from each prompt's counterfactual, everything after runs
/// freely; how often the answer is still the prompt's, and the mean relative change of its probability. Which two prompts belong together is
/// the task's: a task file may pair any two. A unit is some pairs, with all sets.
/// </summary>
public sealed class PatchExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "activation-patching";

    private const string Whole = "circuit", IntoCounterfactual = "counterfactual";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Patch heads from each prompt's counterfactual";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("heads", "groups,circuit", "Sets: 'groups' (each by itself), 'circuit', a group's name, or heads with their position such as \"5.3 5.1@last\"",
            text => text.Split(',').All(t => t.Length > 0 && !t.Contains('/')) ? null : "a list of sets of heads"),
        SweepCircuits.Field,
        new("into", "clean", "Which of a pair is run: its 'clean' prompt with the counterfactual's activations, or its 'counterfactual' with the clean one's",
            text => text is "clean" or IntoCounterfactual ? null : "'clean' or 'counterfactual'"),
        new("prompts", "300", "Pairs of prompts", text => WholeNumber(text, 1)),
        new("batch", "0", "Pairs that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        // Heads that are named need no circuit.
        var named = request.Parameters["heads"].Split(',').All(s => s.Contains('@'));
        var (parameters, after) = SweepCircuits.Source(named
            ? request with { Parameters = new Dictionary<string, string>(request.Parameters) { ["circuit"] = "A=" } } : request);
        return [new($"{request.Model}/{Name}", Name, request.Model, parameters, after)];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var circuit = SweepCircuits.Of(state, stage);
        var sets = stage.Parameters["heads"].Split(',')
            .SelectMany(s => s == "groups" ? circuit.Groups.Where(g => g.Value.Count > 0).Select(g => g.Key) : [s]).ToArray();
        return new($"{circuit}\n{string.Join('\n', sets)}", [.. Ranges(stage, Count(stage, "prompts")).Select(r => $"{r}all")]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var pairs = PromptRange.Of(order.Key, session.Prompts(order.Plan, Count(order.Stage, "prompts")));
        if (order.Stage.Parameters["into"] == IntoCounterfactual)
            pairs = new([.. pairs.Prompts.Select(p => p with { Clean = p.Counterfactual, Counterfactual = p.Clean })]);
        var sets = order.Inputs.Split('\n').Skip(1).ToArray();
        var circuit = CircuitOf(order.Stage, order.Inputs);
        var heads = sets.Select(s => Heads(s, circuit, session.Model.Config)).ToArray();
        var memory = order.Plan.Compute.MemoryBytes;
        var right = HeadPatching.Answered(session.Model, pairs, heads, memory, p => progress(p / 2), cancel);
        var change = HeadPatching.Changes(session.Model, pairs, heads, memory, p => progress(0.5 + p / 2), cancel);
        return [.. sets.SelectMany((set, i) => new[] { Shares.Each($"{set} right", right[i]), Means.Of($"{set} change", change[i]) })];
    }

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<PatchedFinding> Findings(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var circuit = CircuitOf(stage.Stage, stage.Inputs!);
        var sets = stage.Results.Select(r => r.Result.Item).Where(i => i.EndsWith(" right", StringComparison.Ordinal)).Select(i => i[..^6]);
        return [.. sets.Distinct().Select(set =>
        {
            var (name, position) = circuit.Groups.ContainsKey(set) ? ($"group {set}", circuit.Chain.Group(set).Position)
                : set.Split('@') is [var heads, var at] ? (heads, at) : (set, "each group's own");
            return new PatchedFinding(name, position, Shares.Total(stage, $"{set} right")!.Value, Means.Total(stage, $"{set} change")!.Value);
        })];
    }

    private static Circuit CircuitOf(Stage stage, string inputs) => Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), inputs.Split('\n')[0]);

    private static IReadOnlyList<(string Position, Head Head)> Heads(string set, Circuit circuit, LlamaConfig config)
    {
        IReadOnlyList<(string, Head)> heads = set.Split('@') is [var list, var position]
            ? [.. list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(h => (position, Circuit.ParseHead(h)))]
            : set == Whole ? [.. circuit.AtPositions.SelectMany(p => p.Value.Select(h => (p.Key, h)))]
            : circuit.Groups.TryGetValue(set, out var group) ? [.. group.Select(h => (circuit.Chain.Group(set).Position, h))]
            : throw new InvalidDataException($"'{set}' is no set of heads; expected groups, circuit, one of {string.Join(", ", circuit.Groups.Keys)}, or heads such as 5.3 5.1@last");
        if (heads.FirstOrDefault(h => h.Item2.Layer >= config.Layers || h.Item2.Index >= config.Heads) is { Item1: not null } unknown)
            throw new InvalidDataException($"there is no head {unknown.Item2}: the model has {config.Layers} layers of {config.Heads} heads");
        return heads;
    }
}
