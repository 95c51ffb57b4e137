namespace Patchbay.Models;

/// <summary>Weights of one layer; matrices are (outputs, inputs), as checkpoints store them.</summary>
public sealed record LayerWeights
{
    /// <summary>Norm before attention: (d); null where there is none.</summary>
    public Tensor? AttentionNorm { get; init; }

    /// <summary>Its bias, where norms have one: (d).</summary>
    public Tensor? AttentionNormBias { get; init; }

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

    /// <summary>Norms of q and k: (dh), or (H·dh) and (Hkv·dh); null where there are none.</summary>
    public Tensor? QueryNorm { get; init; }

    /// <inheritdoc cref="QueryNorm"/>
    public Tensor? KeyNorm { get; init; }

    /// <summary>Norm of what attention writes: (d); null where there is none.</summary>
    public Tensor? AttentionOutNorm { get; init; }

    /// <summary>Norm before the MLP: (d); null where there is none, or attention's serves.</summary>
    public Tensor? MlpNorm { get; init; }

    /// <summary>Its bias, where norms have one: (d).</summary>
    public Tensor? MlpNormBias { get; init; }

    /// <summary>Gate projection: (f, d); null where the MLP has none.</summary>
    public Tensor? Gate { get; init; }

    /// <summary>Up projection: (f, d).</summary>
    public required Tensor Up { get; init; }

    /// <summary>Down projection: (d, f).</summary>
    public required Tensor Down { get; init; }

    /// <summary>Biases (f), (f), (d), each null where the model has none.</summary>
    public Tensor? GateBias { get; init; }

    /// <inheritdoc cref="GateBias"/>
    public Tensor? UpBias { get; init; }

    /// <inheritdoc cref="GateBias"/>
    public Tensor? DownBias { get; init; }

    /// <summary>Norm of what the MLP writes: (d); null where there is none.</summary>
    public Tensor? MlpOutNorm { get; init; }

    /// <summary>Those that the layer has, with the names that <see cref="DecoderLayout"/> gives them.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> Named => new (string Name, Tensor? Tensor)[]
    {
        ("input_layernorm.weight", AttentionNorm),
        ("input_layernorm.bias", AttentionNormBias),
        ("self_attn.q_proj.weight", Query),
        ("self_attn.k_proj.weight", Key),
        ("self_attn.v_proj.weight", Value),
        ("self_attn.o_proj.weight", Output),
        ("self_attn.q_proj.bias", QueryBias),
        ("self_attn.k_proj.bias", KeyBias),
        ("self_attn.v_proj.bias", ValueBias),
        ("self_attn.o_proj.bias", OutputBias),
        ("self_attn.q_norm.weight", QueryNorm),
        ("self_attn.k_norm.weight", KeyNorm),
        ("self_attn.out_norm.weight", AttentionOutNorm),
        ("post_attention_layernorm.weight", MlpNorm),
        ("post_attention_layernorm.bias", MlpNormBias),
        ("mlp.gate_proj.weight", Gate),
        ("mlp.up_proj.weight", Up),
        ("mlp.down_proj.weight", Down),
        ("mlp.gate_proj.bias", GateBias),
        ("mlp.up_proj.bias", UpBias),
        ("mlp.down_proj.bias", DownBias),
        ("mlp.out_norm.weight", MlpOutNorm),
    }.Where(t => t.Tensor is not null).Select(t => (t.Name, t.Tensor!));

    /// <summary>A layer of what is made of each of its tensors' names, e.g. "self_attn.q_proj.weight", and
    /// shapes.</summary>
    internal static LayerWeights Make(DecoderConfig config, Func<string, long[], Tensor> make)
    {
        var made = DecoderLayout.Layer(config).ToDictionary(t => t.Name, t => make(t.Name, t.Shape));
        Tensor? Made(string name) => made.GetValueOrDefault(name);
        return new()
        {
            AttentionNorm = Made("input_layernorm.weight"),
            AttentionNormBias = Made("input_layernorm.bias"),
            Query = made["self_attn.q_proj.weight"],
            Key = made["self_attn.k_proj.weight"],
            Value = made["self_attn.v_proj.weight"],
            Output = made["self_attn.o_proj.weight"],
            QueryBias = Made("self_attn.q_proj.bias"),
            KeyBias = Made("self_attn.k_proj.bias"),
            ValueBias = Made("self_attn.v_proj.bias"),
            OutputBias = Made("self_attn.o_proj.bias"),
            QueryNorm = Made("self_attn.q_norm.weight"),
            KeyNorm = Made("self_attn.k_norm.weight"),
            AttentionOutNorm = Made("self_attn.out_norm.weight"),
            MlpNorm = Made("post_attention_layernorm.weight"),
            MlpNormBias = Made("post_attention_layernorm.bias"),
            Gate = Made("mlp.gate_proj.weight"),
            Up = made["mlp.up_proj.weight"],
            Down = made["mlp.down_proj.weight"],
            GateBias = Made("mlp.gate_proj.bias"),
            UpBias = Made("mlp.up_proj.bias"),
            DownBias = Made("mlp.down_proj.bias"),
            MlpOutNorm = Made("mlp.out_norm.weight"),
        };
    }
}

/// <summary>All weights of a Llama-architecture model, in one dtype on one device.</summary>
public sealed class DecoderWeights : IDisposable
{
    /// <summary>Token embedding: (vocabulary, d).</summary>
    public required Tensor Embedding { get; init; }

    /// <summary>Embedding of each position: (positions, d); null where positions are not learned.</summary>
    public Tensor? Positions { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<LayerWeights> Layers { get; init; }

    /// <summary>Norm before the unembedding: (d).</summary>
    public required Tensor FinalNorm { get; init; }

    /// <summary>Its bias, where norms have one: (d).</summary>
    public Tensor? FinalNormBias { get; init; }

    /// <summary>Unembedding: (vocabulary, d); the same object as <see cref="Embedding"/> where they are tied.</summary>
    public required Tensor Unembedding { get; init; }

    /// <summary>Its bias: (vocabulary); null where the model has none.</summary>
    public Tensor? UnembeddingBias { get; init; }

    /// <summary>Every tensor once: embeddings, each layer's in the order of <see cref="LayerWeights"/>, final
    /// norm, and the unembedding where it is not tied.</summary>
    public IEnumerable<Tensor> Tensors
    {
        get
        {
            yield return Embedding;
            if (Positions is not null) yield return Positions;
            foreach (var (_, tensor) in Layers.SelectMany(l => l.Named)) yield return tensor;
            yield return FinalNorm;
            if (FinalNormBias is not null) yield return FinalNormBias;
            if (UnembeddingBias is not null) yield return UnembeddingBias;
            if (!ReferenceEquals(Embedding, Unembedding)) yield return Unembedding;
        }
    }

    /// <summary>Name, as <see cref="DecoderLayout"/> has it, of the first tensor that holds NaN or infinity, or
    /// null.</summary>
    public string? NotFinite()
    {
        using var scope = NewDisposeScope();
        IEnumerable<(string Name, Tensor Weight)> named =
        [
            (DecoderLayout.Embedding, Embedding),
            .. Layers.SelectMany((w, l) => w.Named.Select(t => (DecoderLayout.Module(l, t.Name), t.Tensor))),
            (DecoderLayout.FinalNorm, FinalNorm), (DecoderLayout.Unembedding, Unembedding),
        ];
        return named.FirstOrDefault(t => !t.Weight.isfinite().all().cpu().item<bool>()).Name;
    }

    /// <summary>Frees every weight.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Dispose();
    }
}
