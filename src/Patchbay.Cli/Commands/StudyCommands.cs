using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm study validate FILE`: everything that is wrong with a study, at once, before anything is
/// loaded.</summary>
internal sealed class StudyValidateCommand : PbmCommand
{
    private readonly Argument<string> file = StudyInput.File();
    private readonly Option<string?> catalogue = StudyInput.Catalogue();

    public StudyValidateCommand()
        : base("validate", "Check a study: every mistake with its line, before anything is loaded",
        "pbm study validate cluster-config/studies/quartet.yaml")
    {
        Add(file);
        Add(catalogue);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        var study = StudyInput.Load(call, path, StudyInput.LoadCatalogue(call, catalogue));
        string[] notices = [.. study.Notices, .. Device(study)];
        foreach (var notice in notices.Skip(study.Notices.Count)) call.Notice(notice);
        call.WriteLine($"{path}: study {study.Name}, {SweepText.Count(study.Models.Count, "model")}, "
            + $"{SweepText.Count(study.Stages.Count, "stage")}, {SweepText.Count(study.Task.Prompts, "prompt")}, "
            + $"seed {study.Seed}: no mistakes");
        call.WriteJson(new
        {
            study.Name,
            Models = study.Models.Select(m => m.Name),
            Stages = study.Stages.Select(s => s.Id),
            study.Task.Prompts,
            study.Seed,
            Notices = notices,
        });
        return ExitCode.Ok;
    }

    // No mistake: the study may be meant for another machine.
    private static string[] Device(Study study)
    {
        try
        {
            TorchModelSource.DeviceOf(study.Compute.Device);
            return [];
        }
        catch (InvalidDataException e)
        {
            return [$"line {study.DeviceLine}: field 'compute.device': {e.Message}; a node that has it runs the study "
                + "with --node, or this machine with another --device"];
        }
    }
}

/// <summary>`pbm study run FILE`: plans a sweep of a study and runs it, watched, in this process or on the node that is
/// up.</summary>
internal sealed class StudyRunCommand : PbmCommand
{
    private readonly Argument<string> file = StudyInput.File();
    private readonly Option<string?> catalogue = StudyInput.Catalogue();
    private readonly DataFolder data = new();
    private readonly Option<bool> anew = new(
        "--new")
    { Description = "Begin a new sweep even where one of the same study is unfinished" };
    private readonly Option<int?> threads = CommonOptions.Whole("--threads",
        "Threads of one unit (default: the study's, or else the cores divided by the models, at least 1); another "
            + "number may change the last bits of a score",
        CommonOptions.ThreadsHere);
    private readonly Option<string?> device = CommonOptions.Parsed<string?>("--device", "DEVICE",
        "Where to compute: cpu, cuda:N, or cuda for any GPU (default: the study's)", Lists.Device);
    private readonly NodeSettings node = new();

    public StudyRunCommand() : base("run",
        "Run a study: all its models in parallel, every result recorded, resumable at any instant",
        "pbm study run cluster-config/studies/quartet.yaml",
            "pbm study run cluster-config/studies/paper.yaml --data /big/patchbay")
    {
        Add(file);
        foreach (var option in (Option[])[catalogue, .. data.Options, anew, device, threads, .. node.Options])
            Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var study = StudyInput.Load(call, call.Get(file), StudyInput.LoadCatalogue(call, catalogue));
        using var home = DataHome.Open(call, data);
        study = study with { Compute = study.Compute with { Device = call.Get(device) ?? study.Compute.Device } };
        var ofUnit = call.Get(threads) ?? StudyInput.Threads(study, home);
        var (serving, plan) = node.Open(call, home, ofUnit, study.Name,
            () => StudyInput.Plan(call, study, home, ofUnit, node));
        using var _ = serving;
        return SweepRun.Serve(call, home, SweepRun.Begin(call, home, serving, plan, call.Get(anew)), serving);
    }
}
