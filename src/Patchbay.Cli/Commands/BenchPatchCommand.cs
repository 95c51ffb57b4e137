using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;
using Patchbay.Torch;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm bench patch`: path patching by the cone against the plain reference, in one run.</summary>
internal sealed class BenchPatchCommand : PbmCommand
{
    private readonly Option<int?> threads = CommonOptions.Parsed<int?>("--threads", "N", "Threads to compute with", text => Lists.Count(text), 1);
    private readonly Option<int> heads = CommonOptions.Parsed("--reference-heads", "N", "Heads per group that the reference does", Lists.Count, 2);
    private readonly Option<int> repeats = CommonOptions.Parsed("--repeats", "N", "Runs of the cone; the best counts", Lists.Count, 3);
    private readonly Option<int> prompts = CommonOptions.Parsed("--prompts", "N", "Number of prompts", Lists.Count, 64);

    public BenchPatchCommand() : base("patch", "Time path patching against the plain reference: seconds per head, ratio, GFLOP/s",
        "pbm bench patch", "pbm bench patch --threads 2 --repeats 5 --json")
    {
        foreach (var option in new Option[] { threads, heads, repeats, prompts }) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        Compute.Configure(call, call.Get(threads) ?? 1);
        var results = new List<PatchBenchmarkResult>();
        foreach (var make in new[] { Golden, Wide })
        {
            var (name, model, set, receivers) = make(call.Get(prompts));
            using var owned = model;
            var result = call.WithProgress(name, report => PatchBenchmark.Run(name, model, set, receivers, call.Get(heads),
                call.Get(repeats), () => TorchRuntime.MeasureGflops(), what => report(what, 0)));
            results.Add(result);
            Show(call, result);
        }
        call.WriteJson(new
        {
            Machine = Machine(),
            Results = results.Select(r => new
            {
                r.Model,
                r.Prompts,
                r.Tokens,
                r.Threads,
                r.PlainGflops,
                r.CacheSeconds,
                CacheGflops = r.CacheOperations / r.CacheSeconds / 1e9,
                r.ConeSeconds,
                r.ReferenceSeconds,
                r.ConeSecondsAbc,
                r.ReferenceSecondsAbc,
                r.PeakBytes,
                r.Groups,
            }),
        });
        return ExitCode.Ok;
    }

    private sealed record Subject(string Name, Llama Model, PromptSet Prompts, IReadOnlyList<Head> Receivers);

    /// <summary>golden/s256x4 with its own prompts and receivers, or without that folder a random model of its shape.</summary>
    private static Subject Golden(int prompts)
    {
        if (BesideProject.Find("golden", "s256x4") is not { } folder) return Random(prompts, 4, 256, 688);
        using var checkpoint = Checkpoint.Open(folder);
        var batch = Tasks.TokenBatch.Load(Path.Combine(folder, "batch.json"), Path.Combine(folder, "group_D_corrupt_positions.json"));
        return new("golden/s256x4 (4 layers x 8 heads, width 256)",
            new Llama(checkpoint.Config, checkpoint.Load(TorchSharp.torch.ScalarType.Float32)), batch.Prompts.Take(prompts),
            [.. batch.Receivers.Select(r => new Head(r.Layer, r.Head))]);
    }

    private static Subject Wide(int prompts) => Random(prompts, 8, 512, 1376);

    /// <summary>Random weights: time does not depend on them. Two receivers in each layer of the upper half.</summary>
    private static Subject Random(int prompts, int layers, int width, int feedForward)
    {
        var config = new LlamaConfig
        {
            Layers = layers,
            Heads = 8,
            KeyValueHeads = 8,
            HeadWidth = width / 8,
            Width = width,
            FeedForward = feedForward,
            Vocabulary = 2048,
        };
        return new($"random model ({layers} layers x 8 heads, width {width}, MLP {feedForward})", Llama.Random(config, seed: 20),
            SyntheticPrompts.Create(prompts, config.Vocabulary, seed: 20),
            [.. Enumerable.Range(layers / 2, layers - layers / 2).SelectMany(l => new Head[] { new(l, l % 8), new(l, (l + 3) % 8) })]);
    }

    private static void Show(Call call, PatchBenchmarkResult r)
    {
        call.WriteLine($"{r.Model}: {r.Prompts} prompts of {r.Tokens} tokens, {r.Threads} thread{(r.Threads == 1 ? "" : "s")}, {Machine()}");
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in new[] { "group", "heads", "reference s", "cone s", "ratio", "op ratio", "of it", "GFLOP/s", "of plain", "difference" })
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var g in r.Groups)
        {
            table.AddRow(g.Group, $"{g.Senders}", $"{g.ReferenceSecondsPerHead:0.000}", $"{g.ConeSecondsPerHead:0.00000}", $"{g.Ratio:0.0}",
                $"{g.OperationRatio:0.0}", $"{g.Ratio / g.OperationRatio:P0}", $"{g.ConeGflops:0.0}", $"{g.ConeGflops / r.PlainGflops:P0}",
                $"{g.LargestDifference:0.0e+0}");
        }
        call.Draw(() => table);
        call.WriteLine("reference s, cone s: seconds per head; op ratio: operations of the reference per operation of the cone;");
        call.WriteLine("of it: ratio / op ratio; GFLOP/s: the cone's; of plain: share of a plain matrix product's; difference: largest, of a score.");
        var caches = r.CacheOperations / r.CacheSeconds / 1e9;
        call.WriteFacts(
            ("plain product", $"{r.PlainGflops:0.0} GFLOP/s"),
            ("caches", $"{r.CacheSeconds:0.000} s, {caches:0.0} GFLOP/s, {caches / r.PlainGflops:P0} of plain"),
            ("A+B+C", $"{r.ConeSecondsAbc:0.00} s against {r.ReferenceSecondsAbc:0} s: {r.ReferenceSecondsAbc / r.ConeSecondsAbc:0} times"),
            ("A+B+C+D", $"{r.ConeSeconds:0.00} s against {r.ReferenceSeconds:0} s: {r.ReferenceSeconds / r.ConeSeconds:0} times"),
            ("peak memory", $"{r.PeakBytes / 1048576.0:0} MiB before the reference ran"));
        call.WriteLine("");
    }

    internal static string Machine()
    {
        const string Cpus = "/proc/cpuinfo";
        var name = File.Exists(Cpus) ? File.ReadLines(Cpus).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return $"{name?[(name.IndexOf(':', StringComparison.Ordinal) + 2)..] ?? "unknown processor"}, {ProcessorCores.Available()} cores";
    }
}
