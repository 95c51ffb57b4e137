using System.CommandLine;
using System.Diagnostics;
using System.Xml.Linq;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.HeatMaps;
using Patchbay.Cli.Results;
using Patchbay.Experiments;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Libtorch;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm demo`: the four models of the paper in miniature: how well each tracks entities, which heads do it, and how much of
/// the base's circuit each fine-tune uses.</summary>
internal sealed class DemoCommand : PbmCommand
{
    private const ulong Seed = 20;
    private const int Boxes = 7;
    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder for pictures and scores",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "out/demo",
    };
    private readonly Option<string?> models = new("--models")
    {
        Description = $"Folder that holds {string.Join(", ", Quartet.Names)} (default: the project's models/)",
        HelpName = "FOLDER",
    };
    private readonly Option<int> prompts = CommonOptions.Parsed("--prompts", "N", "Prompts to path-patch", Lists.Count, 300);
    private readonly Option<int> questions = CommonOptions.Parsed("--questions", "N", "Prompts to measure accuracy on", Lists.Count, 500);
    private readonly Option<int?> threads = CommonOptions.Threads();

    public DemoCommand() : base("demo", "Path-patch every head of four small models, a base and its fine-tunes, and compare their circuits",
        "pbm demo", "pbm demo --out ./demo --threads 1", "pbm demo --models ./models --prompts 100 --json")
    {
        foreach (var option in new Option[] { folder, models, prompts, questions, threads }) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var clock = Stopwatch.StartNew();
        var paths = Paths(call.Get(models));
        var count = call.Get(threads) ?? ProcessorCores.Available();
        TorchRuntime.Configure(count);
        var encode = TaskCheckCommand.Encoder(paths[0]);
        var set = EntityPrompts.Generate(new(call.Get(prompts), Seed, Boxes), encode);
        var asked = EntityPrompts.Generate(new(call.Get(questions), Seed, Boxes), encode);
        foreach (var notice in set.Notices) call.Notice(notice);
        var patched = paths.Select(path => Patch(call, path, set, asked, count)).ToArray();
        var comparison = new CircuitComparison(patched, Seed, call.Get(prompts), clock.Elapsed.TotalSeconds);
        var written = Write(comparison, call.Get(folder));
        Show(call, comparison);
        SeedResults.Show(call, "As they were made", Quartet.Results(Path.GetDirectoryName(Path.GetFullPath(paths[0]))!));
        foreach (var path in written) call.WriteLine($"written: {path}");
        call.WriteLine($"{clock.Elapsed.TotalSeconds:0.0} s in all, {count} thread{(count == 1 ? "" : "s")}");
        return ExitCode.Ok;
    }

    /// <summary>Folders of the four models.</summary>
    /// <exception cref="DirectoryNotFoundException">One is not there.</exception>
    private static string[] Paths(string? models)
    {
        var root = models ?? BesideProject.Inside("models")
            ?? throw new DirectoryNotFoundException($"there is no folder models/ with {string.Join(", ", Quartet.Names)} in the project: give their folder with --models");
        if (!Directory.Exists(root)) throw new DirectoryNotFoundException($"there is no folder {root}");
        string[] paths = [.. Quartet.Names.Select(name => Path.Combine(root, name))];
        string[] missing = [.. paths.Where(path => !Directory.Exists(path))];
        return missing.Length == 0 ? paths : throw new DirectoryNotFoundException($"the demo needs four models and there is no {string.Join(" nor ", missing)}");
    }

    private static PatchedModel Patch(Call call, string path, PromptSet set, PromptSet asked, int threads)
    {
        var name = Path.GetFileName(path);
        using var checkpoint = Checkpoint.Open(path);
        set.CheckVocabulary(checkpoint.Config.Vocabulary);
        var fingerprint = PatchRun.Fingerprint(call, checkpoint);
        using var model = PatchRun.Load(call, checkpoint, new(threads, torch.CPU, torch.ScalarType.Float32));
        var accuracy = call.WithProgress($"{name}: accuracy", report =>
            TaskAccuracy.Measure(model, asked, new PatchRun.Direct<double>(done => report($"{name}: accuracy", done)), call.Interrupted));
        var result = PatchRun.Patch(call, model, set, CircuitComparison.Options, $"{name}: ");
        var report = PatchRun.Report(result, CircuitComparison.Options) with
        {
            Model = name,
            Fingerprint = fingerprint,
            Task = "entity tracking, 7 boxes",
            Seed = Seed,
            Dtype = "float32",
            Device = "cpu",
            Threads = threads,
        };
        return new(name, accuracy, result.Groups, report);
    }

    private static void Show(Call call, CircuitComparison comparison)
    {
        call.Draw(() => comparison.AccuracyTable());
        var rows = comparison.Rows();
        for (var g = 0; g < comparison.GroupCount; g++)
        {
            var title = rows[0].Maps[g];
            call.WriteLine($"{title.Name}  {title.Title}: mean relative change of the answer's probability");
            call.Draw(() => new TerminalHeatMaps([.. rows.Select(row =>
                row.Maps[g] with { Name = row.Name, Title = row.Note })])
            { LeastWidth = 26 });
            call.WriteLine("");
        }
        foreach (var row in rows)
        {
            call.WriteLine($"{row.Name}: strongest heads (layer.head, score ± standard error)");
            call.Draw(() => PathPatchingOutput.Table(row.Maps));
        }
        call.WriteLine(CircuitComparison.OverlapCaption);
        call.Draw(() => comparison.OverlapTable());
        call.WriteJsonText(comparison.ToJson().TrimEnd());
    }

    /// <summary>Writes numbers, then pictures of them.</summary>
    /// <returns>Paths of the files.</returns>
    private static List<string> Write(CircuitComparison comparison, string folder)
    {
        var written = new List<string>();
        string Named(string name)
        {
            written.Add(Path.Combine(folder, name));
            return written[^1];
        }
        OutputFile.Write(Named("scores.json"), comparison.ToJson());
        OutputFile.Write(Named("scores.csv"), comparison.ToCsv());
        foreach (var model in comparison.Models)
        {
            PatchOutput.Write(Named($"{model.Name}.json"), model.Report, CircuitComparison.Options);
            PatchOutput.Write(Named($"{model.Name}.csv"), model.Report, CircuitComparison.Options);
        }
        OutputFile.Write(Named("heatmaps.svg"),
            SvgHeatMaps.Draw(comparison.Rows(), "Path patching of every head of four models",
            comparison.Summary).ToString(SaveOptions.DisableFormatting));
        foreach (var model in comparison.Models)
            PatchOutput.Write(Named($"{model.Name}.svg"), model.Report, CircuitComparison.Options);
        return written;
    }
}
