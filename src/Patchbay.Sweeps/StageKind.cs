namespace Patchbay.Sweeps;

/// <summary>A parameter of a stage, as a study file gives it.</summary>
/// <param name="Name">"receivers".</param>
/// <param name="Default">Its value where the file gives none, in the form that <paramref name="Check"/> takes.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="Check">Says what is expected where a value is none ("a list of numbers of 1 or more"), null where it is right.
/// Values come as text, lists joined by commas.</param>
public sealed record StageField(string Name, string Default, string Description, Func<string, string?> Check);

/// <summary>A kind of stage, an experiment, without its tensors: what a study says of it, which stages that makes, and which units a
/// stage has.</summary>
public abstract class StageKind
{
    /// <summary>Its name in study files: "path-patching".</summary>
    public abstract string Name { get; }

    /// <summary>Its parameters.</summary>
    public abstract IReadOnlyList<StageField> Fields { get; }

    /// <summary>The stages that one entry of a study makes of one model.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="parameters">A checked value for each of <see cref="Fields"/>.</param>
    public abstract IReadOnlyList<Stage> Expand(string model, IReadOnlyDictionary<string, string> parameters);

    /// <summary>A stage's units, when the stages that it needs are complete. Must give the same whoever asks.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="state">The sweep.</param>
    public abstract StagePlan Plan(Stage stage, SweepState state);
}
