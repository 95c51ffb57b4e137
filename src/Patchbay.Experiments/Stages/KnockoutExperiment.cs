using System.Globalization;
using Patchbay.Experiments.Findings;
using Patchbay.Patching;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Attention knockout (Geva et al. 2023; Prakash et al. 2024, appendix; method, section 7): from layer l upward no head may attend from one position to another,
/// its score being -inf before the softmax; accuracy as a function of l. A unit is one pair of positions.
/// </summary>
public sealed class KnockoutExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "knockout";

    private const string Random = "random", Unchanged = "unchanged", Layer = "layer-";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Forbid attention between two positions from a layer up";

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("pairs", "last>correct_object,last>query_label,last>random,query_label>previous_query_label,query_label>random",
            "Pairs of named positions, the attending one first; 'random' is any position before the question that the attending one could see", CheckPairs),
        new("prompts", "500", "Prompts to answer", text => WholeNumber(text, 1)),
        new("batch", "0", "Prompts that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request) =>
        [new($"{request.Model}/{Name}", Name, request.Model, request.Parameters, [])];

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state) =>
        new("", [.. Ranges(stage, Count(stage, "prompts")).SelectMany(r => stage.Parameters["pairs"].Split(',').Select(pair => r + pair))]);

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var prompts = PromptRange.Of(order.Key, session.Prompts(order.Plan, Count(order.Stage, "prompts")));
        var pair = order.Key[(order.Key.LastIndexOf('-') + 1)..].Split('>');
        var random = SplitMix64.For(order.Plan.Seed, $"knockout {order.Key}");
        var from = prompts.CleanPositions(pair[0]);
        var to = pair[1] == Random ? [.. prompts.Prompts.Select((p, n) => random.Below(Context(p, from[n])))] : prompts.CleanPositions(pair[1]);
        var layers = session.Model.Config.Layers;
        var first = order.Stage.Parameters["pairs"].Split(',').Min(p => prompts.CleanPositions(p.Split('>')[0]).Min());
        var answered = new PlannedVariants(session.Whole(order, prompts, first), batch =>
        {
            var (query, key) = (from[batch.First..(batch.First + batch.Prompts.Count)], to[batch.First..(batch.First + batch.Prompts.Count)]);
            return [new Variant(), .. Enumerable.Range(0, layers).Select(l => new Variant { Knockouts = [new Knockout(l, query, key)] })];
        }).Answered(progress, cancel);
        return [.. answered.Select((right, i) => Shares.Each($"{pair[0]}>{pair[1]} {(i == 0 ? Unchanged : LayerName(i - 1))}", right))];
    }

    /// <summary>Curves of a complete stage.</summary>
    public static IReadOnlyList<KnockoutCurve> Curves(StageState stage, int layers) => stage.Status != StageStatus.Completed ? [] :
    [
        .. stage.Stage.Parameters["pairs"].Split(',').Select(pair => new KnockoutCurve(pair.Split('>')[0], pair.Split('>')[1],
            [.. Enumerable.Range(0, layers).Select(l => Shares.Total(stage, $"{pair} {LayerName(l)}")!.Value)],
            Shares.Total(stage, $"{pair} {Unchanged}")!.Value)
        {
            LayerAnswers = [.. Enumerable.Range(0, layers).Select(l => Shares.Answers(stage, $"{pair} {LayerName(l)}"))],
            UnchangedAnswers = Shares.Answers(stage, $"{pair} {Unchanged}"),
        }),
    ];

    /// <summary>How many positions come before the question, or where a task names none, before the attending position.</summary>
    private static int Context(Prompt prompt, int from) =>
        Math.Max(1, prompt.Clean.Positions.TryGetValue(PositionNames.QueryLabel, out var label) ? Math.Min(from, label) : from);

    private static string LayerName(int layer) => string.Create(CultureInfo.InvariantCulture, $"{Layer}{layer:00}");

    private static string? CheckPairs(string text) => text.Split(',')
        .All(p => p.Split('>') is [{ Length: > 0 } a, { Length: > 0 } b] && a != b && !p.Contains('-') && !p.Contains('/'))
        ? null : "a list of pairs of positions such as last>query_label";
}
