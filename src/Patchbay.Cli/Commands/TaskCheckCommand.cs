using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm task check`: whether a tokenizer can run a prompt file, and what the prompts are then.</summary>
internal sealed class TaskCheckCommand : PbmCommand
{
    private readonly Argument<string> file = new("FILE") { Description = "Prompts as JSONL (docs/tasks.md)" };
    private readonly Option<string?> tokenizer =
        TokenizerOption("Checkpoint folder or tokenizer file to encode them with");
    private readonly Option<ulong> seed = CommonOptions.Seed();

    public TaskCheckCommand() : base(
        "check", "Check a prompt file against a tokenizer: answers, positions, counterfactuals",
        "pbm task check boxes.jsonl --tokenizer ./llama-7b",
        "pbm task check ioi.jsonl --tokenizer tokenizer.json --json")
    {
        tokenizer.Required = true;
        Add(file);
        Add(tokenizer);
        Add(seed);
    }

    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        InputFile.Require(path);
        var (kind, prompts) = PromptInput.Load(path, Encoder(call.Get(tokenizer)!), call.Get(seed));
        foreach (var notice in prompts.Notices) call.Notice(notice);
        var lengths = prompts.Prompts.Select(p => p.Clean.Ids.Length).ToArray();
        var answers = prompts.Prompts.SelectMany(p => p.Answers).Distinct().Count();
        var (shortest, longest) = (lengths.Min(), lengths.Max());
        call.WriteFacts(
            ("task", kind),
            ("prompts", $"{prompts.Count}"),
            ("tokens", shortest == longest ? $"{longest} each" : $"{shortest} to {longest}"),
            ("answers", $"{answers} different token{(answers == 1 ? "" : "s")}"),
            ("positions", Collapse(prompts.SharedPositionNames)));
        call.WriteJson(new
        {
            File = path,
            Task = kind,
            Prompts = prompts.Count,
            TokensMin = shortest,
            TokensMax = longest,
            Answers = answers,
            Positions = prompts.SharedPositionNames,
            prompts.Notices,
        });
        return ExitCode.Ok;
    }

    /// <summary>Position names, those that differ only by a number at the end put together: "object_0..6".</summary>
    internal static string Collapse(IReadOnlyList<string> names)
    {
        var families = names.GroupBy(name => name.TrimEnd("0123456789".ToCharArray()));
        return string.Join(", ", families.SelectMany<IGrouping<string, string>, string>(family => family.Count() < 3
            ? family
            : [$"{family.Key}{Numbers(family).Min()}..{Numbers(family).Max()}"]));

        static IEnumerable<int> Numbers(IGrouping<string, string> family) =>
            family.Select(name => int.TryParse(name.AsSpan(family.Key.Length), out var number) ? number : 0);
    }

    /// <summary>--tokenizer PATH.</summary>
    internal static Option<string?> TokenizerOption(string description) => new("--tokenizer")
    {
        Description = description,
        HelpName = "PATH",
    };

    /// <summary>The encoder of a checkpoint folder or tokenizer file, which is opened when the first text
    /// comes.</summary>
    /// <exception cref="FileNotFoundException">There is none; thrown by the encoder.</exception>
    internal static EncodeText Encoder(string path)
    {
        Tokenizer? tokenizer = null;
        return text => (tokenizer ??= TokenizerLoader.OpenRequired(path)).Encode(text);
    }
}
