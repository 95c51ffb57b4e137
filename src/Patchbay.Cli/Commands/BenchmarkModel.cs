using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Patchbay.Tasks;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>A model that benchmarks run on, with its prompts and receivers.</summary>
/// <param name="Title">Description.</param>
/// <param name="Model">The caller's to dispose.</param>
/// <param name="Prompts">Prompts with the positions of entity tracking.</param>
/// <param name="Receivers">Receivers of groups B, C and D.</param>
internal sealed record BenchmarkModel(string Title, Llama Model, PromptSet Prompts, IReadOnlyList<Head> Receivers)
{
    private const int Seed = 20;

    /// <summary>Those there are.</summary>
    public static IReadOnlyList<string> Names { get; } = ["golden", "quartet", "wide", "7b"];

    /// <summary>Those that are measured where none is named.</summary>
    public static string[] DefaultNames { get; } = ["golden", "quartet", "wide"];

    /// <summary>Names separated by commas.</summary>
    /// <exception cref="FormatException">One is none of <see cref="Names"/>.</exception>
    public static string[] Parse(string text)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        return names.FirstOrDefault(name => !Names.Contains(name)) is not { } other ? names
            : throw new FormatException($"'{other}' is no model of this benchmark; expected {string.Join(", ", Names)}");
    }

    /// <summary>Makes one, in a dtype and on a device.</summary>
    public static BenchmarkModel Make(string name, int prompts, ScalarType dtype, Device device) => name switch
    {
        "golden" => Golden(prompts, dtype, device),
        "quartet" => Quartet(prompts, dtype, device),
        "wide" => Random(prompts, layers: 8, heads: 8, width: 512, feedForward: 1376, dtype: dtype, device: device),
        _ => Random(prompts, layers: 2, heads: 32, width: 4096, feedForward: 11008, dtype: dtype, device: device),
    };

    /// <summary>golden/s256x4 with its own prompts and receivers, or without that folder a random model of its shape.</summary>
    private static BenchmarkModel Golden(int prompts, ScalarType dtype, Device device)
    {
        if (BesideProject.Find("golden", "s256x4") is not { } folder)
            return Random(prompts, layers: 4, heads: 8, width: 256, feedForward: 688, dtype: dtype, device: device);
        using var checkpoint = Checkpoint.Open(folder);
        var batch = TokenBatch.Load(Path.Combine(folder, "batch.json"), Path.Combine(folder, "group_D_corrupt_positions.json"));
        return new("golden/s256x4 (4 layers x 8 heads, width 256)", new Llama(checkpoint.Config, checkpoint.Load(dtype, device)),
            batch.Prompts.Take(prompts), [.. batch.Receivers.Select(r => new Head(r.Layer, r.Head))]);
    }

    private static BenchmarkModel Quartet(int prompts, ScalarType dtype, Device device)
    {
        var folder = Path.Combine(BesideProject.Inside("models") ?? throw new DirectoryNotFoundException(
            "there is no folder models beside this program"), "tiny-base");
        using var checkpoint = Checkpoint.Open(folder);
        var tokenizer = TokenizerLoader.Open(folder) ?? throw new FileNotFoundException($"{folder} has no tokenizer");
        return new("models/tiny-base (6 layers x 8 heads, width 256)", new Llama(checkpoint.Config, checkpoint.Load(dtype, device)),
            EntityPrompts.Generate(new(prompts, Seed, 7), text => tokenizer.Encode(text)), UpperHeads(checkpoint.Config));
    }

    /// <summary>Random weights: time does not depend on them.</summary>
    private static BenchmarkModel Random(int prompts, int layers, int heads, int width, int feedForward, ScalarType dtype,
        Device device)
    {
        var config = new LlamaConfig
        {
            Layers = layers,
            Heads = heads,
            KeyValueHeads = heads,
            HeadWidth = width / heads,
            Width = width,
            FeedForward = feedForward,
            Vocabulary = 2048,
        };
        return new($"random model ({config.Layers} layers x {config.Heads} heads, width {config.Width}, MLP {config.FeedForward})",
            Llama.Random(config, Seed, dtype, device: device), SyntheticPrompts.Create(prompts, config.Vocabulary, Seed), UpperHeads(config));
    }

    /// <summary>Two heads in each layer of the upper half.</summary>
    private static Head[] UpperHeads(LlamaConfig config) =>
        [.. Enumerable.Range(config.Layers / 2, config.Layers - config.Layers / 2)
            .SelectMany(l => new Head[] { new(l, l % config.Heads), new(l, (l + 3) % config.Heads) })];
}
