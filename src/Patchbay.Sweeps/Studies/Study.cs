namespace Patchbay.Sweeps.Studies;

/// <summary>A study as its file gives it: checked, but with no model loaded.</summary>
/// <param name="Name">Its name: "quartet".</param>
/// <param name="Text">The file, whole.</param>
/// <param name="Seed">Seed of everything drawn at random.</param>
/// <param name="Task">Which prompts.</param>
/// <param name="Compute">How to compute.</param>
/// <param name="Attempts">How often a unit is tried before it is set aside.</param>
/// <param name="Models">The models, in the order of the file.</param>
/// <param name="Stages">The stages of all models, each after those that it needs.</param>
public sealed record Study(string Name, string Text, ulong Seed, StudyTask Task, StudyCompute Compute, int Attempts,
    IReadOnlyList<ModelPlace> Models, IReadOnlyList<Stage> Stages)
{
    /// <summary>Attempts where the file gives none.</summary>
    public const int DefaultAttempts = 3;

    /// <summary>Boxes of a scene where the file gives no number.</summary>
    public const int DefaultBoxes = 7;

    /// <summary>What its sweeps are to be found by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Sentences for people about the prompts of the task's file, as the models read them.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    /// <summary>Line of the device, or null where the file names none.</summary>
    public int? DeviceLine { get; init; }

    /// <summary>Loads a study and checks everything that can be checked without loading a model's weights.</summary>
    /// <param name="path">The file.</param>
    /// <param name="catalogue">The models that it can name.</param>
    /// <param name="kinds">The stages that it can ask for.</param>
    /// <param name="inspector">Looks at checkpoints and tokenizers; without one only the study itself is
    /// checked.</param>
    /// <exception cref="StudyException">The file has mistakes; the exception holds all of them.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Study Load(string path, ModelCatalogue catalogue, IReadOnlyList<StageKind> kinds,
        IStudyInspector? inspector = null) => Read(path, null, catalogue, kinds, inspector);

    /// <summary>Reads a study from a text that is in no file, likewise.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">The file that it may become: relative paths are taken from its folder.</param>
    /// <param name="catalogue">The models that it can name.</param>
    /// <param name="kinds">The stages that it can ask for.</param>
    /// <param name="inspector">Looks at checkpoints and tokenizers.</param>
    /// <exception cref="StudyException">The text has mistakes; the exception holds all of them.</exception>
    public static Study Parse(string text, string path, ModelCatalogue catalogue, IReadOnlyList<StageKind> kinds,
        IStudyInspector? inspector = null) => Read(path, text, catalogue, kinds, inspector);

    private static Study Read(string path, string? text, ModelCatalogue catalogue, IReadOnlyList<StageKind> kinds,
        IStudyInspector? inspector)
    {
        var mistakes = new MistakeList();
        var study = new StudyReader(path, catalogue, kinds, inspector, mistakes, text).Read();
        return study is not null && mistakes.Count == 0 ? study : throw new StudyException(path, mistakes.InOrder);
    }
}

/// <summary>Where a model lies.</summary>
/// <param name="Name">Its name in the study.</param>
/// <param name="Path">Full path of its checkpoint.</param>
/// <param name="Adapter">Full path of its LoRA adapter's folder, or null.</param>
/// <param name="Tokenizer">Full path of its tokenizer, where that does not lie with the checkpoint.</param>
/// <param name="Replicas">How many times it is to be loaded, to share its units; null for once.</param>
public sealed record ModelPlace(string Name, string Path, string? Adapter, string? Tokenizer = null,
    int? Replicas = null);

/// <summary>Where a study's prompts come from.</summary>
/// <param name="Kind">"entity-tracking" (generated), or "file".</param>
/// <param name="Prompts">How many.</param>
/// <param name="Boxes">Boxes of a scene; 0 where prompts are not generated.</param>
/// <param name="File">Full path of the prompt file, or null.</param>
public sealed record StudyTask(string Kind, int Prompts, int Boxes, string? File)
{
    /// <summary>What messages call that file: its path as it was given.</summary>
    public string? FileName { get; init; }

    /// <summary>The kind whose prompts are generated.</summary>
    public const string EntityTracking = "entity-tracking";

    /// <summary>The kind whose prompts come from a file.</summary>
    public const string FromFile = "file";
}

/// <summary>How a study's units compute.</summary>
/// <param name="Dtype">"float32", "float16", "bfloat16" or "float64".</param>
/// <param name="Device">"cpu" or "cuda:N".</param>
/// <param name="Threads">Threads of one unit; null where the file gives none.</param>
/// <param name="MemoryBytes">Memory that one model's unit may take, weights included; null where the file gives
/// none.</param>
/// <param name="Expect">Nodes to wait for; null where the file gives none.</param>
/// <param name="ExpectSeconds">How long; null where the file gives none.</param>
public sealed record StudyCompute(string Dtype, string Device, int? Threads, long? MemoryBytes, int? Expect = null,
    int? ExpectSeconds = null)
{
    /// <summary>Whether rotary frequencies are float64, as everything else then is.</summary>
    public bool ExactRotary { get; init; }

    /// <summary>Replicas of a model, and nodes to wait for.</summary>
    public static WholeRange Nodes { get; } = new(1, 1024);

    /// <summary>How long nodes are waited for, in seconds: a day at most.</summary>
    public static WholeRange Seconds { get; } = new(1, 24 * 60 * 60);

    /// <summary>What is used where the file says nothing.</summary>
    public static StudyCompute Default { get; } = new("float32", "cpu", null, null);
}
