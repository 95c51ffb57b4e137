using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Results;
using Patchbay.Models;

namespace Patchbay.Cli.Sweeps;

/// <summary>A study that a command writes for the user: `pbm study run` does the same with its file.</summary>
/// <param name="name">Its name, of small letters, digits and '-'.</param>
internal sealed class OwnStudy(string name)
{
    private readonly List<string> models = [], stages = [];
    private string task = "";
    private (string Option, string Path, string Given)? file;

    /// <summary>Seed of everything drawn at random.</summary>
    public ulong Seed { get; init; } = 20;

    /// <summary>Name of the option for the number of the task's prompts.</summary>
    public string PromptsOption { get; init; } = "prompts";

    /// <summary>Number format.</summary>
    public string Dtype { get; init; } = "float32";

    /// <summary>Number format of rotary frequencies.</summary>
    public string Rotary { get; init; } = "float32";

    /// <summary>Where to compute.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Threads of one unit.</summary>
    public required int Threads { get; init; }

    /// <summary>Memory of one model's unit in bytes, or null for the node's share.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>A name for a checkpoint: its folder's, in characters that names may have.</summary>
    public static string NameOf(string path) =>
        new([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))).ToLowerInvariant()
            .Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);

    /// <summary>Adds a model; the first is the base.</summary>
    /// <exception cref="FileNotFoundException">There is no checkpoint, or no adapter.</exception>
    /// <exception cref="InvalidDataException">It is none that can be read.</exception>
    public void AddModel(string model, string path, string? adapter = null, string? tokenizer = null)
    {
        ModelArguments.Open(path, adapter).Dispose(); // says best what is wrong with it
        string Field(string field, string? value) => value is null ? ""
            : $", {field}: {Quoted(Path.GetFullPath(value))}";
        models.Add($"{{name: {Quoted(model)}{Field("path", path)}{Field("adapter", adapter)}"
            + $"{Field("tokenizer", tokenizer)}}}");
    }

    /// <summary>Prompts that are generated.</summary>
    public void AskEntities(int boxes, int prompts) =>
        task = $"{{kind: entity-tracking, boxes: {boxes}, prompts: {prompts}}}";

    /// <summary>Prompts of a file.</summary>
    /// <param name="option">The option that gives it.</param>
    /// <param name="given">What the user calls it.</param>
    /// <param name="path">Where it is read.</param>
    /// <param name="prompts">How many.</param>
    public void AskFile(string option, string given, string path, int prompts)
    {
        file = (option, Path.GetFullPath(path), given);
        task = $"{{file: {Quoted(file.Value.Path)}, prompts: {prompts}}}";
    }

    /// <summary>Adds an experiment; values of null are left out.</summary>
    public void AddStage(string kind, params IEnumerable<(string Field, string? Value)> values) =>
        stages.Add($"{kind}: {{"
        + string.Join(", ", values.Where(v => v.Value is not null).Select(v => $"{v.Field}: {Quoted(v.Value!)}"))
            + "}");

    /// <summary>Writes the study into a data folder and plans its sweep, while the process that serves the folder is
    /// found or begun.</summary>
    /// <exception cref="InvalidDataException">It has mistakes, each told of the option that it came from.</exception>
    public (Serving Serving, SweepPlan Plan) Open(Call call, DataHome home, NodeSettings node)
    {
        var path = Path.Combine(home.Folder, "experiments", $"{name}.yaml");
        OutputFile.Write(path, Yaml());
        try
        {
            var study = StudyInput.Load(call, path, ModelCatalogue.Empty);
            study = study with
            {
                Compute = study.Compute with { MemoryBytes = MemoryBytes },
                Task = study.Task with { FileName = file?.Given },
            };
            return node.Open(call, home, Threads, name, () => StudyInput.Plan(call, study, home, Threads, node));
        }
        catch (StudyException e)
        {
            throw new InvalidDataException(string.Join("; ", e.Mistakes.Select(AboutOption)));
        }
    }

    /// <summary>A mistake of a field as one of the option that the field was written from.</summary>
    private string AboutOption(StudyMistake mistake)
    {
        var sentence = mistake.Sentence.Replace($"field '{mistake.Field}': ", "", StringComparison.Ordinal);
        if (file is var (option, path, given))
        {
            sentence = sentence.Replace(path, given, StringComparison.Ordinal);
            if (mistake.Field == "task.file") return $"{option}: {sentence}";
        }
        if (mistake.Field == "task.prompts") return $"--{PromptsOption}: {sentence}";
        var parts = mistake.Field.Split('.');
        return parts.Length > (parts[0].StartsWith("stages", StringComparison.Ordinal) ? 2 : 1)
            ? $"--{parts[^1].Split('[')[0]}: {sentence}" : sentence;
    }

    private string Yaml()
    {
        var text = new StringBuilder();
        text.AppendLine("# Written by pbm; pbm study run does the same with it.")
            .AppendLine(CultureInfo.InvariantCulture, $"name: {name}");
        text.AppendLine("models:");
        foreach (var model in models) text.AppendLine(CultureInfo.InvariantCulture, $"  - {model}");
        text.AppendLine(CultureInfo.InvariantCulture, $"task: {task}")
            .AppendLine(CultureInfo.InvariantCulture, $"seed: {Seed}")
            .AppendLine(CultureInfo.InvariantCulture,
                $"compute: {{dtype: {Dtype}, device: {Quoted(Device)}, rotary: {Rotary}}}").AppendLine("stages:");
        foreach (var stage in stages) text.AppendLine(CultureInfo.InvariantCulture, $"  - {stage}");
        return text.ToString();
    }

    /// <summary>Texts in JSON's quotes are YAML too.</summary>
    private static string Quoted(string text) => JsonSerializer.Serialize(text);
}

/// <summary>The option of commands whose sweep is kept only where it is asked for.</summary>
internal sealed class KeepOption
{
    private readonly Option<string?> data = new("--data")
    {
        Description = "Keep the run in this folder's journal, from which it goes on after an interruption (default: "
            + "nothing is kept)",
        HelpName = "FOLDER",
    };

    /// <summary>The option, to be added to a command.</summary>
    public Option Option => data;

    /// <summary>Runs a study to its end and gives its sweep back.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted; what is kept can be resumed.</exception>
    /// <exception cref="InvalidDataException">A unit can never be run; the message is the unit's.</exception>
    /// <exception cref="IOException">Units failed again and again.</exception>
    public (string Id, SweepState State, IReadOnlyList<RecordedEvent> Events) Run(Call call, OwnStudy study,
        NodeSettings node)
    {
        using var home = call.Get(data) is { } folder ? DataHome.Open(DataFolder.Checked(folder))
            : DataHome.Temporary();
        string id;
        SweepState state;
        var (serving, plan) = study.Open(call, home, node);
        using (serving)
        {
            id = SweepRun.Begin(call, home, serving, plan, anew: false, quiet: call.Get(data) is null);
            state = SweepRun.ToEnd(call, id, serving);
        }
        var failed = SweepTables.Failed(state).Select(f => f.State).FirstOrDefault();
        if (failed?.Error is { } error)
            throw failed.Failures < state.Plan!.Attempts ? new InvalidDataException(error) : new IOException(error);
        return (id, state, home.Journal.Read(id, 0));
    }
}
