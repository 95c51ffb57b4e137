using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm task generate`: prompts of a task from a seed, as JSONL.</summary>
internal sealed class TaskGenerateCommand : PbmCommand
{
    private const string EntityTask = "entity-tracking", Ioi = "ioi", GreaterThan = "greater-than";

    private readonly Option<string> task = new("--task")
    {
        Description = $"Which task: {EntityTask}, {Ioi} or {GreaterThan}",
        HelpName = "TASK",
        DefaultValueFactory = _ => EntityTask,
    };
    private readonly Option<int> boxes =
        CommonOptions.Parsed("--boxes", "N", $"Boxes per scene, 2 to 10 ({EntityTask})", Lists.Count, 7);
    private readonly Option<int> prompts = CommonOptions.Prompts();
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<string?> tokenizer = TaskCheckCommand.TokenizerOption(
        "Leave out words that this checkpoint or tokenizer file does not have as one token");
    private readonly Option<string> to =
        new("--out") { Description = "File to write, JSONL", HelpName = "FILE", Required = true };

    public TaskGenerateCommand() : base("generate", "Write prompts of a task, generated from a seed",
        "pbm task generate --boxes 7 --prompts 300 --seed 20 --out boxes.jsonl",
        "pbm task generate --boxes 3 --prompts 60 --tokenizer ./llama-7b --out boxes.jsonl",
        $"pbm task generate --task {Ioi} --prompts 200 --tokenizer ./llama-7b --out ioi.jsonl")
    {
        task.AcceptOnlyFromAmong(EntityTask, Ioi, GreaterThan);
        foreach (var option in new Option[] { task, boxes, prompts, seed, tokenizer, to }) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var name = call.Get(task);
        if (name == EntityTask) return WriteScenes(call);
        if (call.IsGiven(boxes)) throw new InvalidDataException($"--boxes is for {EntityTask}; {name} has none");
        var encode = Encoder(call);
        if (name == Ioi)
        {
            var words = encode is null ? IoiWords.All : IoiWords.For(encode);
            return Write(call, IoiPrompts.Lines(call.Get(prompts), call.Get(seed), words), words.Notices);
        }
        var years = encode is null ? GreaterThanWords.All : GreaterThanWords.For(encode);
        return Write(call, GreaterThanPrompts.Lines(call.Get(prompts), call.Get(seed), years), years.Notices);
    }

    private EncodeText? Encoder(Call call) =>
        call.Get(tokenizer) is { } path ? TaskCheckCommand.Encoder(path) : null;

    private ExitCode WriteScenes(Call call)
    {
        var options = new EntityOptions(call.Get(prompts), call.Get(seed), call.Get(boxes));
        var words = Encoder(call) is { } encode ? EntityWords.For(encode) : EntityWords.All;
        foreach (var notice in words.Notices) call.Notice(notice);
        var lines = EntityTracking.Generate(options, words);
        OutputFile.Write(call.Get(to), EntityFile.Format(lines));
        var scenes = lines.Select(line => line.Scene).Distinct().Count();
        call.WriteLine($"{lines.Count} prompts of {scenes} scenes with {options.Boxes} boxes: {call.Get(to)}");
        call.WriteJson(new
        {
            File = call.Get(to),
            Task = EntityTask,
            Prompts = lines.Count,
            Scenes = scenes,
            options.Boxes,
            options.Seed,
            words.Notices,
        });
        return ExitCode.Ok;
    }

    private ExitCode Write(Call call, IReadOnlyList<PromptLine> lines, IReadOnlyList<string> notices)
    {
        foreach (var notice in notices) call.Notice(notice);
        OutputFile.Write(call.Get(to), PromptFile.Format(lines));
        call.WriteLine($"{lines.Count} prompts of {call.Get(task)}: {call.Get(to)}");
        call.WriteJson(new
        {
            File = call.Get(to),
            Task = call.Get(task),
            Prompts = lines.Count,
            Seed = call.Get(seed),
            Notices = notices,
        });
        return ExitCode.Ok;
    }
}
