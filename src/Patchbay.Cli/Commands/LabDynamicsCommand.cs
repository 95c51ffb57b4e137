using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Tasks;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm lab dynamics RUN`: path patching of every checkpoint of a training run: when each head of the circuit came to
/// matter, and how accuracy grew meanwhile.</summary>
internal sealed class LabDynamicsCommand : PbmCommand
{
    private readonly Argument<string> run = new("RUN") { Description = "Folder of a training run, with checkpoints/step-000100, ..." };
    private readonly Option<int> prompts = CommonOptions.Parsed("--prompts", "N", "Number of prompts", Lists.Count, 100);
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<int> boxes = CommonOptions.Parsed("--boxes", "N", "Boxes per scene, 2 to 10", Lists.Count, 7);
    private readonly Option<IReadOnlyList<string>?> groups = CommonOptions.Groups();
    private readonly Option<IReadOnlyList<int>?> receivers = CommonOptions.Receivers();
    private readonly Option<int> every = CommonOptions.Parsed("--every", "N", "Take every Nth checkpoint, counted back from the last",
        Lists.Count, 1);
    private readonly Compute compute = new();
    private readonly Option<string[]> to = new("--out")
    {
        Description = "File to write: .svg, .csv or .json; may be given several times",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
    };

    public LabDynamicsCommand() : base("dynamics", "Path-patch every checkpoint of a training run: how its circuit came about",
        "pbm lab dynamics runs/tiny-base --receivers 4 --out dynamics.svg --out dynamics.csv",
        "pbm lab dynamics runs/tiny-base --prompts 50 --groups A,B --every 4 --json")
    {
        Add(run);
        foreach (var option in new Option[] { prompts, seed, boxes, groups, receivers, every, to }) Add(option);
        foreach (var option in compute.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        foreach (var path in call.Get(to) ?? []) DynamicsFiles.CheckFormat(path);
        var folders = Checkpoints(call.Get(run), call.Get(every));
        var choice = compute.Begin(call);
        var set = EntityPrompts.Generate(new(call.Get(prompts), call.Get(seed), call.Get(boxes)), TaskCheckCommand.Encoder(folders[^1].Path));
        foreach (var notice in set.Notices) call.Notice(notice);
        var options = new PathPatchingOptions
        {
            Groups = call.Get(groups) ?? CommonOptions.DefaultGroups,
            TopK = call.Get(receivers) ?? CommonOptions.DefaultReceivers,
        };
        PathChain.EntityTracking.Select(options.Groups, receiversGiven: false); // refused before the first checkpoint is loaded
        var name = Path.GetFileName(Path.GetFullPath(call.Get(run)).TrimEnd('/'));
        var dynamics = new CircuitDynamics(name, set.Count, call.Get(seed), call.WithProgress("path patching", report =>
            folders.Index().Select(f => Patch(call, f.Item, choice, set, options,
                (group, part) => report($"step {f.Item.Step:N0}, group {group}", (f.Index + part) / folders.Count))).ToArray()));
        var files = call.Get(to) ?? [];
        foreach (var path in files) DynamicsFiles.Write(path, dynamics);
        call.Draw(() => Table(dynamics));
        call.WriteJsonText(DynamicsFiles.ToJson(dynamics).TrimEnd());
        foreach (var path in files) call.WriteLine($"written: {path}");
        return ExitCode.Ok;
    }

    /// <summary>The checkpoints of a run in the order of their steps, every nth and always the last.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    private static IReadOnlyList<(long Step, string Path)> Checkpoints(string run, int every)
    {
        const string Prefix = "step-";
        var folder = Path.Combine(run, "checkpoints");
        var found = (Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, Prefix + "*") : [])
            .Select(path => (Known: long.TryParse(Path.GetFileName(path).AsSpan(Prefix.Length), NumberStyles.None,
                CultureInfo.InvariantCulture, out var step), Step: step, Path: path))
            .Where(c => c.Known).Select(c => (c.Step, c.Path)).OrderByDescending(c => c.Step).ToArray();
        if (found.Length == 0)
            throw new DirectoryNotFoundException($"{run} has no checkpoints: there is no folder {Path.Combine(folder, Prefix + "000100")} or the like");
        return [.. found.Where((_, i) => i % every == 0).Reverse()];
    }

    private static CircuitAtStep Patch(Call call, (long Step, string Path) at, Compute.Choice choice, PromptSet set, PathPatchingOptions options,
        Action<string, double> report)
    {
        call.Interrupted.ThrowIfCancellationRequested();
        using var checkpoint = Checkpoint.Open(at.Path);
        set.CheckVocabulary(checkpoint.Config.Vocabulary);
        using var model = new Llama(checkpoint.Config, checkpoint.Load(choice.Dtype, choice.Device, cancellation: call.Interrupted));
        var result = PathPatching.Run(model, set, PathChain.EntityTracking, options,
            new PatchRun.Direct<PathPatchingProgress>(p => report(p.Group, p.Fraction)), call.Interrupted);
        return new(at.Step, new(result.Correct.Count(c => c), result.Correct.Length), result.Groups);
    }

    /// <summary>A row per checkpoint: accuracy, and each group's strongest head.</summary>
    private static Table Table(CircuitDynamics dynamics)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("step", "accuracy");
        foreach (var group in dynamics.Steps[0].Groups)
            table.AddColumn(new TableColumn(new Text($"{group.Group.Name} {group.Group.Title}")).NoWrap());
        foreach (var step in dynamics.Steps)
        {
            string[] strongest = [.. step.Groups.Select(g => g.Top(1)[0] is var h ? $"{h,-5} {g.Scores[h.Layer, h.Index]:0.0000}" : "")];
            table.AddRow(new[] { $"{step.Step:N0}", $"{step.Accuracy.Share:0.00}" }.Concat(strongest).Select(cell => new Text(cell)));
        }
        return table;
    }
}
