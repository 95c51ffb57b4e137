using System.Text.RegularExpressions;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>What a LoRA adapter adds to one module: W becomes W + Scale·B·A.</summary>
/// <param name="Name">The module, e.g. "model.layers.0.self_attn.q_proj".</param>
/// <param name="A">(rank, inputs).</param>
/// <param name="B">(outputs, rank).</param>
/// <param name="Scale">alpha / rank, or alpha / √rank.</param>
public sealed record LoraModule(string Name, StoredTensor A, StoredTensor B, double Scale);

/// <summary>A PEFT LoRA adapter that fits a model: adapter_config.json and adapter_model.safetensors or .bin.</summary>
public sealed partial class LoraAdapter : IDisposable
{
    internal const string SettingsName = "adapter_config.json";
    private readonly LoraSettings settings;
    private readonly TensorSet tensors;

    private LoraAdapter(string folder, LoraSettings settings, TensorSet tensors, IReadOnlyList<LoraModule> modules)
    {
        (Folder, Modules) = (folder, modules);
        (this.settings, this.tensors) = (settings, tensors);
    }

    /// <summary>The adapter's folder.</summary>
    public string Folder { get; }

    /// <summary>Rank of the changes, where no pattern says otherwise.</summary>
    public int Rank => settings.Rank;

    /// <summary>Alpha of the scale, where no pattern says otherwise.</summary>
    public double Alpha => settings.Alpha;

    /// <summary>Whether the scale is alpha / √rank instead of alpha / rank.</summary>
    public bool RankStabilized => settings.RankStabilized;

    /// <summary>The changed modules, in order of layers.</summary>
    public IReadOnlyList<LoraModule> Modules { get; }

    internal IEnumerable<string> Files => tensors.Files.Prepend(Path.Combine(Folder, SettingsName));

    /// <summary>Opens an adapter and checks that each of its tensors belongs to a module of the model, in shape
    /// too.</summary>
    internal static LoraAdapter Open(string folder, LoraSettings settings, LlamaConfig config) =>
        Opening.CloseOnError(TensorSet.Open(folder, "adapter_model.safetensors", "adapter_model.bin"),
            tensors => new LoraAdapter(folder, settings, tensors, Match(settings, tensors, config)));

    private static List<LoraModule> Match(LoraSettings settings, TensorSet tensors, LlamaConfig config)
    {
        var parts = Parts(tensors);
        var modules = new List<LoraModule>();
        foreach (var (module, layer, outputs, inputs) in Changeable(config))
        {
            var given = parts.Remove(module, out var pair);
            if (settings.Targets(module, layer) is { } targeted && targeted != given)
            {
                throw Refusal.Of(tensors.Source, targeted
                    ? $"the adapter lacks tensors for {module}, which target_modules names"
                    : $"the adapter has tensors for {module}, which target_modules does not name");
            }
            if (given) modules.Add(Module(settings, tensors.Source, module, pair, outputs, inputs));
        }
        if (parts.Count > 0)
        {
            var stray = Refusal.Quote(parts.Keys.First());
            throw Refusal.Of(tensors.Source, $"the adapter has tensors for {stray}, which is no module of the model " +
                "that an adapter can change (q, k, v, o, gate, up and down projections, and an untied lm_head)");
        }
        return modules.Count > 0 ? modules : throw Refusal.Of(tensors.Source, "the adapter has no tensors");
    }

    private static Dictionary<string, (StoredTensor? A, StoredTensor? B)> Parts(TensorSet tensors)
    {
        var parts = new Dictionary<string, (StoredTensor? A, StoredTensor? B)>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors.Tensors)
        {
            var match = TensorName().Match(name);
            if (!match.Success)
            {
                throw Refusal.Of(tensor.File, $"tensor {Refusal.Quote(name)} is not of a LoRA of Linear modules " +
                    "(base_model.model.MODULE.lora_A.weight or lora_B.weight)");
            }
            var (module, isA) = (match.Groups[1].Value, match.Groups[2].Value == "A");
            var pair = parts.GetValueOrDefault(module);
            if ((isA ? pair.A : pair.B) is not null)
                throw Refusal.Of(tensor.File, $"tensor {Refusal.Quote(name)} is there under two names");
            parts[module] = isA ? (tensor, pair.B) : (pair.A, tensor);
        }
        return parts;
    }

    private static LoraModule Module(
        LoraSettings settings, string source, string module, (StoredTensor? A, StoredTensor? B) pair,
        long outputs, long inputs)
    {
        if (pair is not ({ } a, { } b))
        {
            var (there, lacking) = pair.A is null ? ('B', 'A') : ('A', 'B');
            throw Refusal.Of(source, $"the adapter has lora_{there} but no lora_{lacking} for {module}");
        }
        var (rank, scale) = settings.Of(module);
        Check(a, rank, inputs);
        Check(b, outputs, rank);
        return new(module, a, b, scale);
    }

    private static void Check(StoredTensor tensor, double rows, double columns)
    {
        if (tensor.Type.IsFloat() && tensor.Shape is [var n, var m] && n == rows && m == columns) return;
        throw Refusal.Of(tensor.File, $"tensor {Refusal.Quote(tensor.Name)} is {tensor.Type.SafetensorsName()} " +
            $"{Refusal.Shape(tensor.Shape)}, expected floating-point numbers ({rows}, {columns})");
    }

    private static IEnumerable<(string Module, int? Layer, long Outputs, long Inputs)> Changeable(LlamaConfig config)
    {
        var linear = LlamaLayout.Linear(config);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            foreach (var (part, outputs, inputs, _) in linear)
                yield return (LlamaLayout.Module(layer, part), layer, outputs, inputs);
        }
        if (!config.TiedEmbeddings) yield return (LlamaLayout.UnembeddingModule, null, config.Vocabulary, config.Width);
    }

    /// <summary>Closes its files.</summary>
    public void Dispose() => tensors.Dispose();

    [GeneratedRegex(@"\Abase_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight\z")]
    private static partial Regex TensorName();
}
