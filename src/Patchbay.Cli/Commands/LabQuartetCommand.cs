using System.CommandLine;
using System.Diagnostics;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Lab.Training;
using Patchbay.Models.Libtorch;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm lab quartet`: trains the four models of the demo again, for several seeds, and compares them with
/// those shipped.</summary>
internal sealed class LabQuartetCommand : PbmCommand
{
    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder of the runs; what is there already goes on",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "out/quartet"
    };
    private readonly Option<int> seeds =
        CommonOptions.Whole("--seeds", "How many quartets, of seeds 1 to N", new(1, 1000), 3);
    private readonly Option<string?> ship =
        new("--ship") { Description = "Write seed 1's models, with cards, to this folder", HelpName = "FOLDER" };
    private readonly Option<int?> threads = CommonOptions.Threads();

    public LabQuartetCommand() : base(
        "quartet", "Train the five small models again from seeds, and compare them with the shipped ones",
        "pbm lab quartet", "pbm lab quartet --seeds 1 --out quartet", "pbm lab quartet --ship models")
    {
        foreach (var option in new Option[] { folder, seeds, ship, threads }) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        var clock = Stopwatch.StartNew();
        var count = call.Get(threads) ?? ProcessorCores.Available();
        TorchRuntime.Configure(1); // training has threads of its own
        ulong[] drawn = [.. Enumerable.Range(1, call.Get(seeds)).Select(s => (ulong)s)];
        var shipped = BesideProject.Inside("models") is { } models ? Quartet.Results(models) : [];
        var made = Quartet.Train(call.Get(folder), drawn, count, (name, run) =>
        {
            var begins = run.Steps > 0 ? $"going on after step {run.Steps}" : "begins";
            call.WriteLine($"{name}: {(run.IsDone ? "done before" : begins)}");
            LabProgress.Run(call, run);
        });
        if (call.Get(ship) is { } to) Quartet.Ship(call.Get(folder), made, drawn[0], to, BenchOutput.Machine());
        Show(call, made, shipped);
        call.WriteLine($"{clock.Elapsed.TotalMinutes:0.0} minutes in all, "
            + $"{made.Sum(m => m.Seconds) / 60:0.0} of them in steps");
        call.WriteJson(new { Made = made, Shipped = shipped, Minutes = clock.Elapsed.TotalMinutes });
        return ExitCode.Ok;
    }

    private static void Show(Call call, IReadOnlyList<QuartetModel> made, IReadOnlyList<QuartetModel> shipped)
    {
        var first = LabData.Evaluations[0];
        var table = BenchOutput.Table(
            [], ["model", "seed", .. LabData.Evaluations, $"shipped: {first}", "steps", "s"]);
        foreach (var m in made)
        {
            var old = shipped.FirstOrDefault(s => s.Name == m.Name && s.Seed == m.Seed);
            table.AddRow([m.Name, $"{m.Seed}", .. LabData.Evaluations.Select(e => Short(m.Scores[e])),
                old is null ? "-" : Short(old.Scores[first]), $"{m.Steps}", $"{m.Seconds:0}"]);
        }
        call.Draw(() => table);
        call.WriteLine("accuracies with half the width of their 95 % intervals");
        SeedResults.Show(call, "made now", made);
        SeedResults.Show(call, "shipped", shipped);
    }

    private static string Short(Proportion score) =>
        $"{score.Share:0.000} ±{(score.Interval.High - score.Interval.Low) / 2:0.000}";
}
