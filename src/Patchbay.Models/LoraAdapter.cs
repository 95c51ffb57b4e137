using System.Text.RegularExpressions;
using Patchbay.Models.Families;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>What a LoRA adapter adds to one module: W becomes W + Scale·B·A; of the embedding, which is stored
/// (ids, d), the transposed product.</summary>
/// <param name="Name">The module, e.g. "model.layers.0.self_attn.q_proj".</param>
/// <param name="A">(rank, inputs).</param>
/// <param name="B">(outputs, rank).</param>
/// <param name="Scale">alpha / rank, or alpha / √rank.</param>
public sealed record LoraModule(string Name, StoredTensor A, StoredTensor B, double Scale)
{
    internal bool IsOfEmbedding => Name == DecoderLayout.EmbeddingModule;
}

/// <summary>A PEFT LoRA adapter that fits a model: adapter_config.json and adapter_model.safetensors or .bin.</summary>
public sealed partial class LoraAdapter : IDisposable
{
    internal const string SettingsName = "adapter_config.json";
    private readonly LoraSettings settings;
    private readonly TensorSet tensors;

    private LoraAdapter(string folder, LoraSettings settings, TensorSet tensors, DecoderConfig config)
    {
        (Folder, this.settings, this.tensors) = (folder, settings, tensors);
        (Modules, Saved) = Match(settings, tensors, config);
    }

    /// <summary>Where its two files lie.</summary>
    public string Folder { get; }

    /// <summary>Rank of the changes, where no pattern says otherwise.</summary>
    public int Rank => settings.Rank;

    /// <summary>Alpha of the scale, where no pattern says otherwise.</summary>
    public double Alpha => settings.Alpha;

    /// <summary>The changed modules, in order of layers.</summary>
    public IReadOnlyList<LoraModule> Modules { get; }

    /// <summary>Weights that the adapter has whole, embedding or unembedding, by the names of
    /// <see cref="DecoderLayout"/>.</summary>
    internal IReadOnlyDictionary<string, StoredTensor> Saved { get; }

    internal IEnumerable<string> Files => tensors.Files.Prepend(Path.Combine(Folder, SettingsName));

    /// <summary>Opens an adapter and checks that its tensors belong to modules of the model, in shape too.</summary>
    internal static LoraAdapter Open(string folder, LoraSettings settings, DecoderConfig config) =>
        Opening.CloseOnError(TensorSet.Open(folder, "adapter_model.safetensors", "adapter_model.bin"),
            tensors => new LoraAdapter(folder, settings, tensors, config));

    private static (List<LoraModule>, Dictionary<string, StoredTensor>) Match(
        LoraSettings settings, TensorSet tensors, DecoderConfig config)
    {
        var (parts, saved) = Parts(tensors, config);
        foreach (var name in settings.Saved)
            if (!saved.Values.Any(t => t.Name.Contains(name, StringComparison.Ordinal)))
                throw Refusal.Because(tensors.Source, $"the adapter lacks weights of {Refusal.Quote(name)}, which "
                    + "modules_to_save names; only those of the embedding and the unembedding are supported");
        if (saved.Values.FirstOrDefault() is { } any) config = config with { Vocabulary = (int)any.Shape[0] };
        var modules = new List<LoraModule>();
        foreach (var fused in Changeable(config).GroupBy(m => m.Place.Name))
        {
            var (module, layer, outputs, inputs) = Stored(config, parts, fused.First());
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
            foreach (var (own, place, _, rows, _) in fused)
                modules.Add(new(own, a, place.Rows is null ? b : (place with { IsTransposed = false })
                    .View(b, b.Name, [rows, b.Shape[1]]), scale));
        }
        if (parts.Count > 0)
            throw Refusal.Because(tensors.Source,
                $"the adapter has tensors for {Refusal.Quote(parts.Keys.First().Module)}" +
                ", which is no module of the model that an adapter can change (the projections of attention and MLP, " +
                "the embedding and the unembedding)");
        return modules.Count + saved.Count > 0 ? (modules, saved)
            : throw Refusal.Because(tensors.Source, "the adapter has no tensors");
    }

