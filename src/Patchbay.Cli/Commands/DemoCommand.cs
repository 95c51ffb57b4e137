using System.CommandLine;
using System.Diagnostics;
using System.Xml.Linq;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Patchbay.Lab.Training;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm demo`: the four models of the paper in miniature: how well each tracks entities, which heads do it,
/// and how much of the base's circuit each fine-tune uses.</summary>
internal sealed class DemoCommand : PbmCommand
{
    private const ulong Seed = 20;
    private const int Boxes = 7;

    /// <summary>Heads of a circuit are significant and have at least this share of the strongest head's score. Circuits
    /// of as many heads each would make precision and recall the same number and hide that a fine-tune's circuit
    /// grew.</summary>
    private const string Salience = "0.1";

    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder for report, pictures and scores",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "out/demo",
    };
    private readonly Option<string?> models = new("--models")
    {
        Description = $"Folder that holds {string.Join(", ", Quartet.Names)} (default: the project's models/)",
        HelpName = "FOLDER",
    };
    private readonly Option<int> prompts = CommonOptions.Whole("--prompts", "Prompts to path-patch",
        WholeRange.Prompts, 300);
    private readonly Option<int> questions = CommonOptions.Whole("--questions",
        "Prompts to measure accuracy on", WholeRange.Prompts, 500);
    private readonly Option<int> threads = CommonOptions.Whole("--threads",
        "Threads of one unit; as many units run as there are cores for", CommonOptions.ThreadsHere, 1);
    private readonly NodeSettings node = new();
    private readonly KeepOption keep = new();

    public DemoCommand() : base("demo",
        "Path-patch every head of four small models, a base and its fine-tunes, and compare their circuits",
        "pbm demo", "pbm demo --out ./demo --threads 2", "pbm demo --models ./models --prompts 100 --json")
    {
        foreach (var option in new Option[] { folder, models, prompts, questions, threads,
            keep.Option }.Concat(node.Options)) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var clock = Stopwatch.StartNew();
        var paths = Paths(call.Get(models));
        var study = new OwnStudy("demo") { Seed = Seed, Threads = call.Get(threads) };
        foreach (var path in paths) study.AddModel(OwnStudy.NameOf(path), path);
        study.AskEntities(Boxes, call.Get(prompts));
        study.AddStage(Kinds.Accuracy, ("prompts", $"{call.Get(questions)}"));
        study.AddStage(Kinds.PathPatching, ("receivers", "4"), ("circuit", Salience), ("score", "right"));
        var (id, state, events) = keep.Run(call, study, node);
        var times = SweepTimes.Of(events);
        var notes = new List<string>();
        var overlaps = SweepTables.Overlaps(state, notes);
        call.WriteThenShow(Write(call, id, state, events), _ =>
        {
            SweepShowCommand.ShowResults(call, state, overlaps);
            foreach (var model in state.Plan!.Models)
            {
                call.WriteLine($"{model.Name}: strongest heads (layer.head, score ± standard error)");
                call.Draw(() => SweepMaps.Strongest(SweepMaps.OfModel(state, model.Name)));
            }
            SeedResults.Show(call, "As they were made",
                Quartet.Results(Path.GetDirectoryName(Path.GetFullPath(paths[0]))!));
        });
        call.WriteLine($"{clock.Elapsed.TotalSeconds:0.0} s in all");
        call.WriteJsonText(() => SweepDocument.Json(id, state, times, overlaps, null, notes));
        return ExitCode.Ok;
    }

    /// <summary>Folders of the four models.</summary>
    /// <exception cref="DirectoryNotFoundException">One is not there.</exception>
    private static string[] Paths(string? models)
    {
        var root = models ?? BesideProject.Inside("models") ?? throw new DirectoryNotFoundException(
            $"there is no folder models/ with {string.Join(", ", Quartet.Names)} in the project: give their folder "
                + "with --models");
        if (!Directory.Exists(root)) throw new DirectoryNotFoundException($"there is no folder {root}");
        string[] paths = [.. Quartet.Names.Select(name => Path.Combine(root, name))];
        string[] missing = [.. paths.Where(path => !Directory.Exists(path))];
        return missing.Length == 0 ? paths
            : throw new DirectoryNotFoundException(
                $"the demo needs four models and there is no {string.Join(" nor ", missing)}");
    }

    /// <summary>Writes numbers, then the report and the picture of all maps, which is a PNG too.</summary>
    /// <returns>Paths of those that one looks at first.</returns>
    private IEnumerable<string> Write(Call call, string id, SweepState state, IReadOnlyList<RecordedEvent> events)
    {
        string In(string name) => Path.Combine(call.Get(folder), name);
        foreach (var file in SweepExport.Files(state, "json").Concat(SweepExport.Files(state, "csv"))) OutputFile.Write(
            In(file.Name), file.Bytes);
        var input = new ReportInput(RunFacts.Of(id, state, events), SweepFindings.Of(state),
            SweepReport.Training(state.Plan!));
        foreach (var (name, text) in SweepReport.Files(input)) OutputFile.Write(In(name), text);
        var maps = (Path: In("heatmaps.svg"), Text: SvgHeatMaps.Draw(
            HeatMapRow.OnOneScale([.. state.Plan!.Models.Select(m => new HeatMapRow(m.Name,
            $"accuracy {SweepResults.Accuracy(state, m.Name)!.Value.Share:0.00}", SweepMaps.OfModel(state, m.Name)))]),
            "Path patching of every head of four models", Caption(state)).ToString(SaveOptions.DisableFormatting));
        OutputFile.Write(maps.Path, maps.Text);
        string[] first = ["report.html", "heatmaps.svg", "scores.json", "scores.csv", "results.csv"];
        foreach (var name in first) yield return In(name);
        foreach (var path in PngFiles.Write(call, [maps])) yield return path;
    }

    private static string Caption(SweepState state) =>
        $"Entity tracking, {Boxes} boxes, {state.Plan!.Task.Prompts} prompts from seed {Seed}: mean of (p − p₀) / p₀ "
        + "over the prompts that the model answers right, p the probability of the right object, when one head's "
        + "output is taken from another prompt. Blue: the answer becomes less probable. Outlined: the circuit, "
        + "significant heads with a tenth of the strongest's score. One colour scale per column.";
}
