using System.Globalization;
using Patchbay.Models;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments;

/// <summary>Scores of one stage as far as they are measured.</summary>
/// <param name="Path">The scores by [layer, head]; NaN where nothing is measured yet.</param>
/// <param name="Samples">Prompts that each score is the mean of, by [layer, head]; 0 where there is no score yet, and where a head
/// is at or above every receiver, so that its score is 0 without a measurement.</param>
/// <param name="Measured">Whether there is a score, by [layer, head].</param>
public sealed record SweepScores(PathScores Path, int[,] Samples, bool[,] Measured)
{
    /// <summary>Whether every head has its score of all prompts.</summary>
    public bool IsComplete { get; init; }
}

/// <summary>What the units of a sweep add up to. Nothing is run and nothing read here: the numbers are the journal's.</summary>
public static class SweepResults
{
    /// <summary>Kind of the stages that measure accuracy.</summary>
    public const string AccuracyKind = "accuracy";

    /// <summary>Kind of the stages that score heads.</summary>
    public const string PathPatchingKind = "path-patching";

    /// <summary>Groups of heads as the paper's files name them, by the chain's names.</summary>
    public static IReadOnlyDictionary<string, string> PaperNames { get; } = new Dictionary<string, string>
    {
        ["A"] = "value_fetcher",
        ["B"] = "pos_transmitter",
        ["C"] = "pos_detector",
        ["D"] = "struct_reader",
    };

    /// <summary>A model's accuracy on the prompts asked so far, or null where none was.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="model">Name of the model.</param>
    public static Proportion? Accuracy(SweepState state, string model)
    {
        var results = Stages(state, model, AccuracyKind).SelectMany(s => s.Results).Select(r => r.Result)
            .Where(r => r.Item == AccuracyKind).ToArray();
        var count = results.Sum(r => r.Samples);
        return count == 0 ? null : new Proportion((int)Math.Round(results.Sum(r => r.Score * r.Samples)), count);
    }

    /// <summary>A model's path-patching stages in the plan's order.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="model">Name of the model.</param>
    public static IReadOnlyList<StageState> PathPatching(SweepState state, string model) => [.. Stages(state, model, PathPatchingKind)];

    /// <summary>The chain that a path-patching stage is part of: entity tracking's where it names none, as older journals do.</summary>
    /// <param name="stage">A path-patching stage.</param>
    public static PathChain Chain(Stage stage) =>
        stage.Parameters.TryGetValue("chain", out var text) ? PathChain.Parse(text) : PathChain.EntityTracking;

    /// <summary>The chain's group that a path-patching stage scores; one that the chain has not is named only.</summary>
    /// <param name="stage">A path-patching stage.</param>
    public static PathGroup Group(Stage stage)
    {
        var name = stage.Parameters.GetValueOrDefault("group") ?? stage.Id[(stage.Id.LastIndexOf('/') + 1)..];
        return Chain(stage).Groups.FirstOrDefault(g => g.Name == name) ?? new PathGroup(name, name, "");
    }

    /// <summary>
    /// Scores of a path-patching stage from the units that are done. A head that was scored in several batches of prompts gets the
    /// mean over all their prompts, and the standard error that the prompts would have given together: squares about the common
    /// mean are those about each batch's mean plus those of the batches' means.
    /// </summary>
    /// <param name="state">The sweep, which knows the model's layers and heads.</param>
    /// <param name="stage">One of its path-patching stages, begun or not.</param>
    /// <exception cref="InvalidDataException">A result or a receiver is of no head that the model has.</exception>
    public static SweepScores Scores(SweepState state, StageState stage)
    {
        var model = state.Plan!.Model(stage.Stage.Model);
        var (scores, errors) = (Filled(model, double.NaN), Filled(model, double.NaN));
        var (samples, measured) = (new int[model.Layers, model.Heads], new bool[model.Layers, model.Heads]);
        foreach (var head in stage.Results.Select(r => r.Result).GroupBy(r => r.Item, StringComparer.Ordinal))
        {
            var (layer, index) = HeadOf(head.Key, model, stage.Stage.Id);
            (scores[layer, index], errors[layer, index], samples[layer, index]) = Pooled([.. head]);
            measured[layer, index] = true;
        }
        if (stage.Status != StageStatus.Waiting)
        {
            var withUnits = stage.Order.Select(LayerOf).ToHashSet();
            foreach (var layer in Enumerable.Range(0, model.Layers).Where(l => !withUnits.Contains(l)))
                for (var index = 0; index < model.Heads; index++)
                    (scores[layer, index], errors[layer, index], measured[layer, index]) = (0, 0, true);
        }
        var path = new PathScores(Group(stage.Stage), Receivers(stage, model), scores, errors, 0);
        return new(path, samples, measured) { IsComplete = stage.Status == StageStatus.Completed };
    }

