using System.Security.Cryptography;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models;

/// <summary>
/// A checkpoint on disk, opened and checked but not loaded: a folder in Hugging Face layout (config.json and .safetensors or
/// .bin weights), a llama2.c .bin file, or a PEFT LoRA adapter folder together with its base.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private readonly IDisposable weights;
    private readonly IReadOnlyDictionary<string, StoredTensor> tensors;
    private readonly IReadOnlyList<string> paths;
    private string? fingerprint;

    private Checkpoint(string path, LlamaConfig config, IDisposable weights, IReadOnlyDictionary<string, StoredTensor> tensors,
        IReadOnlyList<string> paths)
    {
        (Path, Config, this.weights, this.tensors, this.paths) = (path, config, weights, tensors, paths);
        Check();
    }

    /// <summary>Folder or file of the (base) weights.</summary>
    public string Path { get; }

    /// <summary>Shape and constants of the model.</summary>
    public LlamaConfig Config { get; }

    /// <summary>The adapter merged while loading, or null.</summary>
    public LoraAdapter? Adapter { get; private set; }

    /// <summary>Format the weights are stored in, for people: "2 × .bin, float16".</summary>
    public string Storage
    {
        get
        {
            var extension = System.IO.Path.GetExtension(paths[^1]);
            var types = string.Join(" and ", tensors.Values.Select(t => t.Type.ToString().ToLowerInvariant()).Distinct());
            return $"{(paths.Count(p => p.EndsWith(extension, StringComparison.Ordinal)) is > 1 and var n ? $"{n} × " : "")}{extension}, {types}";
        }
    }

    /// <summary>SHA-256 of the configuration's and all weights' bytes, the adapter's included: 64 hexadecimal digits. The first call
    /// reads every file.</summary>
    public string Fingerprint => fingerprint ??= Hash();

    /// <summary>
    /// Opens a checkpoint and checks that every tensor the model needs is there, in its shape, and none besides.
    /// </summary>
    /// <param name="path">Hugging Face folder, llama2.c .bin file (or a folder that holds just one), or adapter folder.</param>
    /// <param name="adapter">LoRA adapter folder to merge, or null; an adapter folder given as path names its base itself.</param>
    /// <exception cref="FileNotFoundException">A file is not there.</exception>
    /// <exception cref="InvalidDataException">Something is malformed or does not fit; one sentence says what.</exception>
    public static Checkpoint Open(string path, string? adapter = null)
    {
        if (adapter is null && Directory.Exists(path) && LoraAdapter.IsAdapter(path)) (path, adapter) = (BaseOf(path), path);
        if (adapter is not null && !Directory.Exists(adapter)) throw new DirectoryNotFoundException($"there is no adapter folder {adapter}");
        var checkpoint = OpenBase(path);
        if (adapter is null) return checkpoint;
        try
        {
            checkpoint.Adapter = LoraAdapter.Open(adapter);
            checkpoint.Adapter.Check(ExpectedShapes(checkpoint.Config));
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Loads all weights, one tensor at a time, a chunk of it at a time: beside the model itself no more than one matrix
    /// is in memory. The caller owns the result.</summary>
    /// <param name="dtype">Dtype wanted.</param>
    /// <param name="device">Where to.</param>
    /// <param name="progress">Told the fraction done.</param>
    public LlamaWeights Load(ScalarType dtype, Device device, IProgress<double>? progress = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var shapes = ExpectedShapes(Config);
        long total = shapes.Values.Sum(s => s.Aggregate(1L, (a, b) => a * b)), done = 0;
        Tensor Get(string name)
        {
            var tensor = ReadMerged(name, dtype, device);
            progress?.Report((done += tensor.numel()) / (double)total);
            return tensor;
        }
        Tensor? Optional(bool present, string name) => present ? Get(name) : null;
        LlamaLayerWeights Layer(int l)
        {
            var at = $"model.layers.{l}.";
            return new LlamaLayerWeights
            {
                AttentionNorm = Get(at + "input_layernorm.weight"),
                MlpNorm = Get(at + "post_attention_layernorm.weight"),
                Query = Get(at + "self_attn.q_proj.weight"),
                QueryBias = Optional(Config.QkvBias, at + "self_attn.q_proj.bias"),
                Key = Get(at + "self_attn.k_proj.weight"),
                KeyBias = Optional(Config.QkvBias, at + "self_attn.k_proj.bias"),
                Value = Get(at + "self_attn.v_proj.weight"),
                ValueBias = Optional(Config.QkvBias, at + "self_attn.v_proj.bias"),
                Output = Get(at + "self_attn.o_proj.weight"),
                OutputBias = Optional(Config.OutputBias, at + "self_attn.o_proj.bias"),
                Gate = Get(at + "mlp.gate_proj.weight"),
                Up = Get(at + "mlp.up_proj.weight"),
                Down = Get(at + "mlp.down_proj.weight"),
            };
        }
        var embedding = Get(Config.TiedEmbeddings && !tensors.ContainsKey(Embedding) ? Unembedding : Embedding);
        var loaded = new LlamaWeights
        {
            Embedding = embedding,
            Layers = [.. Enumerable.Range(0, Config.Layers).Select(Layer)],
            FinalNorm = Get("model.norm.weight"),
            Unembedding = Config.TiedEmbeddings ? embedding : Get(Unembedding),
        };
        loaded.DetachFromDisposeScope();
        return loaded;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        weights.Dispose();
        Adapter?.Dispose();
    }

    private const string Embedding = "model.embed_tokens.weight", Unembedding = "lm_head.weight";

    private static string BaseOf(string adapterFolder)
    {
        using var adapter = LoraAdapter.Open(adapterFolder);
        var named = adapter.Base ?? throw new InvalidDataException("adapter_config.json: base_model_name_or_path: expected the base's folder, found none");
        var path = System.IO.Path.Combine(adapterFolder, named);
        return Directory.Exists(path) || File.Exists(path) ? path
            : throw new DirectoryNotFoundException($"the adapter's base, {named}, is not at {System.IO.Path.GetFullPath(path)}; give the base as MODEL and the adapter with --adapter");
    }

    private static Checkpoint OpenBase(string path)
    {
        if (File.Exists(path)) return OpenLlama2c(path);
        if (!Directory.Exists(path)) throw new FileNotFoundException($"there is no checkpoint {path}: neither a folder nor a file", path);
        var configPath = System.IO.Path.Combine(path, "config.json");
        if (!File.Exists(configPath))
        {
            var single = Directory.GetFiles(path, "*.bin").Where(f => !System.IO.Path.GetFileName(f).StartsWith("tok", StringComparison.Ordinal)).ToArray();
            return single.Length == 1 ? OpenLlama2c(single[0])
                : throw new FileNotFoundException($"there is no checkpoint in {path}: looked for config.json, or one llama2.c .bin file", configPath);
        }
        var config = LlamaConfigFile.Read(configPath);
        var folder = new WeightFolder(path);
        return Guarded(folder, () => new Checkpoint(path, config, folder, folder.Tensors, [configPath, .. folder.Paths]));
    }

    private static Checkpoint OpenLlama2c(string path)
    {
        var file = Llama2cFile.Open(path);
        return Guarded(file, () => new Checkpoint(path, file.Config, file, file.Tensors, [path]));
    }

    private static Checkpoint Guarded(IDisposable files, Func<Checkpoint> make)
    {
        try
        {
            return make();
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private Tensor ReadMerged(string name, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        var adapted = Adapter is not null && name.EndsWith(".weight", StringComparison.Ordinal) && Adapter.Modules.Contains(name[..^7]);
        var wide = !adapted || dtype == ScalarType.Float64 ? dtype : ScalarType.Float32;
        var tensor = TensorReading.Read(tensors[name], wide, device);
        if (adapted) Adapter!.MergeInto(name, tensor);
        return tensor.to(dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Shape of every tensor a model has, by its name in Hugging Face checkpoints.</summary>
    internal static Dictionary<string, long[]> ExpectedShapes(LlamaConfig c)
    {
        long q = (long)c.Heads * c.HeadWidth, kv = (long)c.KeyValueHeads * c.HeadWidth;
        var shapes = new Dictionary<string, long[]> { [Embedding] = [c.Vocabulary, c.Width], ["model.norm.weight"] = [c.Width] };
        if (!c.TiedEmbeddings) shapes[Unembedding] = [c.Vocabulary, c.Width];
        for (var l = 0; l < c.Layers; l++)
        {
            var at = $"model.layers.{l}.";
            shapes[at + "input_layernorm.weight"] = shapes[at + "post_attention_layernorm.weight"] = [c.Width];
            shapes[at + "self_attn.q_proj.weight"] = [q, c.Width];
            shapes[at + "self_attn.k_proj.weight"] = shapes[at + "self_attn.v_proj.weight"] = [kv, c.Width];
            shapes[at + "self_attn.o_proj.weight"] = [c.Width, q];
            shapes[at + "mlp.gate_proj.weight"] = shapes[at + "mlp.up_proj.weight"] = [c.FeedForward, c.Width];
            shapes[at + "mlp.down_proj.weight"] = [c.Width, c.FeedForward];
            if (c.QkvBias) shapes[at + "self_attn.q_proj.bias"] = [q];
            if (c.QkvBias) shapes[at + "self_attn.k_proj.bias"] = shapes[at + "self_attn.v_proj.bias"] = [kv];
            if (c.OutputBias) shapes[at + "self_attn.o_proj.bias"] = [c.Width];
        }
        return shapes;
    }

    private void Check()
    {
        var where = System.IO.Path.GetFileName(paths[^1]);
        if (Config.Layers > tensors.Count)
            throw new InvalidDataException($"config.json: num_hidden_layers: expected at most the {tensors.Count} tensors in {where}, found {Config.Layers}");
        var expected = ExpectedShapes(Config);
        if (Config.TiedEmbeddings && tensors.ContainsKey(Unembedding)) // stored under this name alone, or under both
        {
            expected[Unembedding] = expected[Embedding];
            if (!tensors.ContainsKey(Embedding)) expected.Remove(Embedding);
        }
        foreach (var (name, shape) in expected)
        {
            if (!tensors.TryGetValue(name, out var tensor))
                throw new InvalidDataException($"{where}: expected tensor '{name}' of shape ({string.Join(", ", shape)}), found none of that name");
            if (!tensor.Shape.SequenceEqual(shape))
                throw new InvalidDataException($"{tensor.File}: tensor '{name}': expected shape ({string.Join(", ", shape)}), as the configuration says, found ({string.Join(", ", tensor.Shape)})");
            if (tensor.Type > StoredType.BFloat16)
                throw new InvalidDataException($"{tensor.File}: tensor '{name}': expected floating-point numbers, found {tensor.Type}");
        }
        var surplus = tensors.Keys.FirstOrDefault(name => !expected.ContainsKey(name) && !IsBuffer(name));
        if (surplus is not null)
            throw new InvalidDataException($"{tensors[surplus].File}: tensor '{surplus}': expected only what {Config.Architecture} has, found this besides");
    }

    /// <summary>Tables that older checkpoints stored and that are computed here.</summary>
    private static bool IsBuffer(string name) =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) || name.EndsWith(".masked_bias", StringComparison.Ordinal)
        || name.EndsWith(".self_attn.bias", StringComparison.Ordinal);

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        IEnumerable<string> adapterFiles = Adapter is null ? [] : Directory.GetFiles(Adapter.Folder, "adapter_*").Order(StringComparer.Ordinal);
        foreach (var path in paths.Concat(adapterFiles))
        {
            using var stream = File.OpenRead(path);
            hash.AppendData(BitConverter.GetBytes(stream.Length));
            for (int read; (read = stream.Read(buffer)) > 0;) hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
