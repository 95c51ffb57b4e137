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
            "Pairs of named positions, the attending one first; NAME_* are all of that beginning together, NAME+1 is "
                + "that of the segment after the one asked for (object+1>label+0), 'random' is any position before the "
                + "question that the attending one could see; "
            + $"where none is given {EntityPairs} for entity tracking, and last>NAME for every position of a prompt "
                + "file",
            text => text.Length == 0 ? null : CheckPairs(text)),
        new("segments", "false",
            "Whether to count also whose object is answered: that of the segment asked for, of the one after it, ...",
            text => bool.TryParse(text, out _) ? null : "true or false"),
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
        foreach (var pair in p.Pairs)
        {
            var (attending, seen) = (pair.Split('>')[0], pair.Split('>')[1]);
            string[] names = [attending, .. seen == Random ? (string[])[] : [seen]];
            var lacking = names.FirstOrDefault(name =>
                model.Prompts.Prompts.All(prompt => PositionSets.Of(prompt.Clean, name).Length == 0));
            if (lacking is not null)
                yield return new("pairs", $"expected positions that prompts have, found '{lacking}', which none has; "
                    + $"they have {string.Join(", ", model.Prompts.SharedPositionNames)}");
            else if (seen != Random
                && model.Prompts.Prompts.All(prompt => PositionSets.Pairs(prompt, attending, seen).Length == 0))
                yield return new("pairs", $"expected pairs whose attending position comes after the other, found "
                    + $"{pair}, which does not in {model.Prompts.Prompts[0].Origin}");
        }
        if (p.Segments && model.Prompts.Prompts.All(prompt => PositionSets.AskedSegment(prompt.Clean) is null))
            yield return new("segments", "expected false where prompts have no segments, found true");
    }

    protected override IEnumerable<(string, string)> Parts(KnockoutParameters p, StageInputs inputs,
        PlannedModel model) =>
        p.Pairs.Select(pair => (pair, pair));

    protected override IReadOnlyList<InterventionResult> Run(Unit<KnockoutParameters, string> unit)
    {
        var (p, pair) = (unit.Parameters, unit.Part);
        var (attending, seen) = (pair.Split('>')[0], pair.Split('>')[1]);
        var random = SplitMix64.For(unit.Plan.Seed, $"knockout {UnitId.KeyOf(unit.Order.Unit)}");
        var all = unit.Prompts(p.Prompts);
        Prompt[] having = seen == Random ? [.. all.Prompts]
            : [.. all.Prompts.Where(prompt => PositionSets.Pairs(prompt, attending, seen).Length > 0)];
        if (having.Length == 0) return [];
        var prompts = new PromptSet(having);
        var to = seen == Random ? Drawn(prompts, prompts.CleanPositions(attending), random) : null;
        var layers = unit.Model.Config.Layers;
        var first = p.Pairs.Min(x => all.Prompts.Min(prompt =>
            PositionSets.Of(prompt.Clean, x.Split('>')[0]).DefaultIfEmpty(int.MaxValue).Min()));
        var planned = new PlannedVariants(unit.Session.Unaltered(unit.Plan, prompts, first), batch =>
        {
            var pairs = to is null ? PositionSets.Pairs(batch.Prompts, attending, seen)
                : [(batch.At(attending), to[batch.First..(batch.First + batch.Prompts.Count)])];
            return [new Variant(), .. Enumerable.Range(0, layers).Select(l =>
                new Variant { Knockouts = [.. pairs.Select(x => new Knockout(l, x.Query, x.Key))] })];
        });
        var said = planned.Tokens(unit.Progress, unit.Cancel);
        return [.. said.SelectMany((tokens, i) => Results(KnockoutCurve.Item(pair, i == 0 ? null : i - 1), tokens))
            .Select(r => r with { Position = attending })];

        IEnumerable<InterventionResult> Results(string name, int[] tokens)
        {
            yield return Result.Answered(name,
                [.. tokens.Select((token, n) => prompts.Prompts[n].Answers.Contains(token))]);
            if (!p.Segments) yield break;
            var of = tokens.Select((token, n) => Segment(prompts.Prompts[n].Clean, token)).ToArray();
            foreach (var offset in of.Distinct().OfType<int>().Order())
                yield return Result.Share(KnockoutCurve.SegmentItem(name, offset), [.. of.Select(o => o == offset)]);
        }
    }

    /// <summary>A position of each prompt that the attending one could see.</summary>
    private static Positions Drawn(PromptSet prompts, Positions attending, SplitMix64 random) =>
        [.. prompts.Prompts.Select((prompt, n) => random.Below(Context(prompt, attending[n])))];

    /// <summary>How many segments after the one asked for a token is the object; null where it is none.</summary>
    private static int? Segment(TokenSequence prompt, int token) =>
        PositionSets.AskedSegment(prompt) is { } asked
            && Array.IndexOf(PositionSets.Objects(prompt), token) is >= 0 and var found ? found - asked : null;

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
