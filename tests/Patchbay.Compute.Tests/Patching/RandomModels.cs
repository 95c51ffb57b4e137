using Patchbay.Models;
using TorchSharp;

namespace Patchbay.Patching.Tests;

/// <summary>Small random models, float64 unless told otherwise, with blocks so small that several are needed.</summary>
internal static class RandomModels
{
    public static Llama Create(int seed, int layers, int heads, int keyValueHeads, int headWidth = 4,
        torch.ScalarType dtype = torch.ScalarType.Float64, bool bias = false)
    {
        var model = Llama.Random(new LlamaConfig
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
        }, seed, dtype, spread: 1.5);
        model.BlockRows = 16;
        return model;
    }
}
