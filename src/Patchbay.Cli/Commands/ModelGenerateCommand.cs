using System.CommandLine;
using System.Diagnostics;
using Patchbay.Cli.Arguments;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm model generate PATH --prompt TEXT`: continues a text greedily.</summary>
internal sealed class ModelGenerateCommand : PbmCommand
{
    private readonly Argument<string> path = ModelArguments.Path();
    private readonly Option<string?> adapter = ModelArguments.Adapter();
    private readonly Option<string?> tokenizerPath = TaskCheckCommand.TokenizerOption(
        "Tokenizer, where MODEL's folder has none");
    private readonly Option<string> prompt = new("--prompt")
    {
        Description = "Text to continue",
        HelpName = "TEXT",
        Required = true
    };
    private readonly Option<int> tokens = CommonOptions.Whole("--max-tokens", "New tokens at most",
        new(1, 1_000_000), 64);
    private readonly Compute compute = new();

    public ModelGenerateCommand() : base("generate", "Continue a text greedily, one token after the other",
        "pbm model generate ./llama-7b --prompt \"Box F contains the\"",
        "pbm model generate stories260K.bin --tokenizer tok512.bin --prompt \"Once upon a time\" --max-tokens 100")
    {
        Add(path);
        foreach (var option in new Option[] { adapter, tokenizerPath, prompt, tokens }.Concat(compute.Options)) Add(
            option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var choice = compute.Begin(call);
        using var checkpoint = ModelArguments.Open(call.Get(path), call.Get(adapter));
        var tokenizer = TokenizerLoader.OpenRequired(call.Get(tokenizerPath) ?? checkpoint.TokenizerFolder);
        var start = ModelArguments.Encode(call, tokenizer, call.Get(prompt));
        var room = checkpoint.Config.MaxPositions - start.Length;
        if (room < 1)
            throw new InvalidDataException($"--prompt: expected fewer than {checkpoint.Config.MaxPositions} tokens, "
                + $"which is what the model reads, found {start.Length}");
        if (call.Get(tokens) > room)
            throw new InvalidDataException($"--max-tokens: expected at most {room} after a prompt of "
                + $"{SweepText.Count(start.Length, "token")}, as the model reads {checkpoint.Config.MaxPositions}, "
                + $"found {call.Get(tokens)}");
        using var model = Compute.Load(call, checkpoint, choice);
        var clock = Stopwatch.StartNew();
        var made = new List<int>();
        var shown = tokenizer.Decode(start);
        call.Write(shown);
        foreach (var id in model.Generate(start, call.Get(tokens)))
        {
            call.Interrupted.ThrowIfCancellationRequested();
            made.Add(id);
            var text = tokenizer.Decode([.. start, .. made]);
            if (text.EndsWith('\uFFFD')) continue; // the middle of a character
            call.Write(text[Math.Min(shown.Length, text.Length)..]);
            shown = text;
        }
        call.WriteLine("");
        call.WriteJson(new
        {
            Model = call.Get(path),
            Prompt = call.Get(prompt),
            PromptIds = start,
            Ids = made,
            Text = tokenizer.Decode([.. start, .. made]),
            TokensPerSecond = made.Count / clock.Elapsed.TotalSeconds,
        });
        return ExitCode.Ok;
    }
}
