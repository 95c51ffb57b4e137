using System.CommandLine;
using System.Globalization;
using System.Xml.Linq;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm lab dynamics RUN`: path patching of every checkpoint of a training run, a sweep with a model per
/// checkpoint: when each head of the circuit came to matter, and how accuracy grew meanwhile.</summary>
internal sealed class LabDynamicsCommand : PbmCommand
{
    private const string Prefix = "step-";

    private readonly Argument<string> run = new(
        "RUN")
    { Description = "Folder of a training run, with checkpoints/step-000100, ..." };
    private readonly Option<int> prompts = CommonOptions.Prompts(100);
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<int> boxes = CommonOptions.Boxes();
    private readonly Option<IReadOnlyList<string>?> groups = CommonOptions.Groups();
    private readonly Option<IReadOnlyList<int>?> receivers = CommonOptions.Receivers();
    private readonly Option<int> every = CommonOptions.Whole("--every",
        "Take every Nth checkpoint, counted back from the last",
        WholeRange.Steps, 1);
    private readonly Option<string> dtype = CommonOptions.Dtype();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int> threads = CommonOptions.Whole("--threads",
        "Threads of one unit; as many units run as there are cores for", CommonOptions.ThreadsHere, 1);
    private readonly NodeSettings node = new();
    private readonly KeepOption keep = new();
    private readonly Option<string[]> to = new("--out")
    {
        Description = "File to write: .svg, .csv or .json; may be given several times",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
    };

    public LabDynamicsCommand()
        : base("dynamics", "Path-patch every checkpoint of a training run: how its circuit came about",
        "pbm lab dynamics runs/tiny-base --receivers 4 --out dynamics.svg --out dynamics.csv",
        "pbm lab dynamics runs/tiny-base --prompts 50 --groups A,B --every 4 --json")
    {
        Add(run);
        foreach (var option in new Option[] { prompts, seed, boxes, groups, receivers, every, to, dtype, device,
            threads, keep.Option })
            Add(option);
        foreach (var option in node.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var files = call.Get(to) ?? [];
        foreach (var path in files) ScoreFiles.CheckFormat(path);
        var checkpoints = Checkpoints(call.Get(run), call.Get(every));
        var (_, state, _) = keep.Run(call, Study(call, checkpoints), node);
        var wanted = call.Get(groups);
        var dynamics = new CircuitDynamics(OwnStudy.NameOf(call.Get(run)), call.Get(prompts), call.Get(seed),
        [
            .. checkpoints.Select(c => new CircuitAtStep(c.Step, SweepResults.Accuracy(state, NameOf(c.Step))!.Value,
                [.. SweepResults.PathPatching(state, NameOf(c.Step)).Select(s => SweepResults.Scores(state, s))
                    .Where(s => wanted?.Contains(s.Group.Name) ?? true)])),
        ]);
        string Write(string path)
        {
            OutputFile.Write(path, Path.GetExtension(path).ToLowerInvariant() switch
            {
                ".svg" => SvgLineChart.Draw(dynamics.Chart()).ToString(SaveOptions.DisableFormatting),
                ".csv" => SweepExport.ScoresCsv(state),
                _ => SweepExport.Json(state),
            });
            return path;
        }
        call.WriteThenShow(files.Select(Write), _ =>
        {
            call.Draw(() => Table(dynamics));
            call.WriteJsonText(() => SweepExport.Json(state).TrimEnd());
        });
        return ExitCode.Ok;
    }

    private OwnStudy Study(Call call, IReadOnlyList<(long Step, string Path)> checkpoints)
    {
        var study = new OwnStudy("dynamics")
        {
            Seed = call.Get(seed),
            Dtype = call.Get(dtype),
            Device = call.Get(device),
            Threads = call.Get(threads),
        };
        foreach (var (step, path) in checkpoints) study.AddModel(NameOf(step), path);
        study.AskEntities(call.Get(boxes), call.Get(prompts));
        study.AddStage(Kinds.Accuracy, ("prompts", $"{call.Get(prompts)}"));
        study.AddStage(Kinds.PathPatching,
            ("groups", string.Join(',', call.Get(groups) ?? CommonOptions.DefaultGroups)),
            ("receivers", call.Get(receivers) is { } counts ? string.Join(',', counts) : null));
        return study;
    }

    private static string NameOf(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:000000}");

    /// <summary>The checkpoints of a run in the order of their steps, every nth and always the last.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    private static IReadOnlyList<(long Step, string Path)> Checkpoints(string run, int every)
    {
        var folder = Path.Combine(run, "checkpoints");
        var found = (Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, Prefix + "*") : [])
            .Select(path => (Known: long.TryParse(Path.GetFileName(path).AsSpan(Prefix.Length), NumberStyles.None,
                CultureInfo.InvariantCulture, out var step), Step: step, Path: path))
            .Where(c => c.Known).Select(c => (c.Step, c.Path)).OrderByDescending(c => c.Step).ToArray();
        if (found.Length == 0)
            throw new DirectoryNotFoundException(
                $"{run} has no checkpoints: there is no folder {Path.Combine(folder, Prefix + "000100")} or the like");
        return [.. found.Where((_, i) => i % every == 0).Reverse()];
    }

    /// <summary>A row per checkpoint: accuracy, and each group's strongest head.</summary>
    private static Table Table(CircuitDynamics dynamics)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("step", "accuracy");
        foreach (var group in dynamics.Steps[0].Groups)
            table.AddColumn(new TableColumn(new Text(group.Group.Titled())).NoWrap());
        foreach (var step in dynamics.Steps)
        {
            string[] strongest = [.. step.Groups.Select(g => g.Top(1)[0] is var h ? $"{h,-5} {g[h]:0.0000}" : "")];
            table.AddRow(new[] { $"{step.Step:N0}", $"{step.Accuracy.Share:0.00}" }.Concat(strongest)
                .Select(cell => new Text(cell)));
        }
        return table;
    }
}
