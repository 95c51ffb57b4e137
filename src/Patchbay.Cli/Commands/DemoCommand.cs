using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm demo`: path-patches every head of a checkpoint that is at hand through all four groups.</summary>
internal sealed class DemoCommand : PbmCommand
{
    private const int Prompts = 300;
    private const ulong Seed = 20;
    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder for pictures and scores",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "out/demo",
    };
    private readonly Option<int?> threads = CommonOptions.Threads();

    public DemoCommand() : base("demo", "Path-patch every head of a checkpoint that is at hand, draw and save the scores", "pbm demo", "pbm demo --out ./demo --threads 1")
    {
        Add(folder);
        Add(threads);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var count = call.Get(threads) ?? ProcessorCores.Available();
        Compute.Configure(call, count);
        using var demo = Choose(call);
        var options = new PathPatchingOptions { TopK = [4, 4, 4, 4] };
        var result = PatchRun.Patch(call, demo.Model, demo.Prompts, options);
        var report = PatchRun.Report(result, options) with
        {
            Model = demo.Name,
            Fingerprint = demo.Fingerprint,
            Task = demo.Task,
            Seed = Seed,
            Dtype = "float32",
            Device = "cpu",
            Threads = count,
        };
        PatchOutput.Show(call, report, options);
        foreach (var file in new[] { "scores.json", "scores.csv", "heatmaps.svg" })
        {
            var path = Path.Combine(call.Get(folder), file);
            PatchOutput.Write(path, report, options);
            call.WriteLine($"written: {path}");
        }
        return ExitCode.Ok;
    }

    private sealed record Demo(string Name, string? Fingerprint, string Task, Llama Model, PromptSet Prompts) : IDisposable
    {
        public void Dispose() => Model.Dispose();
    }

    /// <summary>The real checkpoint beside the project where there is one, otherwise a random model.</summary>
    private Demo Choose(Call call)
    {
        if (BesideProject.Find("checkpoints", "stories260K") is not { } path)
        {
            call.WriteLine("No checkpoint in ../shared/checkpoints: the demo runs on a random model made from seed 20, which knows nothing.");
            var config = new LlamaConfig { Layers = 4, Heads = 8, KeyValueHeads = 8, HeadWidth = 16, Width = 128, FeedForward = 344, Vocabulary = 512 };
            return new("random model, seed 20", null, "synthetic entity tracking", Llama.Random(config, (long)Seed, spread: 1.5),
                SyntheticPrompts.Create(Prompts, config.Vocabulary, Seed));
        }
        using var checkpoint = Checkpoint.Open(path);
        var name = Path.GetFileName(path);
        call.WriteLine($"The demo runs on {name}, a real checkpoint beside the project: {checkpoint.Config.Layers} layers of {checkpoint.Config.Heads} heads.");
        var encode = TaskCheckCommand.Encoder(path);
        var prompts = Path.Combine(call.Get(folder), "prompts.jsonl");
        StoryPrompts.Write(prompts, Prompts, Seed, encode);
        call.WriteLine($"written: {prompts}, {Prompts} prompts of the form \"{File.ReadLines(prompts).First().Split('"')[3].Trim()} ...\"");
        return new(name, PatchRun.Fingerprint(call, checkpoint), "who had what, in small stories", PatchRun.Load(call, checkpoint, new(1, TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32)),
            PromptFile.Load(prompts, encode));
    }
}
