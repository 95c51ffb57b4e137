using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;

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
    private readonly Option<int> boxes = CommonOptions.Boxes($"Boxes per scene ({EntityTask})");
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

    public override ExitCode Run(Call call)
    {
        var (name, count, start) = (call.Get(task), call.Get(prompts), call.Get(seed));
        if (name != EntityTask && call.IsGiven(boxes))
            throw new InvalidDataException($"--boxes is for {EntityTask}; {name} has none");
        var encode = call.Get(tokenizer) is { } path ? TaskCheckCommand.Encoder(path) : null;
        if (name == EntityTask)
        {
            var words = encode is null ? EntityWords.All : EntityWords.For(encode);
            return Write(call, words.Notices, () =>
            {
                var lines = EntityTracking.Generate(new EntityOptions(count, start, call.Get(boxes)), words);
                return (EntityFile.Format(lines), lines.Count, lines.Select(line => line.Scene).Distinct().Count());
            });
        }
        if (name == Ioi)
        {
            var words = encode is null ? IoiWords.All : IoiWords.For(encode);
            return Write(call, words.Notices, () => Own(IoiPrompts.Lines(count, start, words)));
        }
        var years = encode is null ? GreaterThanWords.All : GreaterThanWords.For(encode);
        return Write(call, years.Notices, () => Own(GreaterThanPrompts.Lines(count, start, years)));

        static (string, int, int?) Own(IReadOnlyList<PromptLine> lines) =>
            (PromptFile.Format(lines), lines.Count, null);
    }

    /// <summary>Writes the file and says what is in it; only entity tracking has scenes.</summary>
    private ExitCode Write(
        Call call, IReadOnlyList<string> notices, Func<(string Text, int Prompts, int? Scenes)> generate)
    {
        foreach (var notice in notices) call.Notice(notice);
        var (text, count, scenes) = generate();
        var (name, file) = (call.Get(task), call.Get(to));
        OutputFile.Write(file, text);
        call.WriteLine(scenes is null ? $"{SweepText.Count(count, "prompt")} of {name}: {file}"
            : $"{SweepText.Count(count, "prompt")} of {SweepText.Count(scenes.Value, "scene")} with {call.Get(boxes)} "
                + $"boxes: {file}");
        call.WriteJson(new
        {
            File = file,
            Task = name,
            Prompts = count,
            Scenes = scenes,
            Boxes = scenes is null ? (int?)null : call.Get(boxes),
            Seed = call.Get(seed),
            Notices = notices,
        });
        return ExitCode.Ok;
    }
}
