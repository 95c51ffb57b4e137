using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm task generate`: entity-tracking prompts from a seed, as JSONL.</summary>
internal sealed class TaskGenerateCommand : PbmCommand
{
    private readonly Option<int> boxes =
        CommonOptions.Parsed("--boxes", "N", "Boxes per scene, 2 to 10", Lists.Count, 7);
    private readonly Option<int> prompts = CommonOptions.Prompts();
    private readonly Option<ulong> seed = CommonOptions.Seed();
    private readonly Option<string?> tokenizer = TaskCheckCommand.TokenizerOption(
        "Leave out words that this checkpoint or tokenizer file does not have as one token");
    private readonly Option<string> to =
        new("--out") { Description = "File to write, JSONL", HelpName = "FILE", Required = true };

    public TaskGenerateCommand() : base("generate", "Write entity-tracking prompts, generated from a seed",
        "pbm task generate --boxes 7 --prompts 300 --seed 20 --out boxes.jsonl",
        "pbm task generate --boxes 3 --prompts 60 --tokenizer ./llama-7b --out boxes.jsonl")
    {
        foreach (var option in new Option[] { boxes, prompts, seed, tokenizer, to }) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var options = new EntityOptions(call.Get(prompts), call.Get(seed), call.Get(boxes));
        var words = call.Get(tokenizer) is { } path
            ? EntityWords.For(TaskCheckCommand.Encoder(path))
            : EntityWords.All;
        foreach (var notice in words.Notices) call.Notice(notice);
        var lines = EntityTracking.Generate(options, words);
        OutputFile.Write(call.Get(to), EntityFile.Format(lines));
        var scenes = lines.Select(line => line.Scene).Distinct().Count();
        call.WriteLine($"{lines.Count} prompts of {scenes} scenes with {options.Boxes} boxes: {call.Get(to)}");
        call.WriteJson(new
        {
            File = call.Get(to),
            Prompts = lines.Count,
            Scenes = scenes,
            options.Boxes,
            options.Seed,
            words.Notices,
        });
        return ExitCode.Ok;
    }
}
