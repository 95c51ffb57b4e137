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
            : throw new FormatException($"'{other}' is no benchmark's model; expected {string.Join(", ", Names)}");
    }

    /// <summary>Makes one, in a dtype and on a device.</summary>
    public static BenchmarkModel Make(string name, int prompts, ScalarType dtype, Device device)
    {
        if (name == "golden" && BesideProject.Find("golden", "s256x4") is { } folder)
            return Golden(folder, prompts, dtype, device);
        if (name == "quartet")
        {
            var (tiny, tokenizer) = (Load(OfQuartet("tiny-base"), dtype, device), LabTokenizer());
            return new(Described("models/tiny-base", tiny.Config), tiny,
                EntityPrompts.Generate(new(prompts, Seed, 7), text => tokenizer.Encode(text)), UpperHeads(tiny.Config));
        }
        var config = Shape(name);
        return new(Described("random model", config), Llama.Random(config, Seed, dtype, device: device),
            SyntheticPrompts.Create(prompts, config.Vocabulary, Seed), UpperHeads(config));
    }

    /// <summary>A model of the same shape whose heads are patched into it, in float32: for the quartet's base a
    /// fine-tune.</summary>
    public static Llama Donor(string name) => name == "quartet"
        ? Load(OfQuartet("tiny-float"), ScalarType.Float32, CPU)
        : Llama.Random(Shape(name), Seed + 1);

    /// <summary>The tokenizer of the quartet.</summary>
    public static Tokenizer LabTokenizer() => TokenizerLoader.Open(OfQuartet("tiny-base"))
        ?? throw new FileNotFoundException("models/tiny-base has no tokenizer");

    /// <summary>golden/s256x4 with its own prompts and receivers.</summary>
    private static BenchmarkModel Golden(string folder, int prompts, ScalarType dtype, Device device)
    {
        var batch = TokenBatch.Load(Path.Combine(folder, "batch.json"),
            Path.Combine(folder, "group_D_corrupt_positions.json"));
        var model = Load(folder, dtype, device);
        return new(Described("golden/s256x4", model.Config), model, batch.Prompts.Take(prompts),
            batch.Receivers);
    }

    private static string OfQuartet(string name) => Path.Combine(BesideProject.Inside("models")
        ?? throw new DirectoryNotFoundException("there is no folder models beside this program"), name);

    private static Llama Load(string folder, ScalarType dtype, Device device)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return new(checkpoint.Config, checkpoint.Load(dtype, device));
    }

    /// <summary>Shape of a model of random weights: time does not depend on them.</summary>
    private static LlamaConfig Shape(string name)
    {
        var (layers, heads, width, feedForward) = name switch
        {
            "golden" => (4, 8, 256, 688),
            "wide" => (8, 8, 512, 1376),
            _ => (2, 32, 4096, 11008),
        };
        return new()
        {
            Layers = layers,
            Heads = heads,
            KeyValueHeads = heads,
            HeadWidth = width / heads,
            Width = width,
            FeedForward = feedForward,
            Vocabulary = 2048,
        };
    }

    private static string Described(string name, LlamaConfig c) =>
        $"{name} ({c.Layers} layers x {c.Heads} heads, width {c.Width}, MLP {c.FeedForward})";

    /// <summary>Two heads in each layer of the upper half.</summary>
    private static Head[] UpperHeads(LlamaConfig config) =>
        [.. Enumerable.Range(config.Layers / 2, config.Layers - config.Layers / 2)
            .SelectMany(l => new Head[] { new(l, l % config.Heads), new(l, (l + 3) % config.Heads) })];
}
