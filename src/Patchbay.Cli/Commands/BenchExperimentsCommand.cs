using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Models.Libtorch;
using Spectre.Console;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm bench experiments`: every experiment by the cone against whole forward passes, in one run.</summary>
internal sealed class BenchExperimentsCommand : PbmCommand
{
    private readonly Option<int> threads = BenchOutput.Threads();
    private readonly Option<int> few = CommonOptions.Whole("--reference",
        "Interventions per experiment that the reference does", WholeRange.Heads, 2);
    private readonly Option<int> repeats =
        CommonOptions.Whole("--repeats", "Runs of the cone; the best counts", WholeRange.Repeats, 2);
    private readonly Option<int> prompts = CommonOptions.Prompts(100);
    private readonly Option<int> triples = CommonOptions.Whole("--triples",
        "Triples of DCM: half to train, a quarter each to choose and to test",
        WholeRange.Prompts with { Least = 8 }, 500);

    public BenchExperimentsCommand() : base("experiments",
        "Time every experiment against whole forward passes: seconds per intervention, and their ratio",
        "pbm bench experiments", "pbm bench experiments --threads 2 --json")
    {
        foreach (var option in new Option[] { threads, few, repeats, prompts, triples }) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        TorchRuntime.Configure(call.Get(threads));
        var tokenizer = BenchmarkModel.LabTokenizer();
        var scenes = Desiderata.Generate(
            Desiderata.ObjectValue, call.Get(triples), 20, 7, text => tokenizer.Encode(text));
        var results = new List<object>();
        foreach (var of in new[] { "quartet", "wide" })
        {
            var (name, model, set, _) = BenchmarkModel.Make(of, call.Get(prompts), ScalarType.Float32, CPU);
            using var owned = model;
            using var donor = BenchmarkModel.Donor(of);
            var heads = Heads(model.Config);
            var bench = new ExperimentBenchmark(model, donor, set, heads, call.Get(few), call.Get(repeats));
            var timings = call.WithProgress(name, report => bench.Run(what => report(what, 0)));
            var dcm = call.WithProgress($"{name}: dcm", report => DcmBenchmark.Run(
                name, model, Subjects(scenes, heads), call.Get(repeats), what => report(what, 0)));
            results.Add(new { Model = name, Experiments = timings, Dcm = dcm.Groups });
            Show(call, name, set, timings);
            Show(call, dcm);
        }
        call.WriteJson(new
        {
            Machine = BenchOutput.Machine(),
            Prompts = call.Get(prompts),
            Triples = call.Get(triples),
            Threads = call.Get(threads),
            Results = results,
        });
        return ExitCode.Ok;
    }

    /// <summary>Twelve heads of every group, spread over the layers as a circuit's are: the later the group, the
    /// lower.</summary>
    private static Circuit Heads(DecoderConfig config)
    {
        var chain = PathChain.EntityTracking;
        return new(chain, chain.Groups.Index().ToDictionary(g => g.Item.Name, g => (IReadOnlyList<Head>)
        [
            .. Enumerable.Range(0, 12).Select(k => new Head(
                Math.Min(config.Layers - 1, (3 - g.Index) * config.Layers / 5 + k / 6),
                k % 6 + (g.Item.Name == "B" ? 2 : 0))),
        ]));
    }

    /// <summary>Masks at each of the chain's positions.</summary>
    private static DcmSubject[] Subjects(IReadOnlyList<PatchTriple> triples, Circuit heads) =>
        [.. heads.Chain.Groups.DistinctBy(g => g.Position).Select(g => new DcmSubject(g.Position, heads.Groups[g.Name],
        [
            .. triples.Select(t => new DcmTriple(t.Base.Ids, t.Base.Positions[g.Position], t.Source.Ids,
                t.Source.Positions[g.Position], t.Target)),
        ]))];

    private static void Show(Call call, DcmBenchmarkResult dcm)
    {
        var table = BenchOutput.Table(["dcm at"], "heads", "reference s a step", "cone s a step", "ratio",
            "whole: reference s", "cone s", "ratio", "difference");
        foreach (var g in dcm.Groups)
        {
            table.AddRow(g.Position.Replace('_', ' '), $"{g.Heads}", $"{g.ReferenceStepSeconds:0.000}",
                $"{g.ConeStepSeconds:0.0000}", $"{g.StepRatio:0.0}", $"{g.ReferenceSeconds:0.0}",
                $"{g.ConeSeconds:0.00}", $"{g.Ratio:0.0}", $"{g.LargestDifference:0.0e+0}");
        }
        call.Draw(() => table);
        call.WriteLine($"a step: forward and backward pass of {dcm.Batch} triples; whole: {dcm.Steps} steps with base "
            + "runs, sources, validations and test; difference: largest, of the mask.");
    }

    private static void Show(Call call, string name, PromptSet set, IReadOnlyList<ExperimentTiming> timings)
    {
        var tokens = set.Prompts.Max(p => p.Clean.Ids.Length);
        call.WriteLine($"{name}: {SweepText.Count(set.Count, "prompt")} of {tokens} tokens, {BenchOutput.Machine()}");
        var table = BenchOutput.Table(
            ["experiment"], "interventions", "reference s", "cone s", "ratio", "difference");
        foreach (var t in timings)
            table.AddRow(t.Experiment, $"{t.Interventions}", $"{t.ReferenceSeconds:0.000}",
                $"{t.ConeSeconds:0.00000}", $"{t.Ratio:0.0}", $"{t.LargestDifference:0.0e+0}");
        call.Draw(() => table);
        call.WriteLine("seconds per intervention, the cone's with its share of the base run; difference: largest, of "
            + "the answer's probability.");
    }
}
