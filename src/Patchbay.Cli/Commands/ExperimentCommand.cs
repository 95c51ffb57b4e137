using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster;
using Patchbay.Experiments;

namespace Patchbay.Cli.Commands;

/// <summary>
/// `pbm experiment KIND MODEL`: one experiment on one model (or, for cross-model patching, a donor and a base). It
/// writes a study of that one experiment and of what it needs before, and runs it as any other: recorded, resumable,
/// with a report.
/// </summary>
internal sealed class ExperimentCommand : PbmCommand
{
    /// <summary>Path patching calls its number of candidates "circuit"; other experiments call the circuit itself
    /// so.</summary>
    private static readonly (string Field, string Option) Candidates = ("circuit", "candidates");

    private readonly Experiment kind;
    private readonly Argument<string> model = new("MODEL") { Description = "Folder of a checkpoint" };
    private readonly Option<string?> adapter = new("--adapter")
    {
        Description = "Folder of a LoRA adapter for it",
        HelpName = "FOLDER"
    };
    private readonly Option<string?> tokenizer = TaskCheckCommand.TokenizerOption(
        "Tokenizer, where MODEL's folder has none");
    private readonly Option<string?> into = new("--base")
    {
        Description = "Folder of the base model that activations are patched into",
        HelpName = "FOLDER"
    };
    private readonly Option<string?> taskFile = new(
        "--task")
    {
        Description = "Prompts as JSONL (docs/tasks.md); entity tracking is generated without",
        HelpName = "FILE"
    };
    private readonly Option<int> boxes = CommonOptions.Boxes("Boxes of a generated scene");
    private readonly Option<int> taskPrompts = CommonOptions.Whole("--task-prompts",
        "Prompts of path patching, where the circuit is not given (of a file: all)", WholeRange.Prompts, 300);
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<string> dtype = CommonOptions.Dtype();
    private readonly Option<string> rotary = CommonOptions.Rotary();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly Option<bool> anew = new(
        "--new")
    { Description = "Run it again even where the same experiment is unfinished" };
    private readonly DataFolder data = new();
    private readonly NodeSettings node = new();
    private readonly List<(Experiment Experiment, StageField Field, Option<string?> Option)> fields = [];
    private readonly IReadOnlyList<Experiment> before;

    /// <param name="kind">The experiment.</param>
    public ExperimentCommand(Experiment kind) : base(kind.Name, kind.Summary, Example(kind))
    {
        this.kind = kind;
        before = [.. kind.Needs.Select(name => StudyInput.Experiments.First(e => e.Name == name))];
        Add(model);
        foreach (var field in kind.Fields) AddField(kind, field);
        foreach (var experiment in before)
            foreach (var field in experiment.Fields)
            {
                if (field.Name is "chain" or "receivers" || field.Name == Candidates.Field
                    && experiment is PathPatchingExperiment)
                    AddField(experiment, field);
            }
        foreach (var option in (Option[])[adapter, tokenizer, taskFile, boxes, taskPrompts, seed, dtype, rotary,
            device, threads, anew, .. data.Options])
            Add(option);
        if (kind is CmapExperiment) Add(into);
        foreach (var option in node.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var home = DataHome.Open(call, data);
        var (serving, plan) = Study(call).Open(call, home, node);
        using var _ = serving;
        var id = SweepRun.Begin(call, home, serving, plan, call.Get(anew));
        var code = SweepRun.Serve(call, home, id, serving, kind.Name);
        if (code != ExitCode.Ok || call.IsJson) return code;
        var state = SweepJournals.Find(home.Journal, id).State;
        if (kind is PruneExperiment)
        {
            call.Draw(() => SweepTables.Pruned(state));
            call.Draw(() => SweepTables.Circuits(state));
        }
        else
        {
            call.Draw(() => SweepTables.Results(state, kind.Name));
        }
        foreach (var sentence in LeftOutPrompts.Sentences(state)) call.WriteLine(sentence);
        return code;
    }

    private OwnStudy Study(Call call)
    {
        var own = OwnStudy.NameOf(call.Get(model));
        var study = new OwnStudy($"{kind.Name}-{own}")
        {
            Seed = call.Get(seed),
            PromptsOption = "task-prompts",
            Dtype = call.Get(dtype),
            Rotary = call.Get(rotary),
            Device = call.Get(device),
            Threads = call.Get(threads) ?? ProcessorCores.Available(),
        };
        if (kind is CmapExperiment)
        {
            study.AddModel("base", call.Get(into) ?? throw new InvalidDataException(
                "cross-model patching needs the model that is patched: give it with --base FOLDER"));
        }
        study.AddModel(own, call.Get(model), call.Get(adapter), call.Get(tokenizer));
        var most = AddTask(call, study);
        var needsNothing = kind.NeedsNothing(name => fields
            .Where(f => f.Experiment == kind && f.Field.Name == name).Select(f => call.Get(f.Option)).FirstOrDefault());
        foreach (var experiment in before.Where(e => !needsNothing || e is DcmExperiment).Append(kind))
        {
            study.AddStage(experiment.Name, from field in experiment.Fields
                                            let given = fields.Where(f => f.Experiment == experiment
                                                && f.Field == field)
                                                .Select(f => call.Get(f.Option)).FirstOrDefault()
                                            let value = given ?? (field.CountsPrompts ? most : null)
                                            where value is not null
                                            select (field.Name, (string?)(CircuitSource.IsFile(value)
                                                ? Path.GetFullPath(value) : value)));
        }
        return study;
    }

    /// <summary>Says which prompts; how many there are at most, or null where as many as wanted are
    /// generated.</summary>
    private string? AddTask(Call call, OwnStudy study)
    {
        if (call.Get(taskFile) is not { } file)
        {
            study.AskEntities(call.Get(boxes), call.Get(taskPrompts));
            return null;
        }
        if (call.IsGiven(boxes))
            throw new InvalidDataException($"--boxes: expected without --task only, found with the prompts of {file}");
        var encode = SweepPlanner.EncoderOf(call.Get(model), call.Get(adapter), call.Get(tokenizer));
        var count = PromptInput.Load(file, encode, call.Get(seed))
            .Prompts.Count;
        study.AskFile("--task", file, file, call.IsGiven(taskPrompts) ? call.Get(taskPrompts) : count);
        return $"{count}";
    }

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
            Description = field.Description + (field.Default.Length > 0 ? $" (default: {field.Default})" : "")
                + (experiment == kind ? ""
                : $", for {experiment.Name} before"),
            HelpName = "VALUE",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && field.Check(token.Value) is { } expected)
                result.AddError($"--{name}: expected {expected}, found {Refusal.Quote(token.Value)}");
        });
        fields.Add((experiment, field, option));
        Add(option);
    }

    private static string Example(Experiment kind) => kind switch
    {
        CmapExperiment => "pbm experiment cmap models/tiny-goat --base models/tiny-base",
        CircuitExperiment => "pbm experiment circuit models/tiny-base --circuit my-circuit.json --prompts 200",
        PruneExperiment => "pbm experiment prune models/tiny-base --elsewhere own",
        PatchExperiment => "pbm experiment activation-patching models/tiny-base --heads \"5.1 5.6@last\"",
        _ => $"pbm experiment {kind.Name} models/tiny-base",
    };
}
