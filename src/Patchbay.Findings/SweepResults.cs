using System.Runtime.CompilerServices;

namespace Patchbay.Findings;

/// <summary>What the units of a sweep add up to: accuracy, scores of heads, circuits. Nothing is run and nothing read
/// here: the numbers are the journal's.</summary>
public static class SweepResults
{
    /// <summary>The value of a parameter "circuit" that means the model's own.</summary>
    public const string Found = "found";

    /// <summary>A stage that is seen again, at the next redraw or in the next table, has the same scores.</summary>
    private static readonly ConditionalWeakTable<StageState, PathScores> Collected = [];

    /// <summary>A model's stages of a kind, in the plan's order.</summary>
    public static IReadOnlyList<StageState> Stages(SweepState state, string kind, string model) =>
        [.. state.InOrder.Where(s => s.Stage.Kind == kind && s.Stage.Model == model)];

    /// <summary>A model's accuracy on the prompts asked so far, or null where none was.</summary>
    public static Proportion? Accuracy(SweepState state, string model) =>
        Stages(state, Kinds.Accuracy, model).Select(s => new Recorded(s).ShareOrNull(Kinds.Accuracy))
            .FirstOrDefault(a => a is not null);

    /// <summary>A model's path-patching stages in the plan's order.</summary>
    public static IReadOnlyList<StageState> PathPatching(SweepState state, string model) =>
        Stages(state, Kinds.PathPatching, model);

    /// <summary>The chain's group that a path-patching stage scores.</summary>
    public static PathGroup Group(Stage stage) => stage.Parameters.As<PathPatchingParameters>().InChain();

    /// <summary>Scores of a path-patching stage from the units that are done. A head that was scored in several batches
    /// of prompts gets the mean over all their prompts (<see cref="Estimate.Pooled"/>).</summary>
    /// <param name="state">The sweep, which knows the model's layers and heads.</param>
    /// <param name="stage">One of its path-patching stages, begun or not.</param>
    /// <exception cref="InvalidDataException">A result or a receiver is of no head that the model has.</exception>
    public static PathScores Scores(SweepState state, StageState stage) =>
        Collected.GetValue(stage, s => Collect(state, s));

    private static PathScores Collect(SweepState state, StageState stage)
    {
        var model = state.Plan!.Model(stage.Stage.Model);
        var receivers = stage.Status == StageStatus.Waiting ? [] : StageInputs.Of(stage).Receivers!;
        foreach (var receiver in receivers) Check(receiver, model, stage.Stage.Id);
        double[,] Unmeasured() => PathScores.Unmeasured(model.Layers, model.Heads);
        var scores = new PathScores(Group(stage.Stage), receivers, Unmeasured(), Unmeasured(), Unmeasured())
        { IsComplete = stage.Status == StageStatus.Completed };
        void Set(Head head, Estimate score)
        {
            scores.Scores[head.Layer, head.Index] = score.Value;
            scores.StandardErrors[head.Layer, head.Index] = score.Error;
            scores.Samples[head.Layer, head.Index] = score.Samples;
        }
        var results = new List<InterventionResult>?[model.Layers, model.Heads]; // by unit, in order
        foreach (var unit in stage.Order.Select(id => stage.Units[id]).Where(u => u.Status == UnitStatus.Completed))
        {
            foreach (var result in unit.Results)
            {
                var head = result.Head ?? throw new InvalidDataException(
                    $"stage {stage.Stage.Id} has a result of no head: '{result.Item}'");
                Check(head, model, stage.Stage.Id);
                (results[head.Layer, head.Index] ??= []).Add(result);
            }
        }
        foreach (var head in Head.All(model.Layers, model.Heads))
            if (results[head.Layer, head.Index] is { } measured) Set(head, Estimate.Pooled(measured));
        InterventionResult[] all = [.. results.Cast<List<InterventionResult>?>().SelectMany(r => r ?? [])];
        if (all.Any(r => r.Detail?.Mean is not null))
            scores = scores with { OfAll = Others(model, results, d => d.Mean) };
        if (all.Any(r => r.Detail?.OfRight is not null))
            scores = scores with { OfRight = Others(model, results, d => d.OfRight) };
        if (all.Any(r => r.Detail?.Median is not null) && results.Cast<List<InterventionResult>?>().All(r => r is not
            { Count: > 1 }))
            scores = scores with { Median = Others(model, results, d => d.Median) };
        if (stage.Status == StageStatus.Waiting) return scores;
        foreach (var head in Head.All(model.Layers, model.Heads).Where(h => h.Layer >= scores.SenderLayers)) Set(head,
            new(0, 0, 0));
        return scores;
    }

    /// <summary>Other summaries of the changes that scores are the mean of; NaN where there is none.</summary>
    private static double[,] Others(PlannedModel model, List<InterventionResult>?[,] results,
        Func<ResultDetail, OtherNumber?> which)
    {
        var matrix = PathScores.Unmeasured(model.Layers, model.Heads);
        foreach (var head in Head.All(model.Layers, model.Heads))
        {
            InterventionResult[] numbers = [.. (results[head.Layer, head.Index] ?? [])
                .Select(r => r.Detail is { } detail ? which(detail) : null).OfType<OtherNumber>()
                .Select(n => new InterventionResult("", n.Value, n.Error, n.Samples))];
            if (numbers.Length > 0) matrix[head.Layer, head.Index] = Estimate.Pooled(numbers).Value;
        }
        return matrix;
    }

