using System.Globalization;
using Patchbay.Sweeps;

namespace Patchbay.Experiments.Stages;

/// <summary>A unit to be run: all that its model's owner must know.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">Which attempt, from 1.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Inputs">What the stage takes from those before it.</param>
/// <param name="Plan">The sweep's plan.</param>
public sealed record UnitOrder(string Sweep, string Unit, int Attempt, Stage Stage, string Inputs, SweepPlan Plan)
{
    /// <summary>Key of the unit within its stage.</summary>
    public string Key => UnitId.KeyOf(Unit);
}

/// <summary>A kind of stage that can be run: one file per experiment, with its definition, its units, and how one is computed.</summary>
public abstract class Experiment : StageKind
{
    /// <summary>Every experiment there is.</summary>
    public static IReadOnlyList<Experiment> All { get; } =
    [
        new AccuracyExperiment(), new PathPatchingExperiment(), new MinimalityExperiment(), new CircuitExperiment(),
        new DcmExperiment(), new FunctionalityExperiment(), new CmapExperiment(), new PatchExperiment(), new KnockoutExperiment(),
            new AttentionExperiment(), new AttributionExperiment(), new TargetedExperiment(),
    ];

    /// <summary>An experiment by its name.</summary>
    /// <exception cref="InvalidDataException">There is none: the journal was written by another version.</exception>
    public static Experiment Of(string kind) => All.FirstOrDefault(e => e.Name == kind)
        ?? throw new InvalidDataException($"this Patchbay knows no experiment '{kind}', only {string.Join(", ", All.Select(e => e.Name))}");

    internal const string OwnElsewhere = "own";

    /// <summary>What heads at other positions than the groups' do in an ablated model.</summary>
    protected static StageField Elsewhere => new("elsewhere", "mean",
        "What heads at other positions than the groups' give: their 'mean', as in the paper, or their 'own'",
        text => text is "mean" or OwnElsewhere ? null : $"'mean' or '{OwnElsewhere}'");

    /// <summary>What it tells, in a line.</summary>
    public abstract string Summary { get; }

    /// <summary>Kinds of stages that give it what it needs, in order: its circuit, where none is given.</summary>
    public virtual IReadOnlyList<string> Needs => [];

    /// <summary>Why it cannot be run on a task, or null.</summary>
    /// <param name="task">The task.</param>
    public virtual string? Refuses(PlannedTask task) => null;

    /// <summary>Runs a unit. The same unit gives the same bits whatever ran before it, on the same machine with the same number of
    /// threads.</summary>
    /// <param name="order">The unit.</param>
    /// <param name="session">Its model.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked often.</param>
    public abstract IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel);

    /// <summary>What is expected where a parameter is no number from <paramref name="least"/> to <paramref name="most"/>; null where it is.</summary>
    protected static string? Number(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? null
            : most == double.MaxValue ? $"a number of {least} or more" : $"a number from {least} to {most}";

    /// <summary>What is expected where a parameter is no chain; null where it is.</summary>
    protected static string? CheckChain(string text)
    {
        try
        {
            PathChain.Parse(text);
            return null;
        }
        catch (FormatException e)
        {
            return $"a chain such as \"{PathChain.EntityTracking}\" ({e.Message})";
        }
    }

    /// <summary>A parameter that is a whole number.</summary>
    protected static int Count(Stage stage, string name) => int.Parse(stage.Parameters[name], CultureInfo.InvariantCulture);

    /// <summary>Beginnings of units' keys, one for every batch of prompts: "prompts-0000-0099-", or a single "" where a unit takes all.</summary>
    /// <param name="stage">A stage with a parameter "batch".</param>
    /// <param name="prompts">How many prompts there are.</param>
    protected static IReadOnlyList<string> Ranges(Stage stage, int prompts) =>
        Count(stage, "batch") is > 0 and var batch ? [.. PromptRange.Split(prompts, batch).Select(r => $"{r.Key}-")] : [""];

    /// <summary>What is expected where a parameter is no whole number of at least <paramref name="least"/>; null where it is.</summary>
    protected static string? WholeNumber(string text, int least) =>
        int.TryParse(text, out var number) && number >= least ? null : $"a whole number of {least} or more";
}
