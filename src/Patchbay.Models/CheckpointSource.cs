using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>An open checkpoint without adapter: its configuration, and its tensors, checked against it.</summary>
/// <param name="Folder">Where the weights lie.</param>
/// <param name="Config">Shape and constants.</param>
/// <param name="Tensors">The stored tensors by name.</param>
/// <param name="Weights">Path that stands for the weights in messages.</param>
/// <param name="Files">Configuration and weights, in an order that does not depend on the folder.</param>
/// <param name="Owner">What keeps the files open.</param>
internal sealed record CheckpointSource(
    string Folder, LlamaConfig Config, IReadOnlyDictionary<string, StoredTensor> Tensors, string Weights,
    IReadOnlyList<string> Files, IDisposable Owner) : IDisposable
{
    internal const string ConfigName = "config.json";

    /// <summary>The embedding, or where only the unembedding of a tied model is stored, that.</summary>
    public StoredTensor Embedding => Tensors.GetValueOrDefault(LlamaLayout.Embedding) ?? Unembedding;

    /// <summary>The unembedding where it is stored beside the embedding; otherwise the same object as it.</summary>
    public StoredTensor Unembedding => Tensors.GetValueOrDefault(LlamaLayout.Unembedding) ?? Embedding;

    public static CheckpointSource Open(string path)
    {
        if (File.Exists(path)) return OpenLlama2c(path);
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"there is no checkpoint folder or file {path}.");
        var config = Path.Combine(path, ConfigName);
        if (File.Exists(config)) return OpenFolder(path, config);
        if (File.Exists(Path.Combine(path, LoraAdapter.SettingsName)))
            throw Refusal.Because(path, "the base of an adapter is itself an adapter, expected a whole checkpoint");
        return OpenLlama2c(FindLlama2c(path));
    }

    private static CheckpointSource OpenFolder(string folder, string configPath)
    {
        var config = LlamaConfigFile.Read(configPath);
        var set = TensorSet.Open(
            folder, "model.safetensors", "pytorch_model.bin", "pytorch_model.pt", "model.bin", "model.pt");
        return Opening.CloseOnError(set, owner => new CheckpointSource(
            folder, config, set.Tensors, set.Source, [configPath, .. set.Files], owner).Checked());
    }

    private static CheckpointSource OpenLlama2c(string path)
    {
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw Refusal.Because(path, $"this is one file of weights, expected its folder with {ConfigName}");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Opening.CloseOnError(Llama2cFile.Open(path), file => new CheckpointSource(
            folder, file.Config, file.Tensors, path, [path], file).Checked());
    }

    // Its tokenizer lies beside it under the same extension, so that more than the name has to be looked at.
    private static string FindLlama2c(string folder)
    {
        var files = Directory.GetFiles(folder, "*.bin").Order(StringComparer.Ordinal).ToArray();
        var found = files.Length == 1 ? files : Array.FindAll(files, Llama2cFile.Recognizes);
        return found switch
        {
            [var one] => one,
            [] => throw new FileNotFoundException($"{folder} is no checkpoint: looked for {ConfigName}, " +
                $"{LoraAdapter.SettingsName} and a llama2.c checkpoint (*.bin)."),
            _ => throw Refusal.Because(folder,
                $"the folder holds {found.Length} llama2.c checkpoints, expected one, or the path of one"),
        };
    }

    private CheckpointSource Checked()
    {
        var needed = new HashSet<string>(StringComparer.Ordinal) { LlamaLayout.Embedding, LlamaLayout.Unembedding };
        long[] outer = [Config.Vocabulary, Config.Width];
        var embedding = Find(LlamaLayout.Embedding, outer);
        var unembedding = Find(LlamaLayout.Unembedding, outer);
        if (embedding is null && (unembedding is null || !Config.TiedEmbeddings))
            throw Missing(LlamaLayout.Embedding, outer);
        if (unembedding is null && !Config.TiedEmbeddings) throw Missing(LlamaLayout.Unembedding, outer);
        foreach (var (name, shape) in LlamaLayout.Inner(Config))
        {
            if (Find(name, shape) is null) throw Missing(name, shape);
            needed.Add(name);
        }
        foreach (var tensor in Tensors.Values)
        {
            if (needed.Contains(tensor.Name) || LlamaLayout.IsBuffer(tensor.Name)) continue;
            var shown = $"{Refusal.Quote(tensor.Name)} {Refusal.Shape(tensor.Shape)}";
            throw Refusal.Because(tensor.File,
                $"tensor {shown} is not expected in a {Config.Architecture} of {Config.Layers} layers");
        }
        return this;
    }

    private StoredTensor? Find(string name, long[] shape)
    {
        if (!Tensors.TryGetValue(name, out var tensor)) return null;
        if (!tensor.Shape.SequenceEqual(shape))
        {
            var (found, expected) = (Refusal.Shape(tensor.Shape), Refusal.Shape(shape));
            throw Refusal.Because(tensor.File,
                $"tensor {name} has shape {found}, expected {expected} by the configuration");
        }
        return tensor.Type.IsFloat() ? tensor : throw Refusal.Because(tensor.File,
            $"tensor {name} has dtype {tensor.Type.SafetensorsName()}, expected F64, F32, F16 or BF16");
    }

    private InvalidDataException Missing(string name, long[] shape) => Refusal.Because(Weights, $"tensor {name} " +
        $"{Refusal.Shape(shape)} is missing, which a {Config.Architecture} of {Config.Layers} layers needs");

    public void Dispose() => Owner.Dispose();
}
