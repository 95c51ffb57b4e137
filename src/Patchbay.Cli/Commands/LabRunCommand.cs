using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Libtorch;

namespace Patchbay.Cli.Commands;

/// <summary>What `pbm lab train` and `pbm lab finetune` share: a recipe, a folder, and a run that can be
/// interrupted.</summary>
internal abstract class LabRunCommand : PbmCommand
{
    private readonly Argument<string> recipe = new("recipe")
    {
        Description = $"A recipe (JSON, see docs/lab.md), or a built-in one: {string.Join(", ", LabRecipes.Names)}",
        HelpName = "RECIPE",
    };
    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder of the run; one that is there already goes on",
        HelpName = "FOLDER",
        Required = true
    };
    private readonly Option<ulong?> seed = CommonOptions.Parsed<ulong?>("--seed", "N",
        "Seed of weights and data, in place of the recipe's", text => Lists.Whole(text, WholeRange.Seeds));
    private readonly Option<int?> steps = CommonOptions.Whole("--steps",
        "Steps, in place of the recipe's", WholeRange.Steps);
    private readonly Option<int?> checkpoints = CommonOptions.Whole("--checkpoint-every",
        "Keep a checkpoint every N steps, in place of the recipe's", WholeRange.Steps);
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int?> threads = CommonOptions.Threads();

    protected LabRunCommand(string name, string description, params string[] examples)
        : base(name, description, examples)
    {
        Add(recipe);
        foreach (var option in new Option[] { folder, seed, steps, checkpoints, device, threads }) Add(option);
    }

    /// <summary>The run, new or as far as it is. To the lab a recipe is an argument; here it is the operator's
    /// input.</summary>
    private TrainingRun Open(Call call, TrainingRecipe chosen, string? start, int count)
    {
        try
        {
            var on = TorchModelSource.DeviceOf(call.Get(device));
            return TrainingRun.Open(call.Get(folder), chosen, start, count, on);
        }
        catch (ArgumentException e) when (e.GetType() == typeof(ArgumentException))
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <summary>Trains.</summary>
    protected ExitCode Train(Call call, string? start)
    {
        var count = call.Get(threads) ?? ProcessorCores.Available();
        TorchRuntime.Configure(1); // training has threads of its own
        var chosen = LabRecipes.Find(call.Get(recipe));
        chosen = chosen with
        {
            Seed = call.Get(seed) ?? chosen.Seed,
            Steps = call.Get(steps) ?? chosen.Steps,
            CheckpointEvery = call.Get(checkpoints) ?? chosen.CheckpointEvery,
        };
        using var run = Open(call, chosen, start, count);
        if (run.IsDone) call.Notice($"{run.Folder} is done: its model is in {run.ModelFolder}");
        else if (run.Steps > 0) call.Notice($"going on after step {run.Steps}");
        try
        {
            LabProgress.Run(call, run);
        }
        catch (OperationCanceledException)
        {
            call.Notice($"paused after step {run.Steps}; the same command goes on");
            throw;
        }
        var log = TrainingLog.Read(Path.Combine(run.Folder, TrainingLog.FileName));
        var scores = log.Last(e => e.Scores is not null).Scores!;
        var curve = Path.Combine(run.Folder, "curve.svg");
        if (log.Any(e => e.Loss is not null))
            LabCurveCommand.WriteChart(curve, TrainingCurve.Named([(run.Folder, log)]));
        var seconds = log.Sum(e => e.Seconds ?? 0);
        call.WriteFacts(
        [
            ("model", run.ModelFolder),
            ("curve", curve),
            ("steps", $"{run.Steps}"),
            ("trained", $"{run.TrainedCount:N0} numbers"),
            ("seed", $"{chosen.Seed}"),
            ("time", $"{TimeSpan.FromSeconds(seconds):h\\:mm\\:ss} in steps"),
            .. scores.Select(s => (s.Key, (string?)s.Value.ToString())),
        ]);
        call.WriteJson(new
        {
            run.Folder,
            Model = run.ModelFolder,
            run.Steps,
            run.TrainedCount,
            chosen.Seed,
            Seconds = seconds,
            Scores = scores,
        });
        return ExitCode.Ok;
    }
}

/// <summary>`pbm lab train RECIPE`: trains a model from scratch.</summary>
internal sealed class LabTrainCommand() : LabRunCommand("train", "Train a small model from scratch",
    "pbm lab train small --out small-run", "pbm lab train base --seed 3 --checkpoint-every 50 --out base-3")
{
    public override ExitCode Run(Call call) => Train(call, null);
}

/// <summary>`pbm lab finetune RECIPE --from MODEL`: fine-tunes a checkpoint of the lab.</summary>
internal sealed class LabFineTuneCommand : LabRunCommand
{
    private readonly Option<string> from = new("--from")
    {
        Description = "Checkpoint to start from, one of the lab's",
        HelpName = "MODEL",
        Required = true
    };

    public LabFineTuneCommand() : base(
        "finetune", "Fine-tune a small model: all weights, a LoRA adapter, or only some heads",
        "pbm lab finetune goat --from models/tiny-base --out goat-run") => Add(from);

    public override ExitCode Run(Call call) => Train(call, call.Get(from));
}

/// <summary>A training under a progress bar, its evaluations told as they come.</summary>
internal static class LabProgress
{
    /// <summary>Runs to the end.</summary>
    public static void Run(Call call, TrainingRun run) => call.WithProgress(run.Recipe.Name, report =>
    {
        LogEntry? last = null;
        run.Run(entry =>
        {
            if (entry.Scores is null) last = entry;
            else
            {
                var scores = string.Join("  ", entry.Scores.Select(s => $"{s.Key} {s.Value.Share:0.000}"));
                call.WriteLine($"{run.Recipe.Name} step {entry.Step,5}  {last?.Stage,-13} loss {last?.Loss,6:0.000}  "
                    + $"{scores}  {last?.Seconds,5:0.00} s/step");
            }
            report($"{run.Recipe.Name}: {last?.Stage} loss {last?.Loss:0.00}", entry.Step / (double)run.Recipe.Steps);
        }, call.Interrupted);
        return true;
    });
}
