using System.Text.Json;

namespace Patchbay.Sweeps;

/// <summary>A parameter of a stage, as a study file gives it.</summary>
/// <param name="Name">"receivers".</param>
/// <param name="Default">Its value where the file gives none, in the form that <paramref name="Check"/> takes.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="Check">Says what is expected where a value is none ("a list of numbers of 1 or more"), null where it is
/// right. Values come as text, lists joined by commas.</param>
public sealed record StageField(string Name, string Default, string Description, Func<string, string?> Check)
{
    /// <summary>Whether it is a number of the task's prompts; a prompt file has only so many, and where a study gives
    /// none it is the task's own number of them.</summary>
    public bool CountsPrompts => Name is "prompts" or "means";
}

/// <summary>An entry of a study, for one model.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Values">A checked value for each of the kind's fields, as text.</param>
/// <param name="Models">All models of the study in its order; the first is the base.</param>
/// <param name="Before">Stages that the entries before this one make, of every model.</param>
public sealed record StageRequest(string Model, IReadOnlyDictionary<string, string> Values,
    IReadOnlyList<string> Models,
    IReadOnlyList<Stage> Before)
{
    /// <summary>Names of the positions that the prompts of the study's file have; null where prompts are
    /// generated.</summary>
    public IReadOnlyList<string>? Positions { get; init; }

    /// <summary>Whether the prompts come from a file.</summary>
    public bool FromFile { get; init; }

    /// <summary>The values as a record of parameters.</summary>
    public T Parameters<T>() => new JsonRecord(JsonSerializer.Serialize(Values)).As<T>();

    /// <summary>Stages of a kind and model that come before.</summary>
    public IReadOnlyList<Stage> Earlier(string kind, string model) =>
        [.. Before.Where(s => s.Kind == kind && s.Model == model)];
}

/// <summary>A kind of stage, an experiment, without its tensors: what a study says of it, which stages that makes, and
/// which units a stage has.</summary>
public abstract class StageKind
{
    /// <summary>Its name in study files: "path-patching".</summary>
    public abstract string Name { get; }

    /// <summary>Its parameters.</summary>
    public abstract IReadOnlyList<StageField> Fields { get; }

    /// <summary>Kinds of stages before it that give it what it needs.</summary>
    public virtual IReadOnlyList<string> Needs => [];

    /// <summary>The stages that one entry of a study makes of one model; none where it is of no use there.</summary>
    /// <param name="request">What the study asks for.</param>
    /// <exception cref="InvalidDataException">The parameters do not go together.</exception>
    /// <exception cref="MissingStageException">A stage that it needs is not before it.</exception>
    public abstract IReadOnlyList<Stage> Expand(StageRequest request);

    /// <summary>Why a stage could not be run, as far as that can be known before models are loaded; nothing where it
    /// can, or where its model could not be looked at.</summary>
    /// <param name="stage">A stage of this kind.</param>
    /// <param name="facts">The models and the prompts.</param>
    public virtual IEnumerable<StageMistake> Check(Stage stage, StudyFacts facts) => [];

    /// <summary>A stage's units, when the stages that it needs are complete. Must give the same whoever asks.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="state">The sweep.</param>
    public abstract StagePlan Plan(Stage stage, SweepState state);
}
