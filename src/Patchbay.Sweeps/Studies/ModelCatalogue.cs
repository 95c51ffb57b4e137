using YamlDotNet.RepresentationModel;

namespace Patchbay.Sweeps.Studies;

/// <summary>A model of the catalogue, or one that a study names by its path.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What it is, for people.</param>
/// <param name="Id">Its id at Hugging Face, or null.</param>
/// <param name="Path">Full path of the checkpoint, or null where it cannot be told.</param>
/// <param name="Adapter">Full path of a LoRA adapter's folder, or null.</param>
/// <param name="Reference">Its name among published results, or null.</param>
/// <param name="PublishedAccuracy">Accuracy that was published, or null.</param>
/// <param name="Problem">Why it cannot be used here, in a sentence, or null.</param>
public sealed record CatalogueModel(string Name, string Title, string? Id, string? Path, string? Adapter, string? Reference, double? PublishedAccuracy, string? Problem);

/// <summary>The models that studies may name: cluster-config/models.yaml.</summary>
public sealed class ModelCatalogue
{
    /// <summary>Setting that models of the catalogue are looked for in.</summary>
    public const string Setting = "PATCHBAY_MODELS";

    private readonly Dictionary<string, CatalogueModel> byName;

    private ModelCatalogue(IReadOnlyList<CatalogueModel> models) => (Models, byName) = (models, models.ToDictionary(m => m.Name, StringComparer.Ordinal));

    /// <summary>All of them, in the file's order.</summary>
    public IReadOnlyList<CatalogueModel> Models { get; }

    /// <summary>No models.</summary>
    public static ModelCatalogue Empty { get; } = new([]);

    /// <summary>A model by its name, or null.</summary>
    public CatalogueModel? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>Loads a catalogue. A model whose files are not there is in it all the same, with its <see cref="CatalogueModel.Problem"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="setting">Looks settings up; null for the process's environment.</param>
    /// <exception cref="StudyException">The file has mistakes.</exception>
    public static ModelCatalogue Load(string path, Func<string, string?>? setting = null)
    {
        setting ??= Environment.GetEnvironmentVariable;
        var (file, root) = YamlFile.Read(path);
        var models = new List<CatalogueModel>();
        if (root?.Map("models", required: true) is { } map)
        {
            foreach (var name in map.Fields)
                if (map.Map(name) is { } entry) models.Add(Entry(name, entry, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, setting));
            map.Close();
        }
        root?.Close();
        file.Check();
        return new(models);
    }

    private static CatalogueModel Entry(string name, YamlMap entry, string folder, Func<string, string?> setting)
    {
        var (title, id) = (entry.Text("title") ?? name, entry.Text("id"));
        var (path, adapter) = (entry.Text("path", required: true) ?? "", entry.Text("adapter"));
        var (files, adapterFiles) = (Texts(entry, "files"), Texts(entry, "adapter-files"));
        var reference = entry.Text("reference");
        double? accuracy = double.TryParse(entry.Map("published")?.Text("accuracy"), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
        entry.Close();
        var (full, fullAdapter) = (Resolve(path, folder, setting), adapter is null ? null : Resolve(adapter, folder, setting));
        var problem = full is null || (adapter is not null && fullAdapter is null) ? $"{Setting} is not set: it must name the folder of the models{(id is null ? "" : $", with {id} in {path.Replace($"${{{Setting}}}/", "", StringComparison.Ordinal)}")}"
            : Missing(full, files) ?? (fullAdapter is null ? null : Missing(fullAdapter, adapterFiles));
        return new(name, title, id, full, fullAdapter, reference, accuracy, problem);
    }

    private static string[] Texts(YamlMap entry, string field) => [.. entry.List(field).OfType<YamlScalarNode>().Select(n => n.Value ?? "")];

    private static string? Resolve(string path, string folder, Func<string, string?> setting)
    {
        var variable = $"${{{Setting}}}";
        if (!path.Contains(variable, StringComparison.Ordinal)) return System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, path));
        return setting(Setting) is { Length: > 0 } root ? System.IO.Path.GetFullPath(path.Replace(variable, root, StringComparison.Ordinal)) : null;
    }

    /// <summary>What is not there: the folder, or a file of it ("a|b" is satisfied by either, "*.bin" by any such).</summary>
    internal static string? Missing(string path, IReadOnlyList<string> files)
    {
        if (!System.IO.Path.Exists(path)) return $"there is no {path}";
        if (!Directory.Exists(path)) return null; // a single file
        var absent = files.FirstOrDefault(names => !names.Split('|').Any(name => Directory.EnumerateFiles(path, name.Trim()).Any()));
        return absent is null ? null : $"{path} has no {string.Join(" or ", absent.Split('|'))}";
    }
}
