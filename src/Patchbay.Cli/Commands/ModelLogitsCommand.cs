using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Patchbay.Models;
using Patchbay.Patching;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm model logits MODEL --ids FILE --out FILE`: a model's logits on given tokens, for comparing with other
/// programs; with heads' z taken from other tokens, if wanted.</summary>
internal sealed class ModelLogitsCommand : PbmCommand
{
    private readonly Argument<string> path = ModelArguments.Path();
    private readonly Option<string?> adapter = ModelArguments.Adapter();
    private readonly Option<string> ids = new("--ids")
    {
        Description = "Token ids as JSON: one list, or a list of lists",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string?> sourceIds = new("--source-ids")
    {
        Description = "Token ids that z is taken from, as many lists as in --ids",
        HelpName = "FILE",
    };
    private readonly Option<string[]> patch = new("--patch")
    {
        Description = "A head whose z at a position comes from the source's position of that name: last, or an index "
            + "from 0; may be given several times",
        HelpName = "HEAD@POSITION",
        DefaultValueFactory = _ => [],
    };
    private readonly Option<bool> lastOnly = new(
        "--last")
    { Description = "Logits of the last position only (default: of all)" };
    private readonly Option<string> to = new("--out")
    {
        Description = "File to write: .npy or .json",
        HelpName = "FILE",
        Required = true
    };
    private readonly Compute compute = new();

    public ModelLogitsCommand() : base("logits", "Write a model's logits on given tokens, with heads patched if wanted",
        "pbm model logits models/tiny-base --ids ids.json --dtype float64 --out logits.npy",
        "pbm model logits ./llama-7b --ids clean.json --source-ids other.json --patch 1.0@last --last --out "
            + "patched.json")
    {
        Add(path);
        foreach (var option in new Option[] { adapter, ids, sourceIds, patch, lastOnly,
            to }.Concat(compute.Options)) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var file = call.Get(to);
        if (Path.GetExtension(file).ToLowerInvariant() is not (".npy" or ".json"))
            throw new InvalidDataException($"--out: '{file}' is neither a .npy nor a .json file");
        var (prompts, edits) = (TokenBatch.LoadIds(call.Get(ids)), call.Get(patch).Select(ReadPatch).ToArray());
        if (edits.Length > 0 != call.Get(sourceIds) is not null)
            throw new InvalidDataException(
                "--patch and --source-ids go together: one says which head, the other where its z comes from");
        var sources = call.Get(sourceIds) is { } other ? TokenBatch.LoadIds(other) : prompts;
        if (sources.Length != prompts.Length)
            throw new InvalidDataException($"{call.Get(sourceIds)}: expected {prompts.Length} lists of ids, as in "
                + $"{call.Get(ids)}, found {sources.Length}");
        if (IsNpy(file) && !call.Get(lastOnly) && prompts.FirstOrDefault(p => p.Length != prompts[0].Length) is { } odd)
            throw new InvalidDataException($"--out: expected prompts of one length for a .npy file, found "
                + $"{prompts[0].Length} and {odd.Length} tokens; write .json, or --last");
        var choice = compute.Begin(call);
        using var checkpoint = ModelArguments.Open(call.Get(path), call.Get(adapter));
        CheckIds(checkpoint.Config, call.Get(ids), prompts);
        if (call.Get(sourceIds) is { } given) CheckIds(checkpoint.Config, given, sources);
        var (layers, heads) = (checkpoint.Config.Layers, checkpoint.Config.Heads);
        foreach (var (head, _) in edits.Where(e => e.Head.Layer >= layers || e.Head.Index >= heads))
            throw new InvalidDataException(
                $"--patch: expected a head of the model's {layers} layers of {heads} heads, from 0.0, found {head}");
        using var model = Compute.Load(call, checkpoint, choice);
        var rows = prompts.Zip(sources, (p, s) => Logits(model, p, s, edits, call.Get(lastOnly))).ToArray();
        var best = rows.Select(r => Array.IndexOf(r, r.AsSpan(r.Length - model.Config.Vocabulary).ToArray().Max(),
            r.Length - model.Config.Vocabulary)
            % model.Config.Vocabulary).ToArray();
        OutputFile.Write(file, IsNpy(file)
            ? Npy(rows, prompts, model.Config.Vocabulary, call.Get(lastOnly))
                : Json(rows, model.Config.Vocabulary, call.Get(lastOnly)));
        call.WriteLine($"{SweepText.Count(prompts.Length, "prompt")}; most probable after the last token: "
            + $"{string.Join(' ', best.Take(20))}{(best.Length > 20 ? " ..." : "")}");
        call.WriteLine($"written: {file}");
        call.WriteJson(new { Model = call.Get(path), Prompts = prompts.Length, Best = best, File = file });
        return ExitCode.Ok;
    }

    /// <summary>Logits by [position, token id], row by row, of one prompt.</summary>
    private static double[] Logits(Decoder model, int[] prompt, int[] source, (Head Head, string Position)[] edits,
        bool lastOnly)
    {
        using var scope = NewDisposeScope();
        using var clean = new ReferenceEvaluator(model, new([prompt]));
        using var other = edits.Length > 0 ? new ReferenceEvaluator(model, new([source])) : null;
        var logits = clean.Logits(new()
        {
            Edits = [.. edits.Select(e => new HeadEdit(Site.Z, e.Head, [At(e.Position, prompt)],
                other!.CleanZ(e.Head, [At(e.Position, source)])))],
        }); // (1, T, V)
        var wanted = lastOnly ? logits.narrow(1, prompt.Length - 1, 1) : logits;
        return wanted.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }

    private static void CheckIds(DecoderConfig config, string file, int[][] prompts)
    {
        foreach (var prompt in prompts)
        {
            if (prompt.Length > config.MaxPositions)
                throw new InvalidDataException($"{file}: expected at most {config.MaxPositions} ids of a prompt, "
                    + $"which is what the model reads, found {prompt.Length}");
            if (prompt.FirstOrDefault(id => id >= config.Vocabulary, -1) is >= 0 and var unknown)
                throw new InvalidDataException(
                    $"{file}: expected ids below {config.Vocabulary}, the model's vocabulary, found {unknown}");
        }
    }

    private static int At(string position, int[] of) => position == PositionNames.Last ? of.Length - 1
        : int.Parse(position, CultureInfo.InvariantCulture) is var index && index < of.Length ? index
        : throw new InvalidDataException(
            $"--patch: expected a position inside the prompt's {of.Length} tokens, found {position}");

    private static bool IsNpy(string file) =>
        Path.GetExtension(file).Equals(".npy", StringComparison.OrdinalIgnoreCase);

    private static byte[] Npy(double[][] rows, int[][] prompts, int vocabulary, bool lastOnly)
    {
        var tokens = lastOnly ? 1 : prompts[0].Length;
        return NpyFile.Bytes(lastOnly ? [rows.Length, vocabulary] : [rows.Length, tokens, vocabulary],
            [.. rows.SelectMany(r => r)]);
    }

    private static byte[] Json(double[][] rows, int vocabulary, bool lastOnly) => lastOnly
        ? JsonSerializer.SerializeToUtf8Bytes(rows)
        : JsonSerializer.SerializeToUtf8Bytes(rows.Select(r => r.Chunk(vocabulary).ToArray()));

    private static (Head Head, string Position) ReadPatch(string text) => text.Split('@') is [var head, var position]
        && Head.Read(head) is { } known && (position == PositionNames.Last
            || int.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        ? (known, position)
        : throw new InvalidDataException($"--patch: expected HEAD@POSITION such as 1.0@last or 1.0@5, found '{text}'");
}
