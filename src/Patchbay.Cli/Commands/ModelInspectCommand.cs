using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm model inspect PATH`: what a checkpoint is, without loading it.</summary>
internal sealed class ModelInspectCommand : PbmCommand
{
    private readonly Argument<string> path = ModelArguments.Path();
    private readonly Option<string?> adapter = ModelArguments.Adapter();

    public ModelInspectCommand()
        : base("inspect", "Tell what a checkpoint is: architecture, size, memory, tokenizer, adapter",
        "pbm model inspect ./llama-7b", "pbm model inspect ./llama-7b --adapter ./goat-lora-7b --json")
    {
        Add(path);
        Add(adapter);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var checkpoint = ModelArguments.Open(call.Get(path), call.Get(adapter));
        var c = checkpoint.Config;
        var tokenizer = TokenizerLoader.Open(checkpoint.TokenizerFolder);
        var memory = new[] { ("float32", 4), ("float16 or bfloat16", 2) }.Select(d =>
            (Dtype: d.Item1, Bytes: c.ParameterCount * d.Item2)).ToArray();
        var fingerprint = Compute.Fingerprint(call, checkpoint);
        var lora = checkpoint.Adapter;
        var stored = string.Join(" and ", checkpoint.Tensors.Select(t => t.Type.ToString().ToLowerInvariant())
            .Distinct());
        call.WriteFacts(
            ("checkpoint", checkpoint.Folder),
            ("architecture", c.Architecture),
            ("layers x heads", $"{c.Layers} x {c.Heads}" + (c.GroupSize > 1 ? $", {c.KeyValueHeads} key/value heads"
                : "")),
            ("width", $"{c.Width}, heads of {c.HeadWidth}, MLP {c.FeedForward}"),
            ("vocabulary", $"{c.Vocabulary}, embeddings {(c.TiedEmbeddings ? "tied" : "not tied")}"),
            ("positions", $"{c.MaxPositions}"),
            ("features", string.Join(", ", c.Features)),
            ("parameters", $"{c.ParameterCount:N0}"),
            ("memory", string.Join(", ", memory.Select(m => $"{ByteSize.Format(m.Bytes)} in {m.Dtype}"))),
            ("stored as", stored),
            ("tokenizer", tokenizer?.Description ?? "none in this folder"),
            ("adapter", lora is null ? null : $"LoRA r {lora.Rank}, alpha {lora.Alpha:0.###}, {lora.Modules.Count} "
                + $"modules ({string.Join(", ", lora.Modules.Select(m => m.Name.Split('.')[^1]).Distinct())})"),
            ("fingerprint", fingerprint));
        call.WriteJson(new
        {
            Path = call.Get(path),
            Config = c,
            Parameters = c.ParameterCount,
            MemoryBytes = memory.ToDictionary(m => m.Dtype, m => m.Bytes),
            StoredAs = stored,
            Tokenizer = tokenizer?.Description,
            Adapter = lora is null ? null : new
            {
                lora.Folder,
                lora.Rank,
                lora.Alpha,
                Modules = lora.Modules.Select(m => m.Name)
            },
            Fingerprint = fingerprint,
        });
        return ExitCode.Ok;
    }
}

/// <summary>Arguments of commands that take a checkpoint.</summary>
internal static class ModelArguments
{
    public static Argument<string> Path() =>
        new("MODEL") { Description = "Checkpoint folder, llama2.c .bin file or LoRA adapter folder" };

    /// <summary>Opens a checkpoint that the command line names.</summary>
    /// <exception cref="DirectoryNotFoundException">It is not there; the message says which is, where a name in models/
    /// or of the catalogue was given.</exception>
    public static Checkpoint Open(string path, string? adapter)
    {
        try
        {
            return Checkpoint.Open(path, adapter);
        }
        catch (DirectoryNotFoundException e) when (!System.IO.Path.Exists(path) && Meant(path) is { } meant)
        {
            throw new DirectoryNotFoundException($"{e.Message.TrimEnd('.')}; did you mean {meant}?", e);
        }
    }

    /// <summary>The ids of a text given with --prompt; a notice where it has spelled out what the tokenizer puts before
    /// every text.</summary>
    public static int[] Encode(Call call, Tokenizer tokenizer, string text)
    {
        var ids = tokenizer.Encode(text);
        if (ids is [var first, var second, ..] && first == second && first == tokenizer.BeginId)
            call.Notice($"the prompt begins with {tokenizer.Piece(first)} twice: the tokenizer puts it before every "
                + "text, and this one has it already; leave it out.");
        return ids;
    }

    private static string? Meant(string name)
    {
        var beside = System.IO.Path.Combine("models", name);
        if (Directory.Exists(beside)) return beside;
        try
        {
            return StudyInput.DefaultCatalogue() is { } file && ModelCatalogue.Load(file).Find(name) is { } known
                && StudyInput.Problem(known) is null ? known.Adapter?.FullPath ?? known.Folder.FullPath : null;
        }
        catch (StudyException)
        {
            return null; // a catalogue with mistakes is another matter
        }
    }

    public static Option<string?> Adapter() =>
        new("--adapter") { Description = "LoRA adapter folder to merge into MODEL", HelpName = "PATH" };
}
