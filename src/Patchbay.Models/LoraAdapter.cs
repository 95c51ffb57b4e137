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

    /// <summary>Where its two files lie.</summary>
    public string Folder { get; }

    /// <summary>Rank of the changes, where no pattern says otherwise.</summary>
    public int Rank => settings.Rank;

    /// <summary>Alpha of the scale, where no pattern says otherwise.</summary>
    public double Alpha => settings.Alpha;

    /// <summary>The changed modules, in order of layers.</summary>
    public IReadOnlyList<LoraModule> Modules { get; }

    internal IEnumerable<string> Files => tensors.Files.Prepend(Path.Combine(Folder, SettingsName));

    /// <summary>Opens an adapter and checks that its tensors belong to modules of the model, in shape too.</summary>
    internal static LoraAdapter Open(string folder, LoraSettings settings, LlamaConfig config) =>
        Opening.CloseOnError(TensorSet.Open(folder, "adapter_model.safetensors", "adapter_model.bin"),
            tensors => new LoraAdapter(folder, settings, tensors, Match(settings, tensors, config)));

    private static List<LoraModule> Match(LoraSettings settings, TensorSet tensors, LlamaConfig config)
    {
        var parts = Parts(tensors);
        var modules = new List<LoraModule>();
        foreach (var (module, layer, outputs, inputs) in Changeable(config))
        {
            parts.Remove((module, "A"), out var a);
            parts.Remove((module, "B"), out var b);
            var given = a is not null || b is not null;
            if (settings.Targets(module, layer) is { } targeted && targeted != given)
                throw Refusal.Because(tensors.Source, targeted
                    ? $"the adapter lacks tensors for {module}, which target_modules names"
                    : $"the adapter has tensors for {module}, which target_modules does not name");
            if (!given) continue;
            var (there, lacking) = a is null ? ('B', 'A') : ('A', 'B');
            if (a is null || b is null)
                throw Refusal.Because(
                    tensors.Source, $"the adapter has lora_{there} but no lora_{lacking} for {module}");
            var (rank, scale) = settings.Of(module);
            Check(a, rank, inputs);
            Check(b, outputs, rank);
            modules.Add(new(module, a, b, scale));
        }
        if (parts.Count > 0)
            throw Refusal.Because(tensors.Source,
                $"the adapter has tensors for {Refusal.Quote(parts.Keys.First().Module)}" +
                ", which is no module of the model that an adapter can change (q, k, v, o, gate, up and down " +
                "projections, and an untied lm_head)");
        return modules.Count > 0 ? modules : throw Refusal.Because(tensors.Source, "the adapter has no tensors");
    }

    private static Dictionary<(string Module, string Side), StoredTensor> Parts(TensorSet tensors)
    {
        var parts = new Dictionary<(string, string), StoredTensor>();
        foreach (var (name, tensor) in tensors.Tensors)
        {
            var match = TensorName().Match(name);
            if (!match.Success)
                throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(name)} is not of a LoRA of Linear modules " +
                    "(base_model.model.MODULE.lora_A.weight or lora_B.weight)");
            if (!parts.TryAdd((match.Groups[1].Value, match.Groups[2].Value), tensor))
                throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(name)} is there under two names");
        }
        return parts;
    }

    private static void Check(StoredTensor tensor, double rows, double columns)
    {
        if (tensor.Type.IsFloat() && tensor.Shape is [var n, var m] && n == rows && m == columns) return;
        throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(tensor.Name)} is {tensor.Type.SafetensorsName()} " +
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
