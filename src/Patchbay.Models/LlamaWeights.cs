namespace Patchbay.Models;

/// <summary>Weights of one layer; matrices are (outputs, inputs), as checkpoints store them.</summary>
public sealed record LlamaLayerWeights
{
    /// <summary>Norm before attention: (d).</summary>
    public required Tensor AttentionNorm { get; init; }

    /// <summary>Query projection: (H·dh, d).</summary>
    public required Tensor Query { get; init; }

    /// <summary>Key projection: (Hkv·dh, d).</summary>
    public required Tensor Key { get; init; }

    /// <summary>Value projection: (Hkv·dh, d).</summary>
    public required Tensor Value { get; init; }

    /// <summary>Output projection: (d, H·dh).</summary>
    public required Tensor Output { get; init; }

    /// <summary>Biases (H·dh), (Hkv·dh), (Hkv·dh), (d), each null where the model has none.</summary>
    public Tensor? QueryBias { get; init; }

    /// <inheritdoc cref="QueryBias"/>
    public Tensor? KeyBias { get; init; }

    /// <inheritdoc cref="QueryBias"/>
    public Tensor? ValueBias { get; init; }

    /// <inheritdoc cref="QueryBias"/>
    public Tensor? OutputBias { get; init; }

    /// <summary>Norm before the MLP: (d).</summary>
    public required Tensor MlpNorm { get; init; }

    /// <summary>Gate projection: (f, d).</summary>
    public required Tensor Gate { get; init; }

    /// <summary>Up projection: (f, d).</summary>
    public required Tensor Up { get; init; }

    /// <summary>Down projection: (d, f).</summary>
    public required Tensor Down { get; init; }

    /// <summary>Those that the layer has, with the names that checkpoints give them within the layer.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> Named => new (string Name, Tensor? Tensor)[]
    {
        ("input_layernorm.weight", AttentionNorm),
        ("self_attn.q_proj.weight", Query), ("self_attn.k_proj.weight", Key), ("self_attn.v_proj.weight", Value),
        ("self_attn.o_proj.weight", Output),
        ("self_attn.q_proj.bias", QueryBias), ("self_attn.k_proj.bias", KeyBias), ("self_attn.v_proj.bias", ValueBias),
        ("self_attn.o_proj.bias", OutputBias),
        ("post_attention_layernorm.weight", MlpNorm),
        ("mlp.gate_proj.weight", Gate), ("mlp.up_proj.weight", Up), ("mlp.down_proj.weight", Down),
    }.Where(t => t.Tensor is not null).Select(t => (t.Name, t.Tensor!));

    /// <summary>A layer of weights and biases made by their modules' names in it, e.g. "self_attn.q_proj".</summary>
    internal static LlamaLayerWeights Make(LlamaConfig config, Func<string, Tensor> weight, Func<string, Tensor> bias)
    {
        Tensor? QkvBias(string module) => config.QkvBias ? bias(module) : null;
        return new()
        {
            AttentionNorm = weight("input_layernorm"),
            MlpNorm = weight("post_attention_layernorm"),
            Query = weight("self_attn.q_proj"),
            Key = weight("self_attn.k_proj"),
            Value = weight("self_attn.v_proj"),
            Output = weight("self_attn.o_proj"),
            QueryBias = QkvBias("self_attn.q_proj"),
            KeyBias = QkvBias("self_attn.k_proj"),
            ValueBias = QkvBias("self_attn.v_proj"),
            OutputBias = config.OutputBias ? bias("self_attn.o_proj") : null,
            Gate = weight("mlp.gate_proj"),
            Up = weight("mlp.up_proj"),
            Down = weight("mlp.down_proj"),
        };
    }
}

/// <summary>All weights of a Llama-architecture model, in one dtype on one device.</summary>
public sealed class LlamaWeights : IDisposable
{
    /// <summary>Token embedding: (vocabulary, d).</summary>
    public required Tensor Embedding { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<LlamaLayerWeights> Layers { get; init; }

    /// <summary>Norm before the unembedding: (d).</summary>
    public required Tensor FinalNorm { get; init; }

    /// <summary>Unembedding: (vocabulary, d); the same object as <see cref="Embedding"/> where they are tied.</summary>
    public required Tensor Unembedding { get; init; }

    /// <summary>Every tensor once: embedding, each layer's in the order of <see cref="LlamaLayerWeights"/>, final
    /// norm, and the unembedding where it is not tied.</summary>
    public IEnumerable<Tensor> Tensors
    {
        get
        {
            yield return Embedding;
            foreach (var (_, tensor) in Layers.SelectMany(l => l.Named)) yield return tensor;
            yield return FinalNorm;
            if (!ReferenceEquals(Embedding, Unembedding)) yield return Unembedding;
        }
    }

    /// <summary>Frees every weight.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Dispose();
    }
}