    /// <summary>A model's circuit: what minimality kept of its candidates, where it was run and is complete; else
    /// these.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="model">The model.</param>
    /// <param name="before">A stage: only stages that the plan has before it count; null for all.</param>
    public static Circuit Circuit(SweepState state, string model, Stage? before = null)
    {
        var pruned = Pruned(state, model, before);
        var minimal = Before(state, before).SkipWhile(s => pruned is not null && s.Stage.Id != pruned.Stage.Id)
            .Where(s => s.Stage.Kind == Kinds.Minimality && s.Stage.Model == model
                && s.Status == StageStatus.Completed
                && s.Stage.Parameters.As<MinimalityParameters>().Part != MinimalityParameters.Pairs)
            .ToDictionary(s => s.Stage.Parameters.As<MinimalityParameters>().Group, s =>
                MinimalityFinding.Read(s, withIntervals: false));
        var candidates = Candidates(state, model, before);
        return new(candidates.Chain, candidates.Groups.ToDictionary(g => g.Key, g =>
            minimal.TryGetValue(g.Key, out var found)
            ? [.. found.Where(f => f.Kept).Select(f => f.Head)] : g.Value));
    }

    /// <summary>The circuit that a stage is about: the model's own, or the one that its study gives.</summary>
    public static Circuit Circuit(SweepState state, Stage stage, IAboutCircuit parameters) =>
        parameters.Circuit is null or Found ? Circuit(state, stage.Model, stage)
            : Findings.Circuit.Parse(parameters.Chain, parameters.Circuit);

    /// <summary>A model's circuit before minimality: what elimination found, where it was run and is complete, else the
    /// heads of every group that path patching has finished, by the study's choice. Heads of a later group that is at
    /// the same position leave the earlier one (heads in both A and B leave A).</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="model">The model.</param>
    /// <param name="before">A stage: only stages that the plan has before it count; null for all.</param>
    public static Circuit Candidates(SweepState state, string model, Stage? before = null) =>
        Pruned(state, model, before) is { } pruned ? PruneFinding.CircuitOf(pruned)
            : Patched(state, model, (scores, p) => Strongest(scores, p.Circuit));

    /// <summary>The heads of every group that path patching has finished whose score is below zero and significant
    /// (<see cref="PathScores.Significant"/>).</summary>
    public static Circuit Significant(SweepState state, string model) =>
        Patched(state, model, (scores, _) => scores.Significant());

    private static Circuit Patched(SweepState state, string model,
        Func<PathScores, PathPatchingParameters, IReadOnlyList<Head>> choose)
    {
        var stages = PathPatching(state, model).Where(s => s.Status == StageStatus.Completed)
            .Select(s => (Parameters: s.Stage.Parameters.As<PathPatchingParameters>(), State: s)).ToArray();
        var chain = stages.Length == 0 ? PathChain.EntityTracking : stages[0].Parameters.Chain;
        var groups = stages.ToDictionary(s => s.Parameters.Group, s => choose(Scores(state, s.State), s.Parameters));
        foreach (var (i, group) in chain.Groups.Index().Where(g => groups.ContainsKey(g.Item.Name)).ToArray())
        {
            var later = chain.Groups.Skip(i + 1).Where(g => g.Position == group.Position)
                .SelectMany(g => groups.GetValueOrDefault(g.Name) ?? []);
            groups[group.Name] = [.. groups[group.Name].Except(later)];
        }
        return new(chain, groups);
    }

    private static StageState? Pruned(SweepState state, string model, Stage? before) => Before(state, before)
        .LastOrDefault(s => s.Stage.Model == model && s.Status == StageStatus.Completed
            && PruneFinding.IsFinding(s.Stage));

    private static IEnumerable<StageState> Before(SweepState state, Stage? stage) =>
        stage is null ? state.InOrder : state.InOrder.TakeWhile(s => s.Stage.Id != stage.Id);

    /// <summary>A model's circuit without the groups whose stage is not complete, by the chain's group names.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Head>> CompleteGroups(SweepState state, string model)
    {
        var circuit = Circuit(state, model);
        if (Pruned(state, model, null) is not null) return circuit.Groups;
        var complete = PathPatching(state, model).Where(s => s.Status == StageStatus.Completed)
            .Select(s => s.Stage.Parameters.As<PathPatchingParameters>().Group).ToHashSet();
        return circuit.Groups.Where(g => complete.Contains(g.Key)).ToDictionary();
    }

    private static IReadOnlyList<Head> Strongest(PathScores scores, double? circuit) => circuit switch
    {
        null => scores.Significant(),
        < 1 => scores.Salient(circuit.Value),
        _ => [.. scores.Top((int)circuit.Value).Where(h => scores[h] < 0)],
    };

    private static void Check(Head head, PlannedModel model, string stage)
    {
        if (head.Layer < model.Layers && head.Index < model.Heads) return;
        throw new InvalidDataException(
            $"stage {stage} has a result of '{head}', which is no head of {model.Name} ({model.Layers} layers of "
                + $"{model.Heads} heads)");
    }
}
