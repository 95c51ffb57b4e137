using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster;
using Patchbay.Experiments;
using Patchbay.Models.Libtorch;
using Spectre.Console;
using static Patchbay.Cli.Commands.BenchOutput;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm bench patch`: path patching by the cone against the plain reference, in one run; in a narrower number
/// format also against float32, and how its scores agree.</summary>
internal sealed class BenchPatchCommand : PbmCommand
{
    private readonly Option<int> threads = Threads();
    private readonly Option<int> heads = CommonOptions.Whole("--reference-heads",
        "Heads per group that the reference does; 0 leaves it out", WholeRange.Heads with { Least = 0 }, 2);
    private readonly Option<int> repeats =
        CommonOptions.Whole("--repeats", "Runs of the cone; the best counts", WholeRange.Repeats, 3);
    private readonly Option<int> prompts = CommonOptions.Prompts(64);
    private readonly Option<string[]> models = CommonOptions.Parsed("--models", "NAME,NAME..",
        $"Which models: {string.Join(", ", BenchmarkModel.Names)}", BenchmarkModel.Parse, BenchmarkModel.DefaultNames);
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string> dtype = CommonOptions.Dtype();

    public BenchPatchCommand() : base(
        "patch", "Time path patching against the plain reference: seconds per head, ratio, GFLOP/s",
        "pbm bench patch", "pbm bench patch --threads 2 --repeats 5 --json",
        "pbm bench patch --models wide,7b --dtype bfloat16 --reference-heads 0", "pbm bench patch --device cuda:0")
    {
        foreach (var option in new Option[] { models, dtype, device, threads, heads, repeats, prompts }) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        TorchRuntime.Configure(call.Get(threads));
        var (on, narrow) =
            (TorchModelSource.DeviceOf(call.Get(device)), TorchModelSource.DtypeOf(call.Get(dtype)));
        var results = new List<object>();
        foreach (var name in call.Get(models))
        {
            PatchBenchmarkResult? wide = null;
            foreach (var of in new[] { ScalarType.Float32, narrow }.Distinct())
            {
                var result = Measure(call, name, of, on, of == narrow ? call.Get(heads) : 0);
                DtypeAgreement[] agreement = wide is null ? [] :
                    [.. wide.Groups.Select((g, i) => DtypeAgreement.Of(g.Group, wide.Effects[i], result.Effects[i]))];
                results.Add(Json(result, of, agreement));
                Show(call, result);
                if (wide is not null) Show(call, wide, result, agreement);
                wide = result;
            }
        }
        call.WriteJson(new { Machine = Machine(), Device = call.Get(device), Results = results });
        return ExitCode.Ok;
    }

    private PatchBenchmarkResult Measure(Call call, string name, ScalarType dtype, Device on, int referenceHeads)
    {
        var subject = BenchmarkModel.Make(name, call.Get(prompts), dtype, on);
        using var owned = subject.Model;
        var title = $"{subject.Title}, {Compute.NameOf(dtype)} on {call.Get(device)}";
        var size = on.type == TorchSharp.DeviceType.CPU ? 1024 : 8192;
        return call.WithProgress(title, report => PatchBenchmark.Run(title, subject.Model, subject.Prompts,
            subject.Receivers, referenceHeads, call.Get(repeats), () => TorchRuntime.MeasureGflops(dtype, on, size),
            what => report(what, 0)));
    }

    private static object Json(PatchBenchmarkResult r, ScalarType dtype, DtypeAgreement[] agreement) => new
    {
        r.Model,
        Dtype = Compute.NameOf(dtype),
        r.Prompts,
        r.Tokens,
        r.Threads,
        r.PlainGflops,
        r.CacheSeconds,
        r.CacheGflops,
        r.ConeSeconds,
        ReferenceSeconds = Finite(r.ReferenceSeconds),
        r.ConeSecondsAbc,
        ReferenceSecondsAbc = Finite(r.ReferenceSecondsAbc),
        r.PeakBytes,
        Groups = r.Groups.Select(g => new
        {
            g.Group,
            g.Senders,
            g.ConeSecondsPerHead,
            g.ConeOperations,
            g.ConeGflops,
            ReferenceSecondsPerHead = Finite(g.ReferenceSecondsPerHead),
            Ratio = Finite(g.Ratio),
            OperationRatio = Finite(g.OperationRatio),
            LargestDifference = Finite(g.LargestDifference),
        }),
        AgreementWithFloat32 = agreement,
    };

    private static void Show(
        Call call, PatchBenchmarkResult float32, PatchBenchmarkResult narrow, DtypeAgreement[] agreement)
    {
        var table = Table([], "group", "rank correlation", "top heads shared", "largest difference", "largest score",
            "reliability");
        foreach (var a in agreement)
        {
            table.AddRow(a.Group, Text(a.RankCorrelation, "0.0000"), $"{a.Shared} of {a.Top}",
                Text(a.LargestDifference, "0.0e+0"), Text(a.LargestScore, "0.0e+0"), Text(a.Reliability, "0.00"));
        }
        call.WriteLine("against float32, same weights and prompts:");
        call.Draw(() => table);
        call.WriteLine("reliability: share of the variance between heads in float32 that is not sampling error; "
            + "near 0, effects are noise.");
        var ratio = float32.ConeSecondsAbc / narrow.ConeSecondsAbc;
        call.WriteFacts(("A+B+C", $"{ratio:0.00} times as fast as float32"));
        call.WriteLine("");
    }

    private static void Show(Call call, PatchBenchmarkResult r)
    {
        call.WriteLine($"{r.Model}: {r.Prompts} prompts of {r.Tokens} tokens, "
            + $"{r.Threads} thread{(r.Threads == 1 ? "" : "s")}, {Machine()}");
        var table = Table([], "group", "heads", "reference s", "cone s", "ratio", "op ratio", "of it", "GFLOP/s",
            "of plain", "difference");
        foreach (var g in r.Groups)
        {
            table.AddRow(g.Group, $"{g.Senders}", Text(g.ReferenceSecondsPerHead, "0.000"),
                $"{g.ConeSecondsPerHead:0.00000}", Text(g.Ratio, "0.0"), Text(g.OperationRatio, "0.0"),
                Text(g.Ratio / g.OperationRatio, "P0"), $"{g.ConeGflops:0.0}", $"{g.ConeGflops / r.PlainGflops:P0}",
                Text(g.LargestDifference, "0.0e+0"));
        }
        call.Draw(() => table);
        call.WriteLine("reference s, cone s: seconds per head; op ratio: operations of the reference per operation of "
            + "the cone;");
        call.WriteLine("of it: ratio / op ratio; GFLOP/s: the cone's; of plain: share of a plain matrix product's; "
            + "difference: largest, of a score.");
        call.WriteFacts(
            ("plain product", $"{r.PlainGflops:0.0} GFLOP/s"),
            ("caches", $"{r.CacheSeconds:0.000} s, {r.CacheGflops:0.0} GFLOP/s, "
                + $"{r.CacheGflops / r.PlainGflops:P0} of plain"),
            ("A+B+C", Against(r.ConeSecondsAbc, r.ReferenceSecondsAbc)),
            ("A+B+C+D", Against(r.ConeSeconds, r.ReferenceSeconds)),
            ("peak memory", $"{r.PeakBytes / 1048576.0:0} MiB before the reference ran"));
        call.WriteLine("");
    }

    private static string Against(double cone, double reference) => double.IsFinite(reference)
        ? $"{cone:0.00} s against {reference:0} s: {reference / cone:0} times"
        : $"{cone:0.00} s";
}
