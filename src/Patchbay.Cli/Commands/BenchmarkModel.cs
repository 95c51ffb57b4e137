using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>A model that benchmarks run on, with its prompts and receivers.</summary>
/// <param name="Title">Description.</param>
/// <param name="Model">The caller's to dispose.</param>
/// <param name="Prompts">Prompts with the positions of entity tracking.</param>
/// <param name="Receivers">Receivers of groups B, C and D.</param>
internal sealed record BenchmarkModel(string Title, Decoder Model, PromptSet Prompts, IReadOnlyList<Head> Receivers)
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
        return new(Described("random model", config), Decoder.Random(config, Seed, dtype, device: device),
            SyntheticPrompts.Create(prompts, config.Vocabulary, Seed), UpperHeads(config));
    }

    /// <summary>A model of the same shape whose heads are patched into it, in float32: for the quartet's base a
    /// fine-tune.</summary>
    public static Decoder Donor(string name) => name == "quartet"
        ? Load(OfQuartet("tiny-float"), ScalarType.Float32, CPU)
        : Decoder.Random(Shape(name), Seed + 1);

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

    private static Decoder Load(string folder, ScalarType dtype, Device device)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return new(checkpoint.Config, checkpoint.Load(dtype, device));
    }

    /// <summary>Shape of a model of random weights: time does not depend on them.</summary>
    private static DecoderConfig Shape(string name)
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

    private static string Described(string name, DecoderConfig c) =>
        $"{name} ({c.Layers} layers x {c.Heads} heads, width {c.Width}, MLP {c.FeedForward})";

    /// <summary>Two heads in each layer of the upper half.</summary>
    private static Head[] UpperHeads(DecoderConfig config) =>
        [.. Enumerable.Range(config.Layers / 2, config.Layers - config.Layers / 2)
            .SelectMany(l => new Head[] { new(l, l % config.Heads), new(l, (l + 3) % config.Heads) })];
}

/// <summary>Prompts given as tokens with the geometry of the entity-tracking task, for models that cannot read: 7
/// segments of 7 tokens behind BOS and a query of 7 more, 57 in all, object at 2 + 7k and label at 6 + 7k of each
/// segment k.</summary>
internal static class SyntheticPrompts
{
    private const int Segments = 7, Width = 7, Length = 1 + Segments * Width + Width, QueryLabel = Length - 3;

    /// <summary>Prompts with ids below <paramref name="vocabulary"/> (at least 200), drawn from a seed.</summary>
    public static PromptSet Create(int prompts, int vocabulary, ulong seed)
    {
        var random = new SplitMix64(seed);
        return new PromptSet([.. Enumerable.Range(0, prompts)
            .Select(i => Prompt(random, vocabulary, $"synthetic prompt {i}"))]);
    }

    private static Prompt Prompt(SplitMix64 random, int vocabulary, string origin)
    {
        var (clean, labels, objects) = Scene(random, vocabulary);
        var queried = random.Below(Segments);
        clean[QueryLabel] = labels[queried];
        var (counterfactual, _, _) = Scene(random, vocabulary);
        counterfactual[QueryLabel] = 100 + 26; // a label of no scene
        return new Prompt(
            new TokenSequence(clean, Positions(6 + Width * queried)),
            new TokenSequence(counterfactual, Positions(6 + Width * random.Below(Segments))),
            objects[queried], origin);
    }

    private static (int[] Ids, int[] Labels, int[] Objects) Scene(SplitMix64 random, int vocabulary)
    {
        var labels = random.Sample(Enumerable.Range(100, 26).ToArray(), Segments);
        var objects = random.Sample(Enumerable.Range(130, vocabulary - 130).ToArray(), Segments);
        var ids = new int[Length];
        ids[0] = 1;
        for (var t = 1; t < Length; t++) ids[t] = 10 + (t - 1) % Width + (t > Segments * Width ? Width : 0);
        for (var k = 0; k < Segments; k++) (ids[2 + Width * k], ids[6 + Width * k]) = (objects[k], labels[k]);
        return (ids, [.. labels], [.. objects]);
    }

    private static Dictionary<string, int> Positions(int previous) => new()
    {
        [PositionNames.Last] = Length - 1,
        [PositionNames.QueryLabel] = QueryLabel,
        [PositionNames.PreviousQueryLabel] = previous,
    };
}
