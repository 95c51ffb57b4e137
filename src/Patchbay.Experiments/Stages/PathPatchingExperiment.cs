using System.Globalization;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Path patching (<see cref="PathPatching"/>; method, section 3) of every head of a model, group after group: each group is a stage,
/// whose paths end in the strongest heads of the stage before. A unit is one layer's heads (of one batch of prompts, where the study
/// asks for batches); its results are their scores with standard errors. Layers at or above every receiver score exactly 0
/// and have no unit.
/// </summary>
public sealed class PathPatchingExperiment : Experiment
{
    private const string LayerPrefix = "layer-";

    /// <inheritdoc/>
    public override string Name => "path-patching";

    /// <inheritdoc/>
    public override string Summary => "Which heads matter, group by group of a chain";

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("chain", PathChain.EntityTracking.ToString(),
            "Groups to find: name@position of the senders, then >receivers' group.composition where the path ends in heads", CheckChain),
        new("groups", "all", "Groups of the chain; those whose heads they need are added", CheckNames),
        new("receivers", "20,5,10,5", "How many of each group's most negative heads the next group's paths end in, in the chain's order; the last holds for all further groups", CheckCounts),
        new("circuit", "", "How many of each group's most negative heads its circuit has; as many as receivers where it is not given",
            text => text.Length == 0 ? null : CheckCounts(text)),
        new("batch", "0", "Prompts that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (model, parameters) = (request.Model, request.Parameters);
        var chain = PathChain.Parse(parameters["chain"]);
        var groups = parameters["groups"] == "all" ? chain.Groups : chain.Select(parameters["groups"].Split(','), receiversGiven: false);
        var receivers = Counts(parameters["receivers"]);
        var circuit = parameters["circuit"].Length == 0 ? receivers : Counts(parameters["circuit"]);
        return
        [
            .. groups.Select(group => new Stage($"{model}/{Name}/{group.Name}", Name, model, new Dictionary<string, string>
            {
                ["group"] = group.Name,
                ["chain"] = parameters["chain"],
                ["groups"] = string.Join(',', groups.Select(g => g.Name)),
                ["receivers"] = OfGroup(receivers, chain, group),
                ["circuit"] = OfGroup(circuit, chain, group),
                ["batch"] = parameters["batch"],
            }, group.ReceiversFrom is { } from ? [$"{model}/{Name}/{from}"] : [])),
        ];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var model = state.Plan!.Model(stage.Model);
        var receivers = stage.After.Count == 0 ? [] : Strongest(state, state.Stages[stage.After[0]]);
        var layers = Enumerable.Range(0, receivers.Count == 0 ? model.Layers : receivers.Max(r => r.Layer))
            .Select(l => string.Create(CultureInfo.InvariantCulture, $"{LayerPrefix}{l:00}")).ToArray();
        var batch = int.Parse(stage.Parameters["batch"], CultureInfo.InvariantCulture);
        string[] units = batch == 0 ? layers
            : [.. PromptRange.Split(state.Plan.Task.Prompts, batch).SelectMany(range => layers.Select(l => $"{range.Key}-{l}"))];
        return new(string.Join(' ', receivers), units);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var (stage, plan) = (order.Stage, order.Plan);
        var prompts = session.Prompts(plan, plan.Task.Prompts);
        var batch = order.Key.StartsWith(LayerPrefix, StringComparison.Ordinal) ? prompts : PromptRange.Parse(order.Key).Of(prompts);
        var range = order.Key[..order.Key.LastIndexOf(LayerPrefix, StringComparison.Ordinal)];
        var patching = session.Kept($"{Name} {plan.Seed} {plan.Task} {range} {stage.Parameters["groups"]} {SweepResults.Chain(stage)} {plan.Compute.MemoryBytes}",
            () => new PathSession(session.Model, batch, SweepResults.Chain(stage), stage.Parameters["groups"].Split(','), plan.Compute.MemoryBytes));
        var layer = int.Parse(order.Key[(order.Key.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);
        var scores = patching.ScoreLayer(stage.Parameters["group"], Heads(order.Inputs), layer, progress, cancel);
        return [.. scores.Select(s => new InterventionResult(s.Head.ToString(), s.Score, s.Error, batch.Count))];
    }

    /// <summary>Heads as a stage's inputs list them: "5.3 4.1".</summary>
    public static IReadOnlyList<Head> Heads(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Circuit.ParseHead)];

    /// <summary>The heads that the next group's paths end in.</summary>
    private static IReadOnlyList<Head> Strongest(SweepState state, StageState complete) =>
        SweepResults.Scores(state, complete).Path.Top(int.Parse(complete.Stage.Parameters["receivers"], CultureInfo.InvariantCulture));

    private static string? CheckNames(string text)
    {
        var names = text.Split(',');
        return names.All(n => n.Length > 0) && names.Distinct().Count() == names.Length ? null : "a list of groups of the chain, each once";
    }

    private static string? CheckCounts(string text) =>
        text.Split(',').All(n => WholeNumber(n, 1) is null) ? null : "a list of whole numbers of 1 or more";

    private static int[] Counts(string text) => [.. text.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];

    private static string OfGroup(int[] counts, PathChain chain, PathGroup group)
    {
        var index = chain.Groups.TakeWhile(g => g.Name != group.Name).Count();
        return counts[Math.Min(index, counts.Length - 1)].ToString(CultureInfo.InvariantCulture);
    }
}
