using System.Text.Json;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>The weight files of a checkpoint folder in Hugging Face layout: one file or shards with an index.</summary>
internal sealed class WeightFolder : IDisposable
{
    private static readonly string[] Forms =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    private readonly List<WeightFile> files = [];
    private readonly Dictionary<string, StoredTensor> tensors = [];

    /// <exception cref="FileNotFoundException">There are no weights, or a shard is missing.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or the index does not fit the shards.</exception>
    public WeightFolder(string folder)
    {
        var form = Forms.FirstOrDefault(f => File.Exists(Path.Combine(folder, f)))
            ?? throw new FileNotFoundException($"there are no weights in {folder}; looked for {string.Join(", ", Forms)}", folder);
        try
        {
            if (form.EndsWith(".index.json", StringComparison.Ordinal)) OpenShards(folder, form);
            else Add(Path.Combine(folder, form), null);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>All tensors, by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => tensors;

    /// <summary>Paths of the weight files, in order of name.</summary>
    public List<string> Paths { get; } = [];

    public void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }

    private void OpenShards(string folder, string index)
    {
        var file = new JsonFile(Path.Combine(folder, index));
        if (file.Object("weight_map") is not { } map) throw file.Refused("weight_map", "an object of tensor and file names", "none");
        var shards = new Dictionary<string, HashSet<string>>();
        foreach (var entry in map.Root.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String) throw file.Refused($"weight_map, {entry.Name}", "a file name", entry.Value.GetRawText());
            var shard = entry.Value.GetString()!;
            if (shard.Length == 0 || shard.AsSpan().IndexOfAny('/', '\\', '\0') >= 0 || shard is "." or "..")
                throw file.Refused($"weight_map, {entry.Name}", "the name of a file in the same folder", $"'{shard}'");
            if (!shards.TryGetValue(shard, out var names)) shards[shard] = names = [];
            if (!names.Add(entry.Name)) throw file.Refused($"weight_map, {entry.Name}", "one entry", "two");
        }
        foreach (var (shard, names) in shards.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var path = Path.Combine(folder, shard);
            if (!File.Exists(path)) throw new FileNotFoundException($"{index} names {shard}, which is not in {folder}", path);
            Add(path, names);
        }
    }

    private void Add(string path, HashSet<string>? expected)
    {
        Paths.Add(path);
        WeightFile file = path.EndsWith(".safetensors", StringComparison.Ordinal) ? SafetensorsFile.Open(path) : TorchFile.Open(path);
        files.Add(file);
        var name = Path.GetFileName(path);
        var missing = expected?.FirstOrDefault(t => !file.Tensors.ContainsKey(t));
        if (missing is not null) throw new InvalidDataException($"{name}: expected tensor '{missing}', as the index says, found none of that name");
        var surplus = expected is null ? null : file.Tensors.Keys.FirstOrDefault(t => !expected.Contains(t));
        if (surplus is not null) throw new InvalidDataException($"{name}: tensor '{surplus}': expected an entry in the index, found none");
        foreach (var tensor in file.Tensors.Values)
            if (!tensors.TryAdd(tensor.Name, tensor)) throw new InvalidDataException($"{name}: tensor '{tensor.Name}': expected it in one file, found it in two");
    }
}