    /// <summary>
    /// A model's circuit as the paper's files have it: by <see cref="PaperNames"/>, the most negative heads first, as many as the
    /// stage's parameter "circuit" says or else "receivers", none that scores zero or more. Heads of both A and B leave A. Groups
    /// whose stage is not complete are left out.
    /// </summary>
    /// <param name="state">The sweep.</param>
    /// <param name="model">Name of the model.</param>
    /// <exception cref="InvalidDataException">A stage does not say how many heads its circuit has.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<Head>> Circuit(SweepState state, string model)
    {
        var found = SweepCircuits.Of(state, model);
        var complete = PathPatching(state, model).Where(s => s.Status == StageStatus.Completed).Select(s => Group(s.Stage).Name).ToHashSet();
        return found.Groups.Where(g => complete.Contains(g.Key)).ToDictionary(g => PaperName(g.Key), g => g.Value);
    }

    /// <summary>A group's name in the paper's files; its own where the paper has no such group.</summary>
    /// <param name="group">"A".</param>
    public static string PaperName(string group) => PaperNames.GetValueOrDefault(group, group);

    /// <summary>How many heads of a stage its circuit has.</summary>
    /// <param name="stage">A path-patching stage.</param>
    /// <exception cref="InvalidDataException">It does not say.</exception>
    public static int CircuitSize(Stage stage)
    {
        var text = stage.Parameters.GetValueOrDefault("circuit") is { Length: > 0 } own ? own : stage.Parameters.GetValueOrDefault("receivers");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : throw new InvalidDataException($"stage {stage.Id} does not say how many heads its circuit has: '{text}'");
    }

    /// <summary>The layer that a unit of a path-patching stage is of, from its id, or -1 where the id names none.</summary>
    private static int LayerOf(string unit)
    {
        const string word = "layer-";
        var at = unit.LastIndexOf(word, StringComparison.Ordinal);
        return at >= 0 && int.TryParse(unit.AsSpan(at + word.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var layer) ? layer : -1;
    }

    /// <summary>Mean, standard error and number of the prompts of several batches together.</summary>
    public static (double Score, double Error, int Samples) Pooled(IReadOnlyList<InterventionResult> batches)
    {
        // One batch is returned as it is, so that no bit of it changes.
        if (batches.Count == 1) return (batches[0].Score, batches[0].Error, batches[0].Samples);
        var count = batches.Sum(b => b.Samples);
        var mean = batches.Sum(b => b.Score * b.Samples) / count;
        var squares = 0.0;
        foreach (var (_, score, error, samples, _) in batches)
        {
            if (samples > 1) squares += error * error * samples * (samples - 1); // of a single prompt there is no error to count
            squares += samples * (score - mean) * (score - mean);
        }
        return (mean, count < 2 ? double.NaN : Math.Sqrt(squares / (count - 1) / count), count);
    }

    private static Head[] Receivers(StageState stage, PlannedModel model) =>
        [.. (stage.Inputs ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => HeadOf(text, model, stage.Stage.Id))];

    private static Head HeadOf(string text, PlannedModel model, string stage)
    {
        if (Head.Read(text) is { } head && head.Layer < model.Layers && head.Index < model.Heads) return head;
        throw new InvalidDataException($"stage {stage} has a result of '{text}', which is no head of {model.Name} ({model.Layers} layers of {model.Heads} heads)");
    }

    private static IEnumerable<StageState> Stages(SweepState state, string model, string kind) =>
        state.InOrder.Where(s => s.Stage.Kind == kind && s.Stage.Model == model);

    private static double[,] Filled(PlannedModel model, double value)
    {
        var filled = new double[model.Layers, model.Heads];
        for (var l = 0; l < model.Layers; l++)
            for (var h = 0; h < model.Heads; h++) filled[l, h] = value;
        return filled;
    }
}
