using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Commands;
using Patchbay.Cluster;
using Patchbay.Experiments;
using Patchbay.Lab;
using Patchbay.Models;
using Patchbay.Models.Libtorch;

namespace Patchbay.Cli.Sweeps;

/// <summary>Study files and the catalogue, as commands are given them.</summary>
internal static class StudyInput
{
    /// <summary>Every experiment there is: those of Patchbay.Experiments, and the lab's.</summary>
    public static IReadOnlyList<Experiment> Experiments { get; } = [.. Experiment.All, new TargetedExperiment()];

    /// <summary>FILE.</summary>
    public static Argument<string> File() => new("FILE") { Description = "A study (docs/studies.md)" };

    /// <summary>--catalogue FILE.</summary>
    public static Option<string?> Catalogue() =>
        new("--catalogue")
        {
            Description = "Model catalogue (default: the project's cluster-config/models.yaml)",
            HelpName = "FILE"
        };

    /// <summary>The project's catalogue, or null where this program is not in the project.</summary>
    public static string? DefaultCatalogue() => BesideProject.Inside("cluster-config") is { } folder
        ? Path.Combine(folder, "models.yaml") : null;

    /// <summary>The catalogue.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static ModelCatalogue LoadCatalogue(Call call, Option<string?> option)
    {
        var path = call.Get(option) ?? DefaultCatalogue()
            ?? throw new FileNotFoundException(
                "there is no cluster-config/models.yaml beside this program: give the catalogue with --catalogue");
        InputFile.Require(path);
        return ModelCatalogue.Load(path);
    }

    /// <summary>A study without a mistake; what is to be noticed about its prompts is told.</summary>
    /// <exception cref="StudyException">It has some.</exception>
    public static Study Load(Call call, string path, ModelCatalogue catalogue)
    {
        InputFile.Require(path);
        var study = Study.Load(path, catalogue, Experiments, new CheckpointInspector());
        foreach (var notice in study.Notices) call.Notice(notice);
        return study;
    }

    /// <summary>Why a model of the catalogue cannot be used here, or null.</summary>
    public static string? Problem(CatalogueModel model) => model.UnsetSettings.Count > 0
        ? $"{string.Join(", ", model.UnsetSettings)} is not set" : model.Missing().Count > 0
            ? string.Join("; ", model.Missing()) : null;

    /// <summary>Where a model is.</summary>
    /// <exception cref="FileNotFoundException">It is not here.</exception>
    public static ModelPlace Place(CatalogueModel model) => Problem(model) is { } problem
        ? throw new FileNotFoundException($"model {model.Name} cannot be used: {problem}")
        : model.Place;

    /// <summary>Threads of one unit where the command line gives none.</summary>
    /// <exception cref="InvalidDataException">The study asks for more than this machine can run, and it is to run them.
    /// </exception>
    public static int Threads(Study study, DataHome home) =>
        study.Compute.Threads is { } given && home.Named is null && (ulong)given > CommonOptions.ThreadsHere.Most
            ? throw new InvalidDataException($"{study.Name}: field 'compute.threads': expected "
                + $"{CommonOptions.ThreadsHere} on this machine, found {given}")
            : study.Compute.Threads ?? Math.Max(1, ProcessorCores.Available() / study.Models.Count);

    /// <summary>Everything that the sweep will compute with: checkpoints are looked at and their bytes
    /// hashed.</summary>
    /// <param name="call">The command.</param>
    /// <param name="study">The study.</param>
    /// <param name="home">Keeps the prompts.</param>
    /// <param name="threads">Threads of one unit, for which libtorch is configured.</param>
    /// <param name="node">Says how much memory there is.</param>
    public static SweepPlan Plan(Call call, Study study, DataHome home, int threads, NodeSettings node)
    {
        // Where this machine computes, the device must be here.
        var memory = home.Named?.Info.MemoryBytes
            ?? node.Memory(call, TorchModelSource.DeviceOf(study.Compute.Device));
        return SweepPlanner.Plan(study, threads, memory, m => call.WithProgress($"{m.Name}: fingerprint", report =>
            SweepPlanner.PlanModel(m, study.Compute.Dtype,
            new Direct<ReadProgress>(p => report($"{m.Name}: fingerprint", p.Share)), call.Interrupted)),
            home.KeepPrompts);
    }
}