    // A stored module: its name as the adapter has it, with or without the prefix that some checkpoints have, layer,
    // outputs and inputs.
    private static (string Module, int? Layer, long Outputs, long Inputs) Stored(DecoderConfig config,
        Dictionary<(string Module, string Side), StoredTensor> parts,
        (string Module, ModulePlace Place, int? Layer, long Outputs, long Inputs) of)
    {
        var name = Family.Of(config).Spellings(of.Place.Name)
            .FirstOrDefault(n => parts.ContainsKey((n, "A")) || parts.ContainsKey((n, "B")));
        return (name ?? of.Place.Name, of.Layer, of.Place.Rows?.Total ?? of.Outputs, of.Inputs);
    }

    private static (Dictionary<(string Module, string Side), StoredTensor>, Dictionary<string, StoredTensor>) Parts(
        TensorSet tensors, DecoderConfig config)
    {
        var parts = new Dictionary<(string, string), StoredTensor>();
        var saved = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors.Tensors)
        {
            var (change, whole) = (TensorName().Match(name), SavedName().Match(name));
            var isNew = change.Success ? parts.TryAdd((change.Groups[1].Value, change.Groups[2].Value), tensor)
                : whole.Success && OuterName(whole.Groups[1].Value, config) is { } outer
                    ? saved.TryAdd(outer, Whole(tensor, config))
                : throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(name)} is not of a LoRA of Linear " +
                    "modules (base_model.model.MODULE.lora_A.weight or lora_B.weight), nor of the embedding");
            if (!isNew) throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(name)} is there under two names");
        }
        return saved.Values.Select(t => t.Shape[0]).Distinct().Count() <= 1 ? (parts, saved)
            : throw Refusal.Because(tensors.Source, "the saved embedding and unembedding have unequal numbers of rows");
    }

    // Our name of the embedding's or the unembedding's weight, or null for another module.
    private static string? OuterName(string module, DecoderConfig config) =>
        new[] { DecoderLayout.Embedding, DecoderLayout.Unembedding }.FirstOrDefault(ours =>
        {
            var family = Family.Of(config);
            return family.Spellings(family.Find(config, ours[..^".weight".Length]).Name).Contains(module);
        });

    // A saved weight may have more rows than the base's, or fewer: its vocabulary was resized.
    private static StoredTensor Whole(StoredTensor tensor, DecoderConfig config) =>
        tensor.Type.IsFloat() && tensor.Shape is [> 0 and <= int.MaxValue, var width] && width == config.Width ? tensor
        : throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(tensor.Name)} is " +
            $"{tensor.Type.SafetensorsName()} {StoredTensor.Shown(tensor.Shape)}, expected floating-point numbers " +
            $"(ids, {config.Width})");

    private static void Check(StoredTensor tensor, double rows, double columns)
    {
        if (tensor.Type.IsFloat() && tensor.Shape is [var n, var m] && n == rows && m == columns) return;
        throw Refusal.Because(tensor.File, $"tensor {Refusal.Quote(tensor.Name)} is {tensor.Type.SafetensorsName()} " +
            $"{StoredTensor.Shown(tensor.Shape)}, expected floating-point numbers ({rows}, {columns})");
    }

    private static IEnumerable<(string Module, ModulePlace Place, int? Layer, long Outputs, long Inputs)> Changeable(
        DecoderConfig config)
    {
        var family = Family.Of(config);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            foreach (var (part, outputs, inputs, _) in DecoderLayout.Linear(config))
            {
                var module = DecoderLayout.Module(layer, part);
                yield return (module, family.Find(config, module), layer, outputs, inputs);
            }
        }
        const string Embedding = DecoderLayout.EmbeddingModule, Unembedding = DecoderLayout.UnembeddingModule;
        yield return (Embedding, family.Find(config, Embedding), null, config.Width, config.Vocabulary);
        yield return (Unembedding, family.Find(config, Unembedding), null, config.Vocabulary, config.Width);
    }

    /// <summary>Closes its files.</summary>
    public void Dispose() => tensors.Dispose();

    // PEFT's factors of an embedding are parameters, not modules with a weight.
    [GeneratedRegex(@"\Abase_model\.model\.(.+)\.lora_(?:embedding_)?([AB])(?:\.default)?(?:\.weight)?\z")]
    private static partial Regex TensorName();

    [GeneratedRegex(@"\Abase_model\.model\.(.+?)(?:\.modules_to_save)?(?:\.default)?\.weight\z")]
    private static partial Regex SavedName();
}
