using System.Text.Json;
using System.Text.RegularExpressions;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models;

/// <summary>
/// A PEFT LoRA adapter: for each target module two small matrices, A (r, inputs) and B (outputs, r), that are merged into the
/// base as it is loaded: W += scale · B A, scale = alpha / r (or alpha / sqrt(r) with use_rslora).
/// </summary>
public sealed partial class LoraAdapter : IDisposable
{
    private readonly JsonFile config;
    private readonly WeightFile file;
    private readonly Dictionary<string, (StoredTensor? A, StoredTensor? B)> pairs = [];
    private readonly bool transposed, rankStabilized;

    private LoraAdapter(string folder)
    {
        Folder = folder;
        config = new JsonFile(Path.Combine(folder, "adapter_config.json"));
        if (config.Text("peft_type") is var type && type != "LORA") throw config.Refused("peft_type", "LORA", type ?? "none");
        foreach (var flag in new[] { "use_dora", "use_qalora", "trainable_token_indices" })
            if (config.Has(flag) && config.Get(flag).ValueKind != JsonValueKind.False) throw config.Refused(flag, "none, it is not supported", config.Get(flag).GetRawText());
        if (config.TryGet("modules_to_save", out var save) && (save.ValueKind != JsonValueKind.Array || save.GetArrayLength() > 0))
            throw config.Refused("modules_to_save", "none, it is not supported", save.GetRawText());
        if ((config.Text("bias") ?? "none") != "none") throw config.Refused("bias", "none", config.Text("bias")!);
        (transposed, rankStabilized) = (config.Flag("fan_in_fan_out"), config.Flag("use_rslora"));
        Rank = config.Count("r", 1 << 16);
        Alpha = config.Number("lora_alpha", Rank, 0, 1e9);
        Base = config.Text("base_model_name_or_path");
        Targets = config.TryGet("target_modules", out var targets) ? targets.GetRawText() : "all";
        file = OpenFile(folder);
        try
        {
            ReadPairs();
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The adapter's folder.</summary>
    public string Folder { get; }

    /// <summary>The base checkpoint, as adapter_config.json names it.</summary>
    public string? Base { get; }

    /// <summary>r.</summary>
    public int Rank { get; }

    /// <summary>lora_alpha.</summary>
    public double Alpha { get; }

    /// <summary>target_modules, as written.</summary>
    public string Targets { get; }

    /// <summary>Modules adapted, by their names in the base ("model.layers.0.self_attn.q_proj").</summary>
    public IReadOnlyCollection<string> Modules => pairs.Keys;

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool IsAdapter(string folder) => File.Exists(Path.Combine(folder, "adapter_config.json"));

    /// <summary>Opens an adapter folder: adapter_config.json and adapter_model.safetensors or .bin.</summary>
    /// <exception cref="InvalidDataException">It is not a LoRA adapter that can be merged; one sentence says why.</exception>
    /// <exception cref="FileNotFoundException">A file is not there.</exception>
    public static LoraAdapter Open(string folder) => new(folder);

    /// <summary>Refuses an adapter that does not fit the base: a module it lacks, or matrices of other shapes.</summary>
    /// <param name="shapes">Shape (outputs, inputs) of each of the base's matrices, by tensor name.</param>
    /// <exception cref="InvalidDataException">It does not fit.</exception>
    public void Check(IReadOnlyDictionary<string, long[]> shapes)
    {
        foreach (var (module, (a, b)) in pairs)
        {
            if (!shapes.TryGetValue(module + ".weight", out var shape) || shape.Length != 2)
                throw new InvalidDataException($"{(a ?? b)!.File}: tensor '{(a ?? b)!.Name}': expected a module of the base, found {module}");
            if (a is null || b is null) throw new InvalidDataException($"{(a ?? b)!.File}: module {module}: expected lora_A and lora_B, found only '{(a ?? b)!.Name}'");
            var rank = RankOf(module);
            long outputs = transposed ? shape[1] : shape[0], inputs = transposed ? shape[0] : shape[1];
            CheckShape(a, rank, inputs);
            CheckShape(b, outputs, rank);
        }
    }

    /// <summary>Adds the adapter's part to a base matrix in place, where it has one.</summary>
    /// <param name="tensorName">Name of the base's tensor.</param>
    /// <param name="weight">(outputs, inputs), float32 or float64.</param>
    internal void MergeInto(string tensorName, Tensor weight)
    {
        if (!tensorName.EndsWith(".weight", StringComparison.Ordinal) || !pairs.TryGetValue(tensorName[..^7], out var pair)) return;
        using var scope = NewDisposeScope();
        var (a, b) = (TensorReading.Read(pair.A!, weight.dtype, CPU), TensorReading.Read(pair.B!, weight.dtype, CPU));
        var change = b.mm(a) * ScaleOf(tensorName[..^7]);
        weight.add_((transposed ? change.t() : change).to(weight.device));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    private static WeightFile OpenFile(string folder)
    {
        string safe = Path.Combine(folder, "adapter_model.safetensors"), bin = Path.Combine(folder, "adapter_model.bin");
        if (File.Exists(safe)) return SafetensorsFile.Open(safe);
        if (File.Exists(bin)) return TorchFile.Open(bin);
        throw new FileNotFoundException($"there is neither adapter_model.safetensors nor adapter_model.bin in {folder}", safe);
    }

    private void ReadPairs()
    {
        foreach (var tensor in file.Tensors.Values)
        {
            var match = TensorName().Match(tensor.Name);
            if (!match.Success) throw new InvalidDataException($"{tensor.File}: tensor '{tensor.Name}': expected base_model.model.<module>.lora_A or lora_B");
            var module = match.Groups["module"].Value;
            var pair = pairs.GetValueOrDefault(module);
            pairs[module] = match.Groups["part"].Value == "A" ? (tensor, pair.B) : (pair.A, tensor);
        }
        if (pairs.Count == 0) throw new InvalidDataException($"{Path.GetFileName(Folder)}: expected lora_A and lora_B tensors, found none");
    }

    private static void CheckShape(StoredTensor tensor, long rows, long columns)
    {
        if (tensor.Shape is [var r, var c] && r == rows && c == columns) return;
        throw new InvalidDataException($"{tensor.File}: tensor '{tensor.Name}': expected shape ({rows}, {columns}), found ({string.Join(", ", tensor.Shape)})");
    }

    private int RankOf(string module) => Pattern("rank_pattern", module) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var rank) && rank > 0 ? rank : throw config.Refused("rank_pattern", "ranks from 1 up", value.GetRawText())
        : Rank;

    private double ScaleOf(string module)
    {
        var alpha = Pattern("alpha_pattern", module) is { } value
            ? value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw config.Refused("alpha_pattern", "numbers", value.GetRawText())
            : Alpha;
        var rank = RankOf(module);
        return alpha / (rankStabilized ? Math.Sqrt(rank) : rank);
    }

    /// <summary>The entry of a per-module table whose key is the end of the module's name, or a regular expression for it.</summary>
    private JsonElement? Pattern(string field, string module)
    {
        if (config.Object(field) is not { } table) return null;
        foreach (var entry in table.Root.EnumerateObject())
        {
            try
            {
                if (Regex.IsMatch(module, $@"(^|.*\.)({entry.Name})$", RegexOptions.NonBacktracking)) return entry.Value;
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw config.Refused(field, "keys that are module names or simple regular expressions", entry.Name);
            }
        }
        return null;
    }

    [GeneratedRegex(@"^base_model\.model\.(?<module>.+)\.lora_(?<part>[AB])(\.default)?\.weight$", RegexOptions.NonBacktracking)]
    private static partial Regex TensorName();
}
