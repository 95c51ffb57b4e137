using System.Globalization;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// How often the most probable of all tokens is the answer (method, section 2), and the answer's probability and rank. A unit is some prompts;
/// its results are their share right, with the standard error sqrt(p (1 - p) / n) and which they are, and the other two's means.
/// </summary>
public sealed class AccuracyExperiment : Experiment
{
    private const int PromptsPerUnit = 128;

    /// <inheritdoc/>
    public override string Name => "accuracy";

    /// <inheritdoc/>
    public override string Summary => "How often a model answers, with the probability and rank of the answer";

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
        [new("prompts", "500", "Prompts to ask", text => WholeNumber(text, 1))];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request) =>
        [new Stage($"{request.Model}/{Name}", Name, request.Model, request.Parameters, [])];

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state) =>
        new("", [.. PromptRange.Split(Count(stage, "prompts"), PromptsPerUnit).Select(r => r.Key)]);

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var set = session.Prompts(order.Plan, Count(order.Stage, "prompts"));
        set.CheckVocabulary(session.Model.Config.Vocabulary);
        var some = PromptRange.Parse(order.Key).Of(set);
        var asked = TaskAccuracy.Ask(session.Model, some, progress, cancel);
        return [Shares.Each(Name, asked.Right), Means.Of("probability", asked.Probability), Means.Of("rank", asked.Rank)];
    }
}

/// <summary>Some prompts in a row, as units name them: "prompts-0000-0127".</summary>
/// <param name="First">Index of the first.</param>
/// <param name="Last">Index of the last.</param>
public readonly record struct PromptRange(int First, int Last)
{
    private const string Prefix = "prompts-";

    /// <summary>How units name it.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{First:0000}-{Last:0000}");

    /// <summary>All of <paramref name="count"/> prompts, at most <paramref name="size"/> in a range.</summary>
    public static IReadOnlyList<PromptRange> Split(int count, int size) =>
        [.. Enumerable.Range(0, (count + size - 1) / size).Select(i => new PromptRange(i * size, Math.Min(count, (i + 1) * size) - 1))];

    /// <summary>The prompts of a unit's key; all where it names none.</summary>
    public static PromptSet Of(string key, PromptSet all) => key.StartsWith(Prefix, StringComparison.Ordinal) ? Parse(key).Of(all) : all;

    /// <summary>Reads the beginning of a unit's key.</summary>
    public static PromptRange Parse(string key)
    {
        var parts = key[Prefix.Length..].Split('-');
        return new(int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <summary>These prompts of a set; fewer where the set ends before.</summary>
    public PromptSet Of(PromptSet all)
    {
        var (first, last) = (First, Last);
        return new([.. all.Prompts.Skip(first).Take(last - first + 1)]);
    }
}
