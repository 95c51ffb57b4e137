namespace Patchbay.Models;

/// <summary>Shape and constants of a model (Llama; Mistral or Qwen2 where only the configuration differs).</summary>
public sealed record LlamaConfig
{
    /// <summary>The architecture's name in config.json, e.g. "LlamaForCausalLM".</summary>
    public string Architecture { get; init; } = "LlamaForCausalLM";

    /// <summary>L, the number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>H, the number of query heads of a layer.</summary>
    public required int Heads { get; init; }

    /// <summary>Hkv, the number of key/value heads; query head h reads key/value head h / (H / Hkv).</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>dh, the width of one head.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>d, the width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Width of the MLP's hidden layer.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Number of token ids.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Added to the mean square in RMSNorm.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Base of the rotary position embedding.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How rotary frequencies are stretched, or null.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Longest sequence the model was made for.</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>Attention reaches back this many tokens (Mistral), or null for all. Sequences longer than it are
    /// refused: up to it the model is an ordinary Llama.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Most tokens of a sequence that the model reads.</summary>
    public int LongestPrompt => Math.Min(MaxPositions, SlidingWindow ?? int.MaxValue);

    /// <summary>Whether the q, k and v projections carry a bias.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Whether the output projection carries a bias (Llama's attention_bias sets both).</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether the unembedding is the embedding.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Id that begins a sequence, or null.</summary>
    public int? BeginId { get; init; }

    /// <summary>Ids that end a text.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>Dtype the checkpoint says it was stored in ("float16"), or null.</summary>
    public string? StoredDtype { get; init; }

    /// <summary>Query heads per key/value head.</summary>
    public int GroupSize => Heads / KeyValueHeads;

    /// <summary>Number of parameters (a tied embedding counts once).</summary>
    public long ParameterCount
    {
        get
        {
            long q = (long)Heads * HeadWidth, kv = (long)KeyValueHeads * HeadWidth;
            long attention = Width * (2 * q + 2 * kv) + (QkvBias ? q + 2 * kv : 0) + (OutputBias ? Width : 0);
            long layer = attention + 3L * Width * FeedForward + 2L * Width;
            return Layers * layer + Width + (long)Vocabulary * Width * (TiedEmbeddings ? 1 : 2);
        }
    }
}

/// <summary>Scaling of rotary frequencies, as config.json's rope_scaling says.</summary>
/// <param name="Kind">"linear" or "llama3".</param>
/// <param name="Factor">How many times longer positions become.</param>
/// <param name="LowFrequencyFactor">llama3 only.</param>
/// <param name="HighFrequencyFactor">llama3 only.</param>
/// <param name="OriginalMaxPositions">llama3 only: context length before scaling.</param>
public sealed record RopeScaling(
    string Kind, double Factor, double LowFrequencyFactor = 1, double HighFrequencyFactor = 4,
    int OriginalMaxPositions = 8192);
