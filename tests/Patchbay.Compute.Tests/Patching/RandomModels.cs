using Patchbay.Models;
using TorchSharp;

namespace Patchbay.Patching.Tests;

/// <summary>Small random models, float64 unless told otherwise, with blocks so small that several are needed.</summary>
internal static class RandomModels
{
    /// <summary>What families make of a Llama, each of their features often enough to matter.</summary>
    public static IReadOnlyList<Func<DecoderConfig, DecoderConfig>> Families { get; } =
    [
        llama => llama,
        gpt2 => Gpt(gpt2) with
        {
            LearnedPositions = true, RotaryWidth = 0, Activation = Activation.GeluTanh, DividesByDepth = true,
        },
        gptNeo => Gpt(gptNeo) with
        {
            LearnedPositions = true, RotaryWidth = 0, ScoreDivisor = 1, SlidingWindow = 3, WindowedLayers = Odd(gptNeo),
        },
        gptNeoX => Gpt(gptNeoX) with { Parallel = true, RotaryWidth = 2, Activation = Activation.Gelu },
        gptJ => Gpt(gptJ) with
        {
            Parallel = true, SharesNorm = true, UnembeddingBias = true, RotaryNeighbours = true, QkvBias = false,
        },
        mistral => mistral with { SlidingWindow = 4 },
        gemma2 => Gemma(gemma2) with { ScoreCap = 2, LogitCap = 3, SlidingWindow = 3, WindowedLayers = Odd(gemma2) },
        gemma3 => Gemma(gemma3) with
        {
            QueryKeyNorm = QueryKeyNorm.Heads, LocalRope = new(100, null), SlidingWindow = 3,
            WindowedLayers = Odd(gemma3),
        },
        olmo2 => olmo2 with { NormsInputs = false, NormsOutputs = true, QueryKeyNorm = QueryKeyNorm.Whole },
        smolLm3 => smolLm3 with { RotatedLayers = Odd(smolLm3), MlpBias = true },
        granite => granite with
        {
            EmbeddingFactor = 1.5, ResidualFactor = 0.6, ScoreDivisor = 3, LogitDivisor = 2,
        },
    ];

    private static bool[] Odd(DecoderConfig c) => [.. Enumerable.Range(0, c.Layers).Select(l => l % 2 == 1)];

    private static DecoderConfig Gpt(DecoderConfig c) => c with
    {
        Norm = NormKind.Layer,
        Gated = false,
        MlpBias = true,
        QkvBias = true,
        OutputBias = true,
    };

    private static DecoderConfig Gemma(DecoderConfig c) => c with
    {
        Norm = NormKind.RmsPlusOne,
        NormsOutputs = true,
        ScoreDivisor = 2.5,
        EmbeddingFactor = 2,
        Activation = Activation.GeluTanh,
    };

    public static Decoder Create(int seed, int layers, int heads, int keyValueHeads, int headWidth = 4,
        torch.ScalarType dtype = torch.ScalarType.Float64, bool bias = false, int family = 0)
    {
        var model = Decoder.Random(Families[family](new DecoderConfig
        {
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadWidth = headWidth,
            Width = heads * headWidth,
            FeedForward = 2 * heads * headWidth + 3,
            Vocabulary = 11,
            MaxPositions = 64,
            QkvBias = bias,
            OutputBias = bias,
        }), seed, dtype, spread: 1.5, TestDevice.Named);
        model.BlockRows = 16;
        return model;
    }
}
