using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.HeatMaps;
using Patchbay.Cli.Results;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Patchbay.Patching;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm patch MODEL`: path-patches every attention head of a checkpoint through groups A to D.</summary>
internal sealed class PatchCommand : PbmCommand
{
    private readonly Argument<string> model = ModelArguments.Path();
    private readonly Option<string?> adapter = ModelArguments.Adapter();
    private readonly Option<string?> tokenizer = TaskCheckCommand.TokenizerOption("Tokenizer, where MODEL's folder has none");
    private readonly Option<string> task = new("--task")
    {
        Description = "entity-tracking, or a JSONL file of prompts (docs/tasks.md)",
        HelpName = "TASK",
        DefaultValueFactory = _ => EntityTask,
    };
    private readonly Option<string?> batch = new("--batch") { Description = "Prompts given as tokens (JSON), in place of a task", HelpName = "FILE" };
    private readonly Option<string?> receiversFrom = new("--receivers-from")
    {
        Description = "Take the receivers of every group from this JSON file's field \"receivers\"",
        HelpName = "FILE",
    };
    private readonly Option<string?> dPositions = new("--d-positions")
    {
        Description = "With --batch: a JSON list of group D's counterfactual positions",
        HelpName = "FILE",
    };
    private readonly Option<int> boxes = CommonOptions.Parsed("--boxes", "N", "Boxes per scene, 2 to 10", Lists.Count, 7);
    private readonly Option<int> prompts = CommonOptions.Prompts();
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<IReadOnlyList<string>?> groups = CommonOptions.Groups();
    private readonly Option<IReadOnlyList<int>?> receivers = CommonOptions.Receivers();
    private readonly Option<long?> memory = CommonOptions.Memory();
    private readonly Compute compute = new();
    private readonly Option<bool> reference = new("--reference")
    {
        Description = "Evaluate by whole forward passes: the plain reference, about a hundred times slower",
    };
    private readonly Option<string[]> to = new("--out")
    {
        Description = "File to write: .json, .csv or .svg; may be given several times",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
    };

    private const string EntityTask = "entity-tracking";

    public PatchCommand() : base("patch", "Score every attention head by path patching, group by group",
        "pbm patch ./llama-7b --prompts 300 --groups A,B,C,D --receivers 20,5,10,5 --out scores.json --out scores.svg",
        "pbm patch ./tiny --task ioi.jsonl --groups A",
        "pbm patch ./model --batch batch.json --receivers-from batch.json --d-positions d.json --out scores.json")
    {
        Add(model);
        foreach (var option in new Option[]
        {
            adapter, tokenizer, task, batch, receiversFrom, dPositions, boxes, prompts, seed, groups, receivers, memory, reference, to,
        }) Add(option);
        foreach (var option in compute.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        foreach (var path in call.Get(to) ?? []) PatchOutput.CheckFormat(path);
        var choice = compute.Begin(call);
        using var checkpoint = Checkpoint.Open(call.Get(model), call.Get(adapter));
        var set = LoadPrompts(call);
        foreach (var notice in set.Notices) call.Notice(notice);
        set.CheckVocabulary(checkpoint.Config.Vocabulary);
        var options = new PathPatchingOptions
        {
            Groups = call.Get(groups) ?? CommonOptions.DefaultGroups,
            TopK = call.Get(receivers) ?? CommonOptions.DefaultReceivers,
            Receivers = call.Get(receiversFrom) is { } file
                ? [.. Tasks.TokenBatch.LoadReceivers(Existing(file)).Select(r => new Head(r.Layer, r.Head))] : null,
            MemoryBytes = call.Get(memory),
            Reference = call.Get(reference),
        };
        using var loaded = PatchRun.Load(call, checkpoint, choice);
        var result = PatchRun.Patch(call, loaded, set, options);
        var report = PatchRun.Report(result, options) with
        {
            Model = call.Get(model),
            Fingerprint = PatchRun.Fingerprint(call, checkpoint),
            Task = call.Get(batch) ?? call.Get(task),
            Prompts = set.Count,
            Seed = call.Get(batch) is null ? call.Get(seed) : null,
            Dtype = choice.DtypeName,
            Device = choice.DeviceName,
            Threads = choice.Threads,
        };
        var files = call.Get(to) ?? [];
        foreach (var path in files) PatchOutput.Write(path, report, options);
        PatchOutput.Show(call, report, options);
        foreach (var path in files) call.WriteLine($"written: {path}");
        return ExitCode.Ok;
    }

    private PromptSet LoadPrompts(Call call)
    {
        if (call.Get(batch) is { } file)
        {
            var set = Tasks.TokenBatch.Load(Existing(file), call.Get(dPositions) is { } d ? Existing(d) : null).Prompts;
            return call.IsGiven(prompts) ? set.Take(call.Get(prompts)) : set;
        }
        var source = call.Get(tokenizer) ?? call.Get(model);
        if (call.Get(task) == EntityTask)
            return EntityPrompts.Generate(new EntityOptions(call.Get(prompts), call.Get(seed), call.Get(boxes)), TaskCheckCommand.Encoder(source));
        return PromptInput.Load(call.Get(task), TaskCheckCommand.Encoder(source), call.Get(seed),
            call.IsGiven(prompts) ? call.Get(prompts) : null).Prompts;
    }

    private static string Existing(string path)
    {
        PromptInput.RequireFile(path);
        return path;
    }
}
