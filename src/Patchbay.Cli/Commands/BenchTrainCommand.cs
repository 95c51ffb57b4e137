using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Libtorch;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm bench train`: a training step's rate, and its gradient against the plainest one, in one run.</summary>
internal sealed class BenchTrainCommand : PbmCommand
{
    private static readonly (string Name, ModelShape Shape)[] Shapes =
    [
        ("small (4 x 4 heads, width 128)", new(4, 4, 32, 128, 256)),
        ("quartet (6 x 8 heads, width 256)", new(6, 8, 32, 256, 384)),
        ("wide (8 x 8 heads, width 512)", new(8, 8, 64, 512, 1376)),
    ];

    private readonly Option<int> threads = BenchOutput.Threads();
    private readonly Option<int> repeats =
        CommonOptions.Whole("--repeats", "Steps of each model; the median counts", WholeRange.Repeats, 10);
    private readonly Option<int> sequences =
        CommonOptions.Whole("--sequences", "Sequences of a step", new(1, 1024), 64);
    private readonly Option<int> length =
        CommonOptions.Whole("--length", "Tokens of a sequence", new(2, 4096), 61);

    public BenchTrainCommand() : base("train",
        "Time training steps against the plainest gradient: seconds, ratio, GFLOP/s",
        "pbm bench train", "pbm bench train --threads 2 --json")
    {
        foreach (var option in new Option[] { threads, repeats, sequences, length }) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        TorchRuntime.Configure(call.Get(threads));
        var table = BenchOutput.Table([], "model", "rows", "step s", "GFLOP/s", "plain", "of plain", "gradient s",
            "plainest s", "ratio");
        var results = new List<object>();
        foreach (var (name, shape) in Shapes)
        {
            var r = call.WithProgress(name, _ => TrainBenchmark.Run(
                shape.Config(400), call.Get(sequences), Math.Max(2, call.Get(length)), call.Get(repeats),
                call.Get(threads), () => TorchRuntime.MeasureGflops()));
            table.AddRow(name, $"{r.Rows}", $"{r.Seconds:0.000}", $"{r.Gflops:0.0}", $"{r.PlainGflops:0.0}",
                $"{r.ShareOfPlain:P0}", $"{r.GradientSeconds:0.000}", $"{r.PlainSeconds:0.000}", $"{r.Ratio:0.0}");
            results.Add(new
            {
                Model = name,
                r.Rows,
                r.Threads,
                r.Seconds,
                r.Gflops,
                r.PlainGflops,
                r.ShareOfPlain,
                r.GradientSeconds,
                r.PlainSeconds,
                r.Ratio,
                r.Operations,
            });
        }
        call.Draw(() => table);
        call.WriteLine("step s: gradient and optimizer; GFLOP/s: of a step's matrix products; plain: a (1024, 1024) "
            + "product in this run;");
        call.WriteLine("ratio: the plainest gradient, of Decoder.Forward on all sequences at once, over the lab's.");
        call.WriteJson(new { Results = results });
        return ExitCode.Ok;
    }
}
