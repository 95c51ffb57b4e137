using System.CommandLine;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm model tokens MODEL --prompt TEXT`: how a text is cut into tokens, and what the model takes to come
/// next.</summary>
internal sealed class ModelTokensCommand : PbmCommand
{
    private const int Shown = 10;

    private readonly Argument<string> path = ModelArguments.Path();
    private readonly Option<string?> adapter = ModelArguments.Adapter();
    private readonly Option<string?> tokenizerPath = TaskCheckCommand.TokenizerOption(
        "Tokenizer, where MODEL's folder has none");
    private readonly Option<string> prompt = new("--prompt")
    {
        Description = "The text",
        HelpName = "TEXT",
        Required = true
    };
    private readonly Compute compute = new();

    public ModelTokensCommand() : base("tokens", "Show a text's tokens and the ten most probable next ones",
        "pbm model tokens models/tiny-base --prompt \"Box F contains the\"",
            "pbm model tokens ./llama-7b --prompt \"The year 17\" --json")
    {
        Add(path);
        foreach (var option in new Option[] { adapter, tokenizerPath, prompt }.Concat(compute.Options)) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var choice = compute.Begin(call);
        using var checkpoint = ModelArguments.Open(call.Get(path), call.Get(adapter));
        var tokenizer = TokenizerLoader.OpenRequired(call.Get(tokenizerPath) ?? checkpoint.TokenizerFolder);
        var ids = ModelArguments.Encode(call, tokenizer, call.Get(prompt));
        if (ids.Length == 0) throw new InvalidDataException(
            "--prompt: expected a text of at least one token, found none");
        using var model = Compute.Load(call, checkpoint, choice);
        var next = Next(model, ids).Select(n => new { n.Id, Text = tokenizer.Piece(n.Id), n.Probability }).ToArray();
        var tokens = ids.Select((id, index) => new { Index = index, Id = id, Text = tokenizer.Piece(id) }).ToArray();
        call.Draw(() => Table(["index", "id", "text"], tokens.Select(t =>
            (string[])[$"{t.Index}", $"{t.Id}", Quoted(t.Text)])));
        call.WriteLine($"The {next.Length} most probable next tokens");
        call.Draw(() => Table(["id", "text", "probability"], next.Select(n =>
            (string[])[$"{n.Id}", Quoted(n.Text), $"{n.Probability:0.0000}"])));
        call.WriteJson(new { Model = call.Get(path), Prompt = call.Get(prompt), Tokens = tokens, Next = next });
        return ExitCode.Ok;
    }

    private static (int Id, double Probability)[] Next(Decoder model, int[] ids)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        model.CheckLength(ids.Length);
        // (1, T, V)
        var logits = model.Forward(tensor(ids.Select(id => (long)id).ToArray()).to(model.Device).unsqueeze(0));
        var last = logits.select(1, ids.Length - 1).select(0, 0).to(ScalarType.Float64);                        // (V)
        var (values, indices) = last.softmax(0).topk(Math.Min(Shown, (int)last.shape[0]));
        return [.. indices.cpu().data<long>().ToArray().Zip(values.cpu().data<double>().ToArray(), (id, p) =>
            ((int)id, p))];
    }

    private static Table Table(string[] headings, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns(headings);
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }

    /// <summary>A token's text with what cannot be seen spelled out.</summary>
    private static string Quoted(string text) => $"'{text.Replace("\n", "\\n").Replace("\t", "\\t")}'";
}
