using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>Writes a model as a folder in Hugging Face's layout.</summary>
public static class CheckpointWriter
{
    /// <summary>Writes config.json and model.safetensors into a folder (made if need be), each whole or not at all;
    /// weights keep their dtype, which becomes the configuration's torch_dtype. A tied unembedding is not
    /// stored.</summary>
    /// <exception cref="ArgumentException">The dtype is one that checkpoints do not hold.</exception>
    public static void Write(string folder, DecoderConfig config, DecoderWeights weights)
    {
        Directory.CreateDirectory(folder);
        var tensors = new List<TensorToWrite> { weights.Embedding.ToWrite(DecoderLayout.Embedding) };
        foreach (var (layer, layerWeights) in weights.Layers.Index())
            tensors.AddRange(layerWeights.Named.Select(w => w.Tensor.ToWrite(DecoderLayout.Module(layer, w.Name))));
        tensors.Add(weights.FinalNorm.ToWrite(DecoderLayout.FinalNorm));
        if (!config.TiedEmbeddings) tensors.Add(weights.Unembedding.ToWrite(DecoderLayout.Unembedding));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
        var dtype = weights.Embedding.dtype.ToString().ToLowerInvariant();
        DecoderConfigFile.Write(Path.Combine(folder, CheckpointSource.ConfigName), config with { StoredDtype = dtype });
    }
}
