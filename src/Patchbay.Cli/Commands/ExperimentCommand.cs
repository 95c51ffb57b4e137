using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Patchbay.Experiments.Stages;
using Patchbay.Sweeps;
using Patchbay.Sweeps.Studies;

namespace Patchbay.Cli.Commands;

/// <summary>
/// `pbm experiment KIND MODEL`: one experiment on one model (or, for cross-model patching, a donor and a base). It writes a study of that one
/// experiment and of what it needs before, and runs it as any other: recorded, resumable, with a report.
/// </summary>
internal sealed class ExperimentCommand : PbmCommand
{
    /// <summary>Path patching calls its number of candidates "circuit"; other experiments call the circuit itself so.</summary>
    private static readonly (string Field, string Option) Candidates = ("circuit", "candidates");

    private readonly Experiment kind;
    private readonly Argument<string> model = new("MODEL") { Description = "Folder of a checkpoint" };
    private readonly Option<string?> adapter = new("--adapter") { Description = "Folder of a LoRA adapter for it", HelpName = "FOLDER" };
    private readonly Option<string?> into = new("--base")
    {
        Description = "Folder of the base model that activations are patched into",
        HelpName = "FOLDER"
    };
    private readonly Option<string?> taskFile = new("--task") { Description = "Prompts as JSONL (docs/tasks.md); entity tracking is generated without", HelpName = "FILE" };
    private readonly Option<int> boxes = CommonOptions.Parsed("--boxes", "N", "Boxes of a generated scene", Lists.Count, 7);
    private readonly Option<int> taskPrompts = CommonOptions.Parsed("--task-prompts", "N",
        "Prompts of path patching, where the circuit is not given", Lists.Count, 300);
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<string> dtype = CommonOptions.Dtype();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly Option<bool> anew = new("--new") { Description = "Run it again even where the same experiment is unfinished" };
    private readonly Option<string> data = DataFolder.Option();
    private readonly NodeSettings node = new();
    private readonly List<(Experiment Experiment, StageField Field, Option<string?> Option)> fields = [];
    private readonly IReadOnlyList<Experiment> before;

    /// <param name="kind">The experiment.</param>
    public ExperimentCommand(Experiment kind) : base(kind.Name, kind.Summary, Example(kind))
    {
        this.kind = kind;
        before = [.. kind.Needs.Select(Experiment.Of)];
        Add(model);
        foreach (var field in kind.Fields) AddField(kind, field);
        foreach (var experiment in before)
            foreach (var field in experiment.Fields)
            {
                if (field.Name is "chain" or "receivers" || field.Name == Candidates.Field && experiment is PathPatchingExperiment)
                    AddField(experiment, field);
            }
        foreach (var option in new Option[] { adapter, taskFile, boxes, taskPrompts, seed, dtype, device, threads, anew, data }) Add(option);
        if (kind is CmapExperiment) Add(into);
        foreach (var option in node.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var home = DataHome.Open(call, data);
        var name = $"{kind.Name}-{NameOf(call.Get(model))}";
        var path = Path.Combine(home.Folder, "experiments", $"{name}.yaml");
        OutputFile.Write(path, Encoding.UTF8.GetBytes(Study(call, name)));
        var study = StudyInput.Load(call, path, ModelCatalogue.Empty);
        var id = SweepRun.Begin(call, home, StudyInput.Plan(call, study, home, call.Get(threads) ?? ProcessorCores.Available(),
            node), call.Get(anew));
        var code = SweepRun.Serve(call, home, id, node, kind.Name);
        if (code != ExitCode.Ok || call.IsJson) return code;
        var state = SweepJournals.Find(home.Journal, id).State;
        call.Draw(() => SweepTables.Results(state, kind.Name));
        return code;
    }

    /// <summary>The study, as YAML: texts in JSON's quotes are YAML too.</summary>
    private string Study(Call call, string name)
    {
        string Full(string path) => Path.GetFullPath(path);
        string Quoted(string text) => JsonSerializer.Serialize(text);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# Written by pbm experiment {kind.Name}; pbm study run does the same with it.");
        text.AppendLine(CultureInfo.InvariantCulture, $"name: {name.ToLowerInvariant()}").AppendLine("models:");
        if (kind is CmapExperiment)
        {
            var target = call.Get(into) ?? throw new InvalidDataException(
                "cross-model patching needs the model that is patched: give it with --base FOLDER");
            text.AppendLine(CultureInfo.InvariantCulture, $"  - {{name: {Quoted("base")}, path: {Quoted(Full(target))}}}");
        }
        var tuned = call.Get(adapter) is { } folder ? $", adapter: {Quoted(Full(folder))}" : "";
        text.AppendLine(CultureInfo.InvariantCulture,
            $"  - {{name: {Quoted(NameOf(call.Get(model)))}, path: {Quoted(Full(call.Get(model)))}{tuned}}}");
        text.AppendLine(call.Get(taskFile) is { } file ? $"task: {{file: {Quoted(Full(file))}, prompts: {call.Get(taskPrompts)}}}"
            : $"task: {{kind: entity-tracking, boxes: {call.Get(boxes)}, prompts: {call.Get(taskPrompts)}}}");
        text.AppendLine(CultureInfo.InvariantCulture, $"seed: {call.Get(seed)}")
            .AppendLine(CultureInfo.InvariantCulture, $"compute: {{dtype: {call.Get(dtype)}, device: {Quoted(call.Get(device))}}}")
            .AppendLine("stages:");
        var circuitGiven = fields.Any(f => f.Experiment == kind && f.Field.Name == "circuit" && call.Get(f.Option) is { } given
            && (given.Contains('=') || IsFile(given)));
        foreach (var experiment in before.Where(e => !circuitGiven || e is DcmExperiment).Append(kind))
        {
            var values = from f in fields
                         where f.Experiment == experiment
                         let value = call.Get(f.Option)
                         where value is not null
                         select $"{f.Field.Name}: {Quoted(IsFile(value) ? Full(value) : value)}";
            text.AppendLine(CultureInfo.InvariantCulture, $"  - {experiment.Name}: {{{string.Join(", ", values)}}}");
        }
        return text.ToString();
    }

    private static bool IsFile(string value) => value.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    /// <summary>An option for a parameter; one that two experiments have is given once for both.</summary>
    private void AddField(Experiment experiment, StageField field)
    {
        var name = experiment != kind && field.Name == Candidates.Field ? Candidates.Option : field.Name;
        if (fields.FirstOrDefault(f => f.Option.Name == $"--{name}").Option is { } same)
        {
            fields.Add((experiment, field, same));
            return;
        }
        var option = new Option<string?>($"--{name}")
        {
            Description = field.Description + (field.Default.Length > 0 ? $" (default: {field.Default})" : "") + (experiment == kind ? ""
                : $", for {experiment.Name} before"),
            HelpName = "VALUE",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && field.Check(token.Value) is { } expected)
                result.AddError($"--{name}: expected {expected}, found '{token.Value}'");
        });
        fields.Add((experiment, field, option));
        Add(option);
    }

    private static string NameOf(string path) =>
        new([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))).ToLowerInvariant()
        .Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);

    private static string Example(Experiment kind) => kind switch
    {
        CmapExperiment => "pbm experiment cmap models/tiny-goat --base models/tiny-base",
        CircuitExperiment => "pbm experiment circuit models/tiny-base --circuit my-circuit.json --prompts 200",
        PatchExperiment => "pbm experiment activation-patching models/tiny-base --heads \"5.1 5.6@last\"",
        _ => $"pbm experiment {kind.Name} models/tiny-base",
    };
}
