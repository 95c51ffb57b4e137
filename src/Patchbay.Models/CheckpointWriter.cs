using Patchbay.Models.Weights;
using static TorchSharp.torch;

namespace Patchbay.Models;

/// <summary>Writes a model as a folder in Hugging Face's layout.</summary>
public static class CheckpointWriter
{
    /// <summary>Writes config.json and model.safetensors into a folder (made where it is not there), each whole or not at
    /// all; weights keep their dtype, which becomes the configuration's torch_dtype. A tied unembedding is not stored.</summary>
    /// <exception cref="ArgumentException">The dtype is one that checkpoints do not hold.</exception>
    public static void Write(string folder, LlamaConfig config, LlamaWeights weights)
    {
        Directory.CreateDirectory(folder);
        var tensors = new List<TensorToWrite> { weights.Embedding.ToWrite(LlamaLayout.Embedding) };
        for (var layer = 0; layer < weights.Layers.Count; layer++) AddLayer(tensors, layer, weights.Layers[layer]);
        tensors.Add(weights.FinalNorm.ToWrite(LlamaLayout.FinalNorm));
        if (!config.TiedEmbeddings) tensors.Add(weights.Unembedding.ToWrite(LlamaLayout.Unembedding));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
        var dtype = weights.Embedding.dtype.ToString().ToLowerInvariant();
        LlamaConfigFile.Write(Path.Combine(folder, CheckpointSource.ConfigName), config with { StoredDtype = dtype });
    }

    private static void AddLayer(List<TensorToWrite> tensors, int layer, LlamaLayerWeights w)
    {
        foreach (var (part, tensor) in (ReadOnlySpan<(string, Tensor?)>)
        [
            ("input_layernorm.weight", w.AttentionNorm),
            ("self_attn.q_proj.weight", w.Query), ("self_attn.q_proj.bias", w.QueryBias),
            ("self_attn.k_proj.weight", w.Key), ("self_attn.k_proj.bias", w.KeyBias),
            ("self_attn.v_proj.weight", w.Value), ("self_attn.v_proj.bias", w.ValueBias),
            ("self_attn.o_proj.weight", w.Output), ("self_attn.o_proj.bias", w.OutputBias),
            ("post_attention_layernorm.weight", w.MlpNorm),
            ("mlp.gate_proj.weight", w.Gate), ("mlp.up_proj.weight", w.Up), ("mlp.down_proj.weight", w.Down),
        ])
        {
            if (tensor is not null) tensors.Add(tensor.ToWrite(LlamaLayout.Module(layer, part)));
        }
    }
}
