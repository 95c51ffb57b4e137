using System.Globalization;
using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Attribution patching (<see cref="AttributionPatching"/>): path patching's scores to first order, all heads from one backward pass a batch; a fast screen. Beside it
/// stand its rank correlation with the exact scores, and how many of the exact top k its top 2k holds: so one sees when the shortcut can be
/// trusted. A unit is one group in one form.
/// </summary>
public sealed class AttributionExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "attribution";

    private const string Gradient = "gradient", Integrated = "integrated";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Path patching to first order from one backward pass, beside the exact scores";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("forms", $"{Gradient},{Integrated}", $"'{Gradient}' at the clean prompt, or '{Integrated}' along the line to the counterfactual", text => text.Split(',').All(f => f is Gradient or Integrated) ? null : $"a list of '{Gradient}' and '{Integrated}'"),
        new("steps", "8", "Points of the integrated form", text => WholeNumber(text, 1)),
        new("top", "0", "k, for the share of the exact top k among the approximate top 2k; 0 for as many as the group's receivers", text =>
            WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var groups = request.Earlier(SweepResults.PathPatchingKind, request.Model);
        if (groups.Count == 0)
            throw new InvalidDataException($"expected {SweepResults.PathPatchingKind} before {Name}, which is compared with it, found none");
        return [new($"{request.Model}/{Name}", Name, request.Model,
            new Dictionary<string, string>(request.Parameters) { ["chain"] = SweepCircuits.Chain(request, request.Model).ToString() },
            [.. groups.Select(s => s.Id)])];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var exact = stage.After.Select(id => (Group: SweepResults.Group(state.Stages[id].Stage).Name, Receivers: state.Stages[id].Inputs)).ToArray();
        return new(string.Join('\n', exact.Select(e => $"{e.Group}: {e.Receivers}")),
            [.. exact.SelectMany(e => stage.Parameters["forms"].Split(',').Select(f => $"{e.Group}-{f}"))]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var (group, form) = (order.Key.Split('-')[0], order.Key.Split('-')[1]);
        var receivers = order.Inputs.Split('\n').First(l => l.StartsWith($"{group}: ", StringComparison.Ordinal))[(group.Length + 2)..];
        var prompts = session.Prompts(order.Plan, order.Plan.Task.Prompts);
        var scores = AttributionPatching.Scores(session.Model, prompts, PathChain.Parse(order.Stage.Parameters["chain"]).Group(group),
            PathPatchingExperiment.Heads(receivers),
            form == Gradient ? 0 : Count(order.Stage, "steps"), progress, order.Plan.Compute.MemoryBytes, cancel);
        var config = session.Model.Config;
        return [.. Enumerable.Range(0, config.Layers * config.Heads).Select(i => new Head(i / config.Heads, i % config.Heads))
            .Select(h => new InterventionResult($"{group} {form} {h}", scores.Scores[h.Layer, h.Index],
                scores.StandardErrors[h.Layer, h.Index], prompts.Count))];
    }

    /// <summary>What a complete stage found, beside the exact scores.</summary>
    public static IReadOnlyList<AttributionFinding> Findings(SweepState state, StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var results = stage.Results.ToDictionary(r => r.Result.Item, r => r.Result.Score, StringComparer.Ordinal);
        return
        [
            .. from id in stage.Stage.After
               let exact = SweepResults.Scores(state, state.Stages[id]).Path
               from form in stage.Stage.Parameters["forms"].Split(',')
               select Compare(exact, Approximate(exact, form, results), form, stage.Stage, state.Stages[id].Stage),
        ];
    }

    private static PathScores Approximate(PathScores exact, string form, Dictionary<string, double> results)
    {
        var scores = new double[exact.Scores.GetLength(0), exact.Scores.GetLength(1)];
        for (var l = 0; l < scores.GetLength(0); l++)
            for (var h = 0; h < scores.GetLength(1); h++) scores[l, h] = results[$"{exact.Group.Name} {form} {new Head(l, h)}"];
        return exact with { Scores = scores };
    }

    private static AttributionFinding Compare(PathScores exact, PathScores approximate, string form, Stage stage, Stage path)
    {
        var k = Count(stage, "top") is > 0 and var given ? given : int.Parse(path.Parameters["receivers"], CultureInfo.InvariantCulture);
        var top = exact.Top(k);
        var able = Enumerable.Range(0, exact.SenderLayers)
            .SelectMany(l => Enumerable.Range(0, exact.Scores.GetLength(1)).Select(h => (l, h))).ToArray();
        return new(exact.Group.Name, form == Gradient ? "gradient" : "integrated gradients", approximate.Scores,
            CircuitOverlap.Spearman([.. able.Select(s => exact.Scores[s.l, s.h])], [.. able.Select(s => approximate.Scores[s.l, s.h])]),
                top.Count, top.Intersect(approximate.Top(2 * k)).Count() / (double)top.Count);
    }
}
