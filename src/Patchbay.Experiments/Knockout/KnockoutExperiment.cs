namespace Patchbay.Experiments;

/// <summary>
/// Attention knockout (Geva et al. 2023; Prakash et al. 2024, appendix; method, section 7): from layer l upward no head
/// may attend from one position to another, its score being -inf before the softmax; accuracy as a function of l. A
/// unit is one pair of positions.
/// </summary>
internal sealed class KnockoutExperiment() : Experiment<KnockoutParameters, string>(
    Kinds.Knockout, "Forbid attention between two positions from a layer up")
{
    private const string Random = "random";
    private const string EntityPairs =
        "last>correct_object,last>query_label,last>random,query_label>previous_query_label,query_label>random";

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("pairs", "",
            "Pairs of named positions, the attending one first; 'random' is any position before the question that the "
                + "attending one could see; "
            + $"where none is given {EntityPairs} for entity tracking, and last>NAME for every position of a prompt "
                + "file",
            text => text.Length == 0 ? null : CheckPairs(text)),
        FieldCheck.Prompts(500, "Prompts to answer"),
        FieldCheck.Batch,
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var p = request.Parameters<KnockoutParameters>();
        if (p.Pairs.Count == 0)
        {
            p = p with
            {
                Pairs = request.Positions is { } own
                ? [.. own.Where(n => n != PositionNames.Last).Select(n => $"{PositionNames.Last}>{n}"),
                    $"{PositionNames.Last}>{Random}"]
                : EntityPairs.Split(',')
            };
        }
        return [StageOf(request, p, [])];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, KnockoutParameters p, ModelFacts model,
        StudyFacts facts)
    {
        const string field = "pairs";
        string[] names = [.. p.Pairs.SelectMany(pair => pair.Split('>') is var ends && ends[1] == Random
            ? ends[..1] : ends).Distinct()];
        StageMistake[] lacking = [.. names.SelectMany(n => StageCheck.Position(field, n, model.Prompts, both: false))];
        if (lacking.Length > 0) return lacking;
        return p.Pairs.Select(pair => (Pair: pair, Prompt: model.Prompts.Prompts.FirstOrDefault(prompt =>
                prompt.Clean.Positions[pair.Split('>')[0]] is var from
                && from == (pair.Split('>')[1] is var to && to == Random ? 0 : prompt.Clean.Positions[to]))))
            .Where(same => same.Prompt is not null)
            .Select(same => new StageMistake(field, $"expected pairs of two positions, found {same.Pair}, one and the "
                + $"same in {same.Prompt!.Origin}"));
    }

    protected override IEnumerable<(string, string)> Parts(KnockoutParameters p, StageInputs inputs,
        PlannedModel model) =>
        p.Pairs.Select(pair => (pair, pair));

    protected override IReadOnlyList<InterventionResult> Run(Unit<KnockoutParameters, string> unit)
    {
        var (p, pair, prompts) = (unit.Parameters, unit.Part, unit.Prompts(unit.Parameters.Prompts));
        var (attending, seen) = (pair.Split('>')[0], pair.Split('>')[1]);
        var random = SplitMix64.For(unit.Plan.Seed, $"knockout {UnitId.KeyOf(unit.Order.Unit)}");
        var from = prompts.CleanPositions(attending);
        var to = seen == Random ? [.. prompts.Prompts.Select((prompt, n) => random.Below(Context(prompt, from[n])))]
            : prompts.CleanPositions(seen);
        var layers = unit.Model.Config.Layers;
        var first = p.Pairs.Min(x => prompts.CleanPositions(x.Split('>')[0]).Min());
        var answered = new PlannedVariants(unit.Session.Unaltered(unit.Plan, prompts, first), batch =>
        {
            var (query, key) = (from[batch.First..(batch.First + batch.Prompts.Count)],
                to[batch.First..(batch.First + batch.Prompts.Count)]);
            return [new Variant(), .. Enumerable.Range(0, layers).Select(l =>
                new Variant { Knockouts = [new Knockout(l, query, key)] })];
        }).Answered(unit.Progress, unit.Cancel);
        return [.. answered.Select((right, i) => Result.Answered(KnockoutCurve.Item(pair, i == 0 ? null : i - 1),
            right) with
        { Position = attending })];
    }

    /// <summary>How many positions come before the question, or where a task names none, before the attending
    /// position.</summary>
    private static int Context(Prompt prompt, int from) =>
        Math.Max(1, prompt.Clean.Positions.TryGetValue(PositionNames.QueryLabel, out var label) ? Math.Min(from, label)
            : from);

    private static string? CheckPairs(string text) => FieldCheck.Names(text) && text.Split(',')
        .All(p => p.Split('>') is [{ Length: > 0 } a, { Length: > 0 } b] && a != b && !p.Contains('-')
            && !p.Contains('/'))
        ? null : "a list of pairs of positions such as last>query_label, each once";
}
