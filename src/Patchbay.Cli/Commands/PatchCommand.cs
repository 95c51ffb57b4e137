using System.CommandLine;
using System.Text.Json;
using System.Xml.Linq;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster;
using Patchbay.Experiments;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm patch MODEL`: path-patches every attention head of a checkpoint, as a sweep of one model.</summary>
internal sealed class PatchCommand : PbmCommand
{
    private const string EntityTask = "entity-tracking";

    private readonly Argument<string> model = ModelArguments.Path();
    private readonly Option<string?> adapter = ModelArguments.Adapter();
    private readonly Option<string?> tokenizer = TaskCheckCommand.TokenizerOption(
        "Tokenizer, where MODEL's folder has none");
    private readonly Option<string> task = new("--task")
    {
        Description = "entity-tracking, or a JSONL file of prompts (docs/tasks.md)",
        HelpName = "TASK",
        DefaultValueFactory = _ => EntityTask,
    };
    private readonly Option<string?> batch = new(
        "--batch")
    { Description = "Prompts given as tokens (JSON), in place of a task", HelpName = "FILE" };
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
    private readonly Option<string> chain = new("--chain")
    {
        Description = "Groups to find: NAME@POSITION of the senders, then >RECEIVERS.q, .k or .v where the path ends "
            + "in another group's heads",
        HelpName = "CHAIN",
        DefaultValueFactory = _ => PathChain.EntityTracking.ToString(),
        Validators =
        {
            result =>
            {
                if (result.Tokens is [var text] && FieldCheck.Chain(text.Value) is { } expected)
                    result.AddError($"--chain: expected {expected}, found '{text.Value}'");
            },
        },
    };
    private readonly Option<int> boxes = CommonOptions.Boxes();
    private readonly Option<int> prompts = CommonOptions.Prompts();
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<IReadOnlyList<string>?> groups = CommonOptions.Groups();
    private readonly Option<IReadOnlyList<int>?> receivers = CommonOptions.Receivers();
    private readonly Option<IReadOnlyList<int>?> top = CommonOptions.Parsed<IReadOnlyList<int>?>("--top", "K,K,..",
        "Outline each group's K most negative heads as its circuit (default: its significant ones)",
        text => Lists.Wholes(text, WholeRange.Heads));
    private readonly Option<string> score = CommonOptions.Parsed("--score", "SUMMARY",
        "Which summary of the changes over prompts is the score: mean, right (the mean where the model is right) or "
            + "median",
        text => text is PathPatchingParameters.Mean or PathPatchingParameters.OfRight or PathPatchingParameters.Median
            ? text : throw new FormatException($"expected mean, right or median, found '{text}'"),
        PathPatchingParameters.Mean);
    private readonly Option<string> rotary = CommonOptions.Rotary();
    private readonly Option<string> dtype = CommonOptions.Dtype();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly NodeSettings node = new();
    private readonly KeepOption keep = new();
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

    public PatchCommand() : base("patch", "Score every attention head by path patching, group by group",
        "pbm patch ./llama-7b --prompts 300 --groups A,B,C,D --receivers 20,5,10,5 --out scores.json --out scores.svg",
        "pbm patch ./tiny --task ioi.jsonl --chain \"A@last; B@last>A.q\"",
        "pbm patch ./model --batch batch.json --receivers-from batch.json --d-positions d.json --out scores.json")
    {
        Add(model);
        foreach (var option in new Option[]
        {
            adapter, tokenizer, task, batch, receiversFrom, dPositions, chain, boxes, prompts, seed, groups, receivers,
                top, score, reference, to, dtype, rotary, device, threads, keep.Option,
        }) Add(option);
        foreach (var option in node.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var files = call.Get(to) ?? [];
        foreach (var path in files) ScoreFiles.CheckFormat(path);
        using var temporary = new TemporaryFile();
        var names = Groups(call);
        var (_, state, events) = keep.Run(call, Study(call, temporary.Path, names), node);
        var own = state.Plan!.Models[0].Name;
        var scores = SweepResults.PathPatching(state, own).Where(s => names.Contains(SweepResults.Group(s.Stage).Name))
            .Select(s => (SweepResults.Scores(state, s), s.Seconds)).ToArray();
        HeatMap[] maps = [.. SweepMaps.OfModel(state, own).Where(m => names.Contains(m.Name))];
        var times = SweepTimes.Of(events);
        var seconds = (times.Last - times.Started)?.TotalSeconds ?? 0;
        var json = ScoreFiles.Json(state, scores, seconds, call.Get(model), call.Get(batch) ?? call.Get(task),
            call.Get(batch) is null);
        var summary = Summary(call, state, scores.Length, seconds);
        string Write(string path)
        {
            OutputFile.Write(path, Path.GetExtension(path).ToLowerInvariant() switch
            {
                ".svg" => SvgHeatMaps.Draw(maps, "Path patching of every head", summary)
                    .ToString(SaveOptions.DisableFormatting),
                ".csv" => SweepExport.ScoresCsv(state),
                _ => json,
            });
            return path;
        }
        call.WriteThenShow(files.Select(Write), _ =>
        {
            call.Draw(() => new TerminalHeatMaps(maps));
            call.Draw(() => SweepMaps.Strongest(maps));
            foreach (var sentence in LeftOutPrompts.Sentences(state)) call.WriteLine(sentence);
            call.WriteLine(summary);
            call.WriteJsonText(json.TrimEnd);
        });
        return ExitCode.Ok;
    }

    /// <summary>Names of the groups wanted, as the chain spells them.</summary>
    private string[] Groups(Call call)
    {
        var all = PathChain.Parse(call.Get(chain)).Groups.Select(g => g.Name).ToArray();
        return call.Get(groups) is { } given
            ? [.. given.Select(name => all.FirstOrDefault(g => g.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? name)] : all;
    }

    private OwnStudy Study(Call call, string temporary, string[] names)
    {
        var study = new OwnStudy("patch")
        {
            Seed = call.Get(seed),
            Dtype = call.Get(dtype),
            Rotary = call.Get(rotary),
            Device = call.Get(device),
            Threads = call.Get(threads) ?? ProcessorCores.Available(),
        };
        var own = call.Get(model);
        study.AddModel(OwnStudy.NameOf(own), own, call.Get(adapter), call.Get(tokenizer));
        var count = AddTask(call, study, temporary);
        study.AddStage(Kinds.Accuracy, ("prompts", $"{count}"));
        study.AddStage(Kinds.PathPatching, ("chain", call.Get(chain)), ("groups", string.Join(',', names)),
            ("receivers", call.Get(receivers) is { } counts ? string.Join(',', counts) : null),
            ("circuit", call.Get(top) is { } chosen ? string.Join(',', chosen) : null), ("score", call.Get(score)),
            ("into", call.Get(receiversFrom) is { } file ? string.Join(' ', TokenBatch.LoadReceivers(Existing(file)))
                : null),
            ("evaluator", call.Get(reference) ? "reference" : null));
        return study;
    }

    /// <summary>Says which prompts; how many they are.</summary>
    private int AddTask(Call call, OwnStudy study, string temporary)
    {
        if (call.Get(dPositions) is not null && call.Get(batch) is null)
            throw new InvalidDataException("--d-positions: expected with --batch only, found without");
        if (call.Get(batch) is null && call.Get(task) == EntityTask)
        {
            study.AskEntities(call.Get(boxes), call.Get(prompts));
            return call.Get(prompts);
        }
        var file = Existing(call.Get(batch) ?? call.Get(task));
        if (call.IsGiven(boxes))
            throw new InvalidDataException(
                $"--boxes: expected with {EntityTask} only, found with the prompts of {file}");
        var d = call.Get(dPositions) is { } positions ? Existing(positions) : null;
        var all = call.Get(batch) is not null ? TokenBatch.Load(file, d).Prompts
            : PromptInput.Load(file, SweepPlanner.EncoderOf(call.Get(model), call.Get(adapter), call.Get(tokenizer)),
                call.Get(seed)).Prompts;
        var count = call.IsGiven(prompts) ? Math.Min(call.Get(prompts), all.Count) : all.Count;
        if (d is not null) OutputFile.Write(temporary, TokenBatch.WithDPositions(file, d));
        study.AskFile(call.Get(batch) is null ? "--task" : "--batch", file, d is null ? file : temporary, count);
        return count;
    }

    private string Summary(Call call, SweepState state, int groups, double seconds)
    {
        var plan = state.Plan!;
        var accuracy = SweepResults.Accuracy(state, plan.Models[0].Name)!.Value;
        return $"{call.Get(model)}, {call.Get(batch) ?? call.Get(task)}: "
            + $"{SweepText.Count(accuracy.Count, "prompt")}, accuracy "
            + $"{accuracy.Share:0.00}; "
            + $"{plan.Models[0].Layers * plan.Models[0].Heads} heads in {SweepText.Count(groups, "group")} in "
                + $"{seconds:0.0} s "
            + $"({(call.Get(reference) ? "reference" : "cone")}, {plan.Compute.Dtype}, "
                + $"{SweepText.Count(plan.Compute.Threads, "thread")}, "
            + $"peak {ProcessMemory.PeakBytes() / 1048576.0:0} MiB)";
    }

    private static string Existing(string path)
    {
        InputFile.Require(path);
        return path;
    }

    /// <summary>A path that is free, and is again afterwards.</summary>
    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(),
            $"patchbay-{Guid.NewGuid():N}.json");

        public void Dispose() => File.Delete(Path);
    }
}
