namespace Patchbay.Models;

/// <summary>How a norm scales what it reads.</summary>
public enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + eps) · w.</summary>
    Rms,

    /// <summary>x / sqrt(mean(x²) + eps) · (1 + w), as Gemma has it.</summary>
    RmsPlusOne,

    /// <summary>(x - mean(x)) / sqrt(variance(x) + eps) · w + b.</summary>
    Layer,
}

/// <summary>The nonlinearity of an MLP.</summary>
public enum Activation
{
    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>x · Φ(x), by the error function.</summary>
    Gelu,

    /// <summary>The same by its approximation with tanh ("gelu_new", "gelu_pytorch_tanh").</summary>
    GeluTanh,
}

/// <summary>What q and k are normed over before the rotary embedding.</summary>
public enum QueryKeyNorm
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>The channels of one head, by the same weights for all (Qwen3, Gemma 3).</summary>
    Heads,

    /// <summary>The channels of all heads together (OLMo 2).</summary>
    Whole,
}

/// <summary>Shape and constants of a decoder: what its family and its config.json say, as data. The defaults are
/// Llama's.</summary>
public sealed partial record DecoderConfig
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

    /// <summary>Attention reaches back this many tokens, its own counted, or null for all of them.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Which layers have the window; null for all.</summary>
    public IReadOnlyList<bool>? WindowedLayers { get; init; }

    /// <summary>Which layers turn q and k by their positions; null for all.</summary>
    public IReadOnlyList<bool>? RotatedLayers { get; init; }

    /// <summary>Rotary embedding of the layers that have the window, or null where it is that of the others.</summary>
    public Rope? LocalRope { get; init; }

    /// <summary>Channels of a head that the rotary embedding turns, its first ones; null for all, 0 for none.</summary>
    public int? RotaryWidth { get; init; }

    /// <summary>Whether the embedding turns channels 2i and 2i + 1 together (GPT-J), not i and i + half.</summary>
    public bool RotaryNeighbours { get; init; }

    /// <summary>Whether each position has an embedding of its own, added to the token's (GPT-2).</summary>
    public bool LearnedPositions { get; init; }

    /// <summary>What the norms are.</summary>
    public NormKind Norm { get; init; }

    /// <summary>Whether attention and MLP read the residual stream through a norm.</summary>
    public bool NormsInputs { get; init; } = true;

    /// <summary>Whether what attention and MLP write is normed before it is added (Gemma 2, OLMo 2).</summary>
    public bool NormsOutputs { get; init; }

    /// <summary>Whether the MLP reads the residual stream before attention, beside it (GPT-NeoX).</summary>
    public bool Parallel { get; init; }

    /// <summary>Whether the MLP reads through attention's norm (Phi-2, GPT-J).</summary>
    public bool SharesNorm { get; init; }

    /// <summary>Norms of q and k.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>The MLP's nonlinearity.</summary>
    public Activation Activation { get; init; }

    /// <summary>Whether the MLP is down(act(gate(h)) · up(h)), not down(act(up(h))).</summary>
    public bool Gated { get; init; } = true;

    /// <summary>Whether the MLP's projections carry biases.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Whether the unembedding carries a bias.</summary>
    public bool UnembeddingBias { get; init; }

    /// <summary>What scores of attention are divided by; null for the root of the head width.</summary>
    public double? ScoreDivisor { get; init; }

    /// <summary>Whether layer l divides scores by l + 1 as well (GPT-2's scale_attn_by_inverse_layer_idx).</summary>
    public bool DividesByDepth { get; init; }

    /// <summary>Scores s become cap · tanh(s / cap) before the mask; null for none.</summary>
    public double? ScoreCap { get; init; }

    /// <summary>The same for the logits.</summary>
    public double? LogitCap { get; init; }

    /// <summary>The token embedding's factor.</summary>
    public double EmbeddingFactor { get; init; } = 1;

    /// <summary>Factor of what attention and MLP add to the residual stream (Granite).</summary>
    public double ResidualFactor { get; init; } = 1;

    /// <summary>What logits are divided by (Granite).</summary>
    public double LogitDivisor { get; init; } = 1;

    /// <summary>What a layer divides scores by; null for the root of the head width.</summary>
    public double? Divisor(int layer) =>
        DividesByDepth ? (ScoreDivisor ?? Math.Sqrt(HeadWidth)) * (layer + 1) : ScoreDivisor;

    /// <summary>The window of a layer, or null where it sees all before it.</summary>
    public int? Window(int layer) => WindowedLayers is null || WindowedLayers[layer] ? SlidingWindow : null;

    /// <summary>How a layer turns q and k, or null where it does not.</summary>
    public Rope? RopeOf(int layer) =>
        RotaryWidth == 0 || RotatedLayers is not null && !RotatedLayers[layer] ? null
        : LocalRope is not null && Window(layer) is not null ? LocalRope
        : new(RopeTheta, RopeScaling);

    /// <summary>Whether nothing but sizes, biases of attention and the rotary embedding sets it apart from
    /// Llama.</summary>
    public bool IsLlama => this is
    {
        SlidingWindow: null, RotatedLayers: null, RotaryWidth: null, RotaryNeighbours: false, LearnedPositions: false,
        Norm: NormKind.Rms, NormsInputs: true, NormsOutputs: false, Parallel: false, SharesNorm: false,
        QueryKeyNorm: QueryKeyNorm.None, Activation: Activation.Silu, Gated: true, MlpBias: false,
        UnembeddingBias: false, ScoreDivisor: null, DividesByDepth: false, ScoreCap: null, LogitCap: null,
        EmbeddingFactor: 1, ResidualFactor: 1, LogitDivisor: 1,
    };

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
    public long ParameterCount => DecoderLayout.Inner(this).Sum(t => t.Shape.Aggregate(1L, (n, size) => n * size))
        + (long)Vocabulary * Width * (TiedEmbeddings ? 1 : 2);
}

/// <summary>A rotary position embedding.</summary>
/// <param name="Theta">Its base.</param>
/// <param name="Scaling">How its frequencies are stretched, or null.</param>
public sealed record Rope(double Theta, RopeScaling? Scaling);

/// <summary>Scaling of rotary frequencies, as config.json's rope_scaling says.</summary>
/// <param name="Kind">"linear" or "llama3".</param>
/// <param name="Factor">How many times longer positions become.</param>
/// <param name="LowFrequencyFactor">llama3 only.</param>
/// <param name="HighFrequencyFactor">llama3 only.</param>
/// <param name="OriginalMaxPositions">llama3 only: context length before scaling.</param>
public sealed record RopeScaling(
    string Kind, double Factor, double LowFrequencyFactor = 1, double HighFrequencyFactor = 4,
    int OriginalMaxPositions = 8192);
