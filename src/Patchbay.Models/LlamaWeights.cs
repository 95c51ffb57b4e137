using static TorchSharp.torch;

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

    /// <summary>Those that the layer has.</summary>
    internal IEnumerable<Tensor> Tensors => ((Tensor?[])
    [
        AttentionNorm, Query, Key, Value, Output, QueryBias, KeyBias, ValueBias, OutputBias, MlpNorm, Gate, Up, Down,
    ]).OfType<Tensor>();
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

    /// <summary>Every tensor once: embedding, each layer's in the order of <see cref="LlamaLayerWeights"/>, final norm, and the
    /// unembedding where it is not tied.</summary>
    public IEnumerable<Tensor> Tensors =>
    [
        Embedding, .. Layers.SelectMany(l => l.Tensors), FinalNorm, .. ReferenceEquals(Embedding, Unembedding) ? [] : (Tensor[])[Unembedding],
    ];

    /// <summary>Frees every weight.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Dispose();
    }
}
