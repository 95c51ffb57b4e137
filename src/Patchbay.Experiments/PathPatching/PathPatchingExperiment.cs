using System.Globalization;

namespace Patchbay.Experiments;

/// <summary>
/// Path patching (<see cref="PathPatching"/>; method, section 3) of every head of a model, group after group: each
/// group is a stage, whose paths end in the strongest heads of the stage before, or in heads that are given. A unit is
/// one layer's heads (of one batch of prompts, where the study asks for batches); its results are their scores with
/// standard errors. Layers at or above every receiver score exactly 0 and have no unit.
/// </summary>
internal sealed class PathPatchingExperiment() : Experiment<PathPatchingParameters, int>(
    Kinds.PathPatching, "Which heads matter, group by group of a chain")
{
    private const string AllGroups = "all";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("chain", PathChain.EntityTracking.ToString(),
            "Groups to find: name@position of the senders, then >receivers' group.composition where the path ends in "
                + "heads", FieldCheck.Chain),
        new("groups", AllGroups, "Groups of the chain; those whose heads they need are added", CheckNames),
        new("receivers", "20,5,10,5",
            "How many of each group's most negative heads the next group's paths end in, in the chain's order; the "
                + "last holds for all further groups",
            CheckCounts),
        new("into", "", "Heads such as \"5.3 4.1\" in which the paths of all groups that have receivers end, in place "
            + "of the strongest of the group before",
            text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(h => Head.Read(h) is not null) ? null
                : "heads such as \"5.3 4.1\""),
        new("circuit", "",
            "How many of each group's most negative heads its circuit has; below 1 the significant ones with at least "
                + "this share of the strongest's score; where it is not given all significant ones",
            text => text.Length == 0 || FieldCheck.Number(text, 0, 1) is null ? null : CheckCounts(text)),
        new("evaluator", "cone", "'cone', or 'reference': whole forward passes, about a hundred times slower",
            text => text is "cone" or "reference" ? null : "'cone' or 'reference'"),
        new("score", PathPatchingParameters.Mean,
            "Which summary of the relative changes over prompts is a head's score: 'mean', the mean over the prompts "
                + "that the model answers 'right' (over all where it answers none), or 'median'; the others are "
                + "recorded beside it",
            text => text is PathPatchingParameters.Mean or PathPatchingParameters.OfRight
                or PathPatchingParameters.Median ? null : "'mean', 'right' or 'median'"),
        FieldCheck.Batch,
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var values = request.Values;
        var chain = PathChain.Parse(values["chain"]);
        IReadOnlyList<Head>? into = values["into"].Length == 0 ? null : Head.ParseAll(values["into"]);
        var groups = values["groups"] == AllGroups ? chain.Groups : chain.Select(values["groups"].Split(','),
            receiversGiven: into is not null);
        var receivers = Counts(values["receivers"]);
        var circuit = values["circuit"].Length == 0 ? null : Counts(values["circuit"]);
        var batch = int.Parse(values["batch"], CultureInfo.InvariantCulture);
        return
        [
            .. groups.Select(group => StageOf(request,
                new PathPatchingParameters(group.Name, chain, [.. groups.Select(g => g.Name)],
                    (int)OfGroup(receivers, chain, group), circuit is null ? null : OfGroup(circuit, chain, group),
                    batch)
                { Into = into, Reference = values["evaluator"] == "reference", Score = values["score"] },
                group.ReceiversFrom is { } from && into is null ? [$"{request.Model}/{Name}/{from}"] : [],
                group.Name)),
        ];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, PathPatchingParameters p, ModelFacts model,
        StudyFacts facts) =>
    [
        .. StageCheck.Heads("into", p.Into ?? [], model.Shape),
        .. Counts("receivers", p.Receivers, p.Chain, model, facts),
        .. Counts("circuit", p.Circuit ?? 0, p.Chain, model, facts),
        .. p.Score == PathPatchingParameters.Median && p.Batch > 0 ? [new StageMistake("score",
            "expected 'mean' or 'right' with batch, whose scores are put together from those of batches, found "
                + "'median'")] : Array.Empty<StageMistake>(),
        .. StageCheck.Position("chain", p.InChain().Position, model.Prompts, both: true, $"group {p.Group} at "),
    ];

    // Defaults are made for large models and four groups; a small one has fewer heads, another chain fewer groups.
    private static IEnumerable<StageMistake> Counts(string field, double count, PathChain chain, ModelFacts model,
        StudyFacts facts)
    {
        if (!facts.Given.TryGetValue(field, out var text)) return [];
        var (numbers, groups) = (text.Split(',').Length, chain.Groups.Count);
        return numbers <= groups ? StageCheck.Count(field, count, model.Shape)
            : [new(field, $"expected at most {(groups == 1 ? "one number" : $"{groups} numbers")}, one for each group "
                + $"of the chain, found {numbers} in '{text}'")];
    }

    protected override StageInputs InputsOf(Stage stage, PathPatchingParameters p, SweepState state)
    {
        if (p.InChain().ReceiversFrom is null) return new() { Receivers = [] };
        if (p.Into is not null) return new() { Receivers = p.Into };
        var before = state.Stages[stage.After[0]];
        return new()
        {
            Receivers = SweepResults.Scores(state, before)
            .Top(before.Stage.Parameters.As<PathPatchingParameters>().Receivers)
        };
    }

    protected override IEnumerable<(string, int)> Parts(PathPatchingParameters p, StageInputs inputs,
        PlannedModel model) =>
        Enumerable.Range(0, inputs.Receivers is { Count: > 0 } ends ? Math.Min(model.Layers, ends.Max(r => r.Layer))
            : model.Layers)
            .Select(layer => ($"layer-{layer:00}", layer));

    protected override IReadOnlyList<InterventionResult> Run(Unit<PathPatchingParameters, int> unit)
    {
        var (p, plan) = (unit.Parameters, unit.Plan);
        var prompts = unit.Prompts(0);
        var shared = $"{Name} {plan.Seed} {plan.Task} {unit.Range} {string.Join(',', p.Groups)} {p.Chain} "
            + $"{p.Reference} {plan.Compute.MemoryBytes}";
        var session = unit.Session.Shared(shared, () => new PathSession(unit.Model, prompts,
            [.. p.Chain.Groups.Where(g => p.Groups.Contains(g.Name))], plan.Compute.MemoryBytes, p.Reference));
        return [.. session.ScoreLayer(p.InChain(), unit.Inputs.Receivers!, unit.Part, unit.Progress, unit.Cancel)
            .Select(s => Result.Score(s, p.Score, unit.FirstPrompt) with { Position = p.InChain().Position })];
    }

    private static string? CheckNames(string text) => FieldCheck.Names(text) ? null
        : "a list of groups of the chain, each once";

    private static string? CheckCounts(string text) =>
        text.Split(',').All(n => WholeRange.Heads.Read(n) is not null) ? null
            : $"a list, each {WholeRange.Heads} of heads";

    private static double[] Counts(string text) => [.. text.Split(',')
        .Select(n => double.Parse(n, CultureInfo.InvariantCulture))];

    private static double OfGroup(double[] counts, PathChain chain, PathGroup group) =>
        counts[Math.Min(chain.Groups.TakeWhile(g => g.Name != group.Name).Count(), counts.Length - 1)];
}
