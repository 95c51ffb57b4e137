using System.Text.Json;
using Patchbay.Models;
using Patchbay.Tasks;

namespace Patchbay.Cli.Tests;

/// <summary>Small random models with a word-level tokenizer that knows the entity-tracking task's words: they can be
/// run, and know nothing.</summary>
internal static class StandIns
{
    private static readonly string[] Vocabulary = ["<unk>", "<s>", "The", "the", "is", "in", "and", "Box", "contains",
        ",", ".", .. EntityWords.All.Labels, .. EntityWords.All.Objects];

    public static DecoderConfig Config { get; } = new()
    {
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 4,
        HeadWidth = 8,
        Width = 32,
        FeedForward = 48,
        Vocabulary = Vocabulary.Length,
        BeginId = 1,
    };

    /// <summary>A checkpoint folder; the same seed and nearly the same spread make nearly the same model.</summary>
    public static void Write(string folder, long seed = 1, double spread = 1.5, DecoderConfig? config = null)
    {
        using var model = Decoder.Random(config ?? Config, seed, spread: spread);
        CheckpointWriter.Write(folder, model.Config, model.Weights);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = Array.Empty<object>(),
            normalizer = (object?)null,
            pre_tokenizer = new { type = "Whitespace" },
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new object[] { new { SpecialToken = new { id = "<s>", type_id = 0 } },
                    new { Sequence = new { id = "A", type_id = 0 } } },
                pair = Array.Empty<object>(),
                special_tokens = new Dictionary<string,
                    object>
                { ["<s>"] = new { id = "<s>", ids = new[] { 1 }, tokens = new[] { "<s>" } } },
            },
            decoder = (object?)null,
            model = new
            {
                type = "WordLevel",
                vocab = Vocabulary.Index().ToDictionary(w => w.Item, w => w.Index),
                unk_token = "<unk>"
            },
        }));
    }

    /// <summary>The demo's four models.</summary>
    public static void WriteQuartet(string folder, DecoderConfig? config = null)
    {
        foreach (var (i, name) in new[] { "tiny-base", "tiny-chat", "tiny-goat", "tiny-float" }.Index())
            Write(Path.Combine(folder, name), spread: 1.5 + 0.05 * i, config: config);
    }

    /// <summary>A training run with checkpoints, each a little further from the first.</summary>
    public static void WriteRun(string folder, int checkpoints, DecoderConfig? config = null)
    {
        for (var i = 1; i <= checkpoints; i++)
            Write(Path.Combine(folder, "checkpoints", $"step-{100 * i:000000}"), spread: 1 + 0.5 * i / checkpoints,
                config: config);
    }
}
