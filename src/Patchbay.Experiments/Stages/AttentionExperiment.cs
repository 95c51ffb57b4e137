using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Sweeps;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Stages;

/// <summary>Attention patterns: how much each head of a circuit attends from its group's position to each named position, in the mean over prompts
/// (Prakash et al. 2024, section 4). A unit is some prompts.</summary>
public sealed class AttentionExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "attention";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Where the heads of a circuit look";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("positions", "correct_object,previous_query_label,query_label,last,object_*,label_*,separator_*,first",
            "Named positions in an order of precedence; NAME_* are all of that beginning together, 'first' is the first token; what none names is 'other'",
            text => text.Split(',').All(p => p.Length > 0 && p != "other") ? null : "a list of named positions"),
        SweepCircuits.Field,
        new("prompts", "100", "Prompts to look at", text => WholeNumber(text, 1)),
        new("batch", "0", "Prompts that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (parameters, after) = SweepCircuits.Source(request);
        return [new($"{request.Model}/{Name}", Name, request.Model, parameters, after)];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state) =>
        new(SweepCircuits.Of(state, stage).ToString(), [.. Ranges(stage, Count(stage, "prompts")).Select(r => $"{r}all")]);

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var prompts = PromptRange.Of(order.Key, session.Prompts(order.Plan, Count(order.Stage, "prompts")));
        prompts.CheckVocabulary(session.Model.Config.Vocabulary);
        var chain = PathChain.Parse(order.Stage.Parameters["chain"]);
        var circuit = Circuit.Parse(chain, order.Inputs);
        string[] names = [.. order.Stage.Parameters["positions"].Split(','), "other"];
        using var scope = NewDisposeScope();
        using var run = BaseRun.Create(session.Model, new([.. prompts.Prompts.Select(p => p.Clean.Ids)]),
            chain.Groups.Min(g => prompts.CleanPositions(g.Position).Min()));
        var targets = prompts.Prompts.Select(p => Targets(p.Clean, names)).ToArray();
        var results = new List<InterventionResult>();
        foreach (var same in circuit.Heads.GroupBy(h => (chain.Group(h.Group).Position, h.Head.Layer)))
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var at = prompts.CleanPositions(same.Key.Position);
            var weights = run.Attention(same.Key.Layer, at).to(ScalarType.Float64).cpu();
            var values = weights.data<double>().ToArray();
            foreach (var (group, head) in same)
                results.AddRange(names.Select((name, i) => Means.Of($"{group} {head} {name}", [.. targets.Select((t, n) =>
                    Enumerable.Range(0, at[n] + 1).Where(p => t[p] == i)
                        .Sum(p => values[(n * weights.shape[1] + head.Index) * weights.shape[2] + p]))])));
        }
        return results;
    }

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<AttentionFinding> Findings(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        string[] names = [.. stage.Stage.Parameters["positions"].Split(','), "other"];
        var circuit = Circuit.Parse(PathChain.Parse(stage.Stage.Parameters["chain"]), stage.Inputs!);
        return [.. circuit.Heads.Select(h => new AttentionFinding(h.Group, h.Head,
            names.ToDictionary(n => n, n => Means.Total(stage, $"{h.Group} {h.Head} {n}")!.Value)))];
    }

    /// <summary>Which of the names each position of a prompt counts for.</summary>
    private static int[] Targets(TokenSequence prompt, string[] names)
    {
        var targets = Enumerable.Repeat(names.Length - 1, prompt.Ids.Length).ToArray();
        for (var i = names.Length - 2; i >= 0; i--) // a name before another wins
        {
            if (names[i] == "first") targets[0] = i;
            foreach (var (name, position) in prompt.Positions)
                if (name == names[i] || names[i].EndsWith('*') && name.StartsWith(names[i][..^1], StringComparison.Ordinal)) targets[position] = i;
        }
        return targets;
    }
}
