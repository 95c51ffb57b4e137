using Patchbay.Models;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Weights made from weights, each told by its name in a checkpoint.</summary>
internal static class WeightMap
{
    /// <summary>A model's weights, each made anew from its name ("model.layers.0.self_attn.q_proj.weight") and the old
    /// one, in the order of <see cref="LlamaWeights.Tensors"/>. A tied unembedding stays the embedding.</summary>
    /// <exception cref="NotSupportedException">The model has biases.</exception>
    public static LlamaWeights Select(this LlamaWeights weights, Func<string, Tensor, Tensor> make)
    {
        var embedding = make("model.embed_tokens.weight", weights.Embedding);
        LlamaLayerWeights[] layers = [.. weights.Layers.Select((w, l) => Layer(w, $"model.layers.{l}.", make))];
        var norm = make("model.norm.weight", weights.FinalNorm);
        return new()
        {
            Embedding = embedding,
            Layers = layers,
            FinalNorm = norm,
            Unembedding = ReferenceEquals(weights.Unembedding, weights.Embedding) ? embedding
                : make("lm_head.weight", weights.Unembedding),
        };
    }

    private static LlamaLayerWeights Layer(LlamaLayerWeights w, string layer, Func<string, Tensor, Tensor> make)
    {
        if (w.QueryBias is not null || w.KeyBias is not null || w.ValueBias is not null || w.OutputBias is not null)
            throw new NotSupportedException("models with attention biases cannot be trained");
        Tensor Make(string part, Tensor tensor) => make($"{layer}{part}.weight", tensor);
        return new()
        {
            AttentionNorm = Make("input_layernorm", w.AttentionNorm),
            Query = Make("self_attn.q_proj", w.Query),
            Key = Make("self_attn.k_proj", w.Key),
            Value = Make("self_attn.v_proj", w.Value),
            Output = Make("self_attn.o_proj", w.Output),
            MlpNorm = Make("post_attention_layernorm", w.MlpNorm),
            Gate = Make("mlp.gate_proj", w.Gate),
            Up = Make("mlp.up_proj", w.Up),
            Down = Make("mlp.down_proj", w.Down),
        };
    }

    /// <summary>A copy with weights of its own, which no dispose scope owns.</summary>
    public static LlamaWeights Copy(this LlamaWeights weights, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return weights.Select((_, w) => w.to(dtype).to(device, copy: true).detach().DetachFromDisposeScope());
    }
}
