using System.Text;
using System.Text.Json;

namespace Patchbay.Models.Weights;

/// <summary>One file of tensors, open for reading: .safetensors, or a file of torch.save (zip or legacy pickles).
/// Opening reads and checks the header only; the elements stay on disk until
/// <see cref="StoredTensor.CopyTo"/>.</summary>
public sealed class TensorFile : IDisposable
{
    private readonly OpenFile file;

    private TensorFile(OpenFile file) => (this.file, Tensors) = (file, Read(file));

    /// <summary>The file's path, as it was given.</summary>
    public string Path => file.Path;

    /// <summary>The tensors by name; they can be read until this is disposed.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a file; its name (.safetensors) or else its first bytes tell the format.</summary>
    /// <exception cref="InvalidDataException">The file is of another format, damaged, or refers to anything but
    /// tensors; the message is one sentence that names the file and what was found.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static TensorFile Open(string path) =>
        Opening.CloseOnError(new OpenFile(path), file => new TensorFile(file));

    private static Dictionary<string, StoredTensor> Read(OpenFile file)
    {
        RefuseOtherContents(file);
        if (file.Path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return SafetensorsReader.Read(file);
        var head = file.Read(0, Math.Clamp(file.Length, 4, 9), "beginning");
        // After the eight bytes of a header's length follows a JSON object.
        if (head.Length == 9 && head[8] == '{') return SafetensorsReader.Read(file);
        if (PyTorchReader.Recognizes(head)) return PyTorchReader.Read(file);
        throw file.Refuse("the file is neither .safetensors nor a file of torch.save (zip or legacy pickle)");
    }

    // What downloads that went wrong leave in the place of weights.
    private static void RefuseOtherContents(OpenFile file)
    {
        var text = Encoding.ASCII.GetString(file.Read(0, Math.Min(file.Length, 64), "beginning"));
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            throw file.Refuse("this is a Git LFS pointer, not the weights: run 'git lfs pull' in its folder");
        if (text.TrimStart().StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
            || text.TrimStart().StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            throw file.Refuse("this is a web page, not the weights: download the file itself");
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}

/// <summary>The tensors of a folder: of one file, or of shards that an index lists.</summary>
public sealed class TensorSet : IDisposable
{
    private const long LongestIndex = 64 << 20;
    private const int MostShards = 10_000;
    private readonly List<TensorFile> files = [];
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);

    private TensorSet(string source) => Source = source;

    /// <summary>Path of the one file or of the index.</summary>
    public string Source { get; }

    /// <summary>Paths of the files that hold elements, in order of their names.</summary>
    public IEnumerable<string> Files => files.Select(f => f.Path).Order(StringComparer.Ordinal);

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => tensors;

    /// <summary>Opens the first of the files that the folder has, whole or as shards ("{name}.index.json").</summary>
    /// <exception cref="FileNotFoundException">It has none of them.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it.</exception>
    public static TensorSet Open(string folder, params string[] names)
    {
        foreach (var name in names)
        {
            var path = Path.Combine(folder, name);
            var index = path + ".index.json";
            if (File.Exists(path)) return Opening.CloseOnError(new TensorSet(path), set => set.Add(path));
            if (File.Exists(index)) return Opening.CloseOnError(new TensorSet(index), set => set.AddShards(folder));
        }
        throw new FileNotFoundException(
            $"{folder} holds no weights: looked for {string.Join(", ", names)} and for each with .index.json.");
    }

    private TensorSet Add(string path)
    {
        var file = TensorFile.Open(path);
        files.Add(file);
        foreach (var (name, tensor) in file.Tensors)
        {
            if (tensors.TryAdd(name, tensor)) continue;
            var other = Path.GetFileName(tensors[name].File);
            throw Refusal.Because(path, $"tensor {Refusal.Quote(name)} is also in {other}");
        }
        return this;
    }

    private TensorSet AddShards(string folder)
    {
        var places = ReadIndex(Source);
        var index = Path.GetFileName(Source);
        foreach (var shard in places.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var path = Path.Combine(folder, shard);
            if (!File.Exists(path))
                throw new FileNotFoundException(
                    $"{Source} lists shard {Refusal.Quote(shard)}, which is not in its folder.", path);
            Add(path);
            if (files[^1].Tensors.Keys.FirstOrDefault(name => places.GetValueOrDefault(name) != shard
                && !Families.Family.IsBuffer(name)) is { } stray)
                throw Refusal.Because(path,
                    $"the shard holds tensor {Refusal.Quote(stray)}, which {index} does not place there");
        }
        foreach (var (name, shard) in places)
        {
            if (tensors.ContainsKey(name)) continue;
            throw Refusal.Because(Path.Combine(folder, shard),
                $"the shard lacks tensor {Refusal.Quote(name)}, which {index} places there");
        }
        return this;
    }

    // { "metadata": ..., "weight_map": { tensor: file name } }
    private static Dictionary<string, string> ReadIndex(string index)
    {
        using var json = JsonFile.Read(index, LongestIndex);
        if (!json.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw Refusal.Because(index, "weight_map should be an object that gives each tensor's file and is not");
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            var shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            if (shard.Length is 0 or > 255 || shard is "." or ".." || shard.AsSpan().IndexOfAny("/\\\0") >= 0)
                throw Refusal.Because(index, $"weight_map gives {Refusal.Quote(entry.Value)} for tensor " +
                    $"{Refusal.Quote(entry.Name)}, expected the name of a file in the same folder");
            places.Add(entry.Name, shard);
        }
        if (places.Values.Distinct().Count() > MostShards)
            throw Refusal.Because(index, $"weight_map names more than {MostShards} files");
        return places;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }
}
