using Patchbay.Models.Families;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>An open checkpoint without adapter: its configuration, and its tensors, checked against it.</summary>
/// <param name="Folder">Where the weights lie.</param>
/// <param name="Config">Shape and constants.</param>
/// <param name="Stored">The stored tensors by name.</param>
/// <param name="Weights">Path that stands for the weights in messages.</param>
/// <param name="Files">Configuration and weights, in an order that does not depend on the folder.</param>
/// <param name="Owner">What keeps the files open.</param>
internal sealed record CheckpointSource(
    string Folder, DecoderConfig Config, IReadOnlyDictionary<string, StoredTensor> Stored, string Weights,
    IReadOnlyList<string> Files, IDisposable Owner) : IDisposable
{
    internal const string ConfigName = "config.json";

    /// <summary>What the model needs, by the names of <see cref="DecoderLayout"/>.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; private init; } = Stored;

    /// <summary>The embedding, or where only the unembedding of a tied model is stored, that.</summary>
    public StoredTensor Embedding => Tensors.GetValueOrDefault(DecoderLayout.Embedding) ?? Unembedding;

    /// <summary>The unembedding where it is stored beside the embedding; otherwise the same object as it.</summary>
    public StoredTensor Unembedding => Tensors.GetValueOrDefault(DecoderLayout.Unembedding) ?? Embedding;

    public static CheckpointSource Open(string path)
    {
        if (File.Exists(path)) return OpenLlama2c(path);
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"there is no checkpoint folder or file {path}.");
        var config = Path.Combine(path, ConfigName);
        if (Path.Exists(config)) return OpenFolder(path, config);
        if (File.Exists(Path.Combine(path, LoraAdapter.SettingsName)))
            throw Refusal.Because(path, "the base of an adapter is itself an adapter, expected a whole checkpoint");
        if (File.Exists(Path.Combine(path, "params.json")) && Directory.EnumerateFiles(path, "consolidated*").Any())
            throw Refusal.Because(path, "this is a model in its maker's own layout (params.json, consolidated "
                + $"weights), expected Hugging Face's: {ConfigName} and model.safetensors or its shards");
        var snapshots = Path.Combine(path, "snapshots");
        if (Directory.Exists(snapshots))
            throw Refusal.Because(path, "this is a model's folder in the hub's cache, expected one of its snapshots: "
                + string.Join(" or ", Directory.GetDirectories(snapshots).Order(StringComparer.Ordinal)));
        return OpenLlama2c(FindLlama2c(path));
    }

    private static CheckpointSource OpenFolder(string folder, string configPath)
    {
        var config = DecoderConfigFile.ReadFolder(folder);
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
        var found = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        var used = new HashSet<StoredTensor>(ReferenceEqualityComparer.Instance);
        long[] outer = [Config.Vocabulary, Config.Width];
        var hasEmbedding = Find(DecoderLayout.Embedding, outer, found, used);
        var hasUnembedding = Find(DecoderLayout.Unembedding, outer, found, used);
        if (!hasEmbedding && !(hasUnembedding && Config.TiedEmbeddings)) throw Missing(DecoderLayout.Embedding, outer);
        if (!hasUnembedding && !Config.TiedEmbeddings) throw Missing(DecoderLayout.Unembedding, outer);
        foreach (var (name, shape) in DecoderLayout.Inner(Config))
            if (!Find(name, shape, found, used)) throw Missing(name, shape);
        foreach (var tensor in Stored.Values)
        {
            if (used.Contains(tensor) || Family.Of(Config).Ignores(tensor.Name)) continue;
            var shown = $"{Refusal.Quote(tensor.Name)} {StoredTensor.Shown(tensor.Shape)}";
            throw Refusal.Because(tensor.File,
                $"tensor {shown} is not expected in a {Config.Architecture} of {Config.Layers} layers");
        }
        var source = this with { Tensors = found };
        // Fine-tuning may have untied them and left the flag: transformers takes the stored one since version 5.
        return Config.TiedEmbeddings && hasEmbedding && hasUnembedding && !source.EmbeddingsAreEqual()
            ? source with { Config = Config with { TiedEmbeddings = false } } : source;
    }

    /// <summary>The same with the weights that an adapter has whole; a tied unembedding that it changes by itself is
    /// tied no more.</summary>
    public CheckpointSource With(LoraAdapter adapter)
    {
        var tensors = new Dictionary<string, StoredTensor>(Tensors);
        foreach (var (name, saved) in adapter.Saved) tensors[name] = saved;
        var isChanged = adapter.Saved.ContainsKey(DecoderLayout.Unembedding)
            || adapter.Modules.Any(m => m.IsOfEmbedding || m.Name == DecoderLayout.UnembeddingModule);
        if (Config.TiedEmbeddings && !adapter.Saved.ContainsKey(DecoderLayout.Unembedding))
            tensors[DecoderLayout.Unembedding] = tensors.GetValueOrDefault(DecoderLayout.Embedding) ?? Unembedding;
        var rows = (tensors.GetValueOrDefault(DecoderLayout.Embedding) ?? tensors[DecoderLayout.Unembedding]).Shape[0];
        if (tensors[DecoderLayout.Unembedding] is { } head && head.Shape[0] != rows)
            throw Refusal.Because(head.File, $"the adapter leaves an embedding of {rows} ids and an unembedding of "
                + $"{head.Shape[0]}, expected equal numbers");
        return this with
        {
            Tensors = tensors,
            Config = Config with { Vocabulary = (int)rows, TiedEmbeddings = Config.TiedEmbeddings && !isChanged },
        };
    }

    private bool EmbeddingsAreEqual()
    {
        var (a, b) = (Embedding, Unembedding);
        var same = a.Type == b.Type;
        var (left, right) = (new byte[1 << 20], new byte[1 << 20]);
        var step = left.Length / a.Type.ByteSize();
        for (var first = 0L; same && first < a.Count; first += step)
        {
            var bytes = (int)Math.Min(step, a.Count - first) * a.Type.ByteSize();
            a.CopyTo(first, left.AsSpan(0, bytes));
            b.CopyTo(first, right.AsSpan(0, bytes));
            same = left.AsSpan(0, bytes).SequenceEqual(right.AsSpan(0, bytes));
        }
        return same;
    }

    // Where the family has a tensor: its place, and the name it is stored under.
    private (ModulePlace Place, string Stored) Locate(string name)
    {
        var dot = name.LastIndexOf('.');
        var place = Family.Of(Config).Find(Config, name[..dot]);
        return (place, place.Name + name[dot..]);
    }

    private bool Find(string name, long[] shape, Dictionary<string, StoredTensor> found, HashSet<StoredTensor> used)
    {
        var (place, stored) = Locate(name);
        var spelling = Family.Of(Config).Spellings(stored).FirstOrDefault(Stored.ContainsKey);
        if (spelling is null) return false;
        var tensor = Stored[spelling];
        var needed = place.StoredShape(shape);
        if (!tensor.Shape.SequenceEqual(needed))
            throw Refusal.Because(tensor.File, $"tensor {tensor.Name} has shape {StoredTensor.Shown(tensor.Shape)}, "
                + $"expected {StoredTensor.Shown(needed)} by the configuration");
        if (!tensor.Type.IsFloat())
            throw Refusal.Because(tensor.File, $"tensor {tensor.Name} has dtype {tensor.Type.SafetensorsName()}, "
                + "expected F64, F32, F16 or BF16");
        used.Add(tensor);
        found.Add(name, place.IsWhole ? tensor : place.View(tensor, name, shape));
        return true;
    }

    private InvalidDataException Missing(string name, long[] shape)
    {
        var (place, stored) = Locate(name);
        return Refusal.Because(Weights, $"tensor {stored} {StoredTensor.Shown(place.StoredShape(shape))} is missing, "
            + $"which a {Config.Architecture} of {Config.Layers} layers needs");
    }

    public void Dispose() => Owner.Dispose();
}
