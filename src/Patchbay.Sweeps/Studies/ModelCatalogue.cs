namespace Patchbay.Sweeps.Studies;

/// <summary>The models that studies can name, as <c>cluster-config/models.yaml</c> lists them.</summary>
public sealed class ModelCatalogue
{
    private readonly Dictionary<string, CatalogueModel> byName;

    internal ModelCatalogue(string path, IReadOnlyList<CatalogueModel> models, Func<string, string?> setting)
    {
        (Path, Models, Setting) = (path, models, setting);
        byName = models.ToDictionary(m => m.Name, StringComparer.Ordinal);
    }

    /// <summary>A catalogue without a model, for studies that name folders only.</summary>
    public static ModelCatalogue Empty { get; } = new("", [], _ => null);

    /// <summary>The catalogue file.</summary>
    public string Path { get; }

    /// <summary>Its models in the order of the file.</summary>
    public IReadOnlyList<CatalogueModel> Models { get; }

    /// <summary>Looks settings up that paths hold.</summary>
    internal Func<string, string?> Setting { get; }

    /// <summary>Loads a catalogue. That a model's files or settings are not there is no mistake until a study names
    /// it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="setting">Looks a setting up, null where it is not set; environment variables where none is
    /// given.</param>
    /// <exception cref="StudyException">The file has mistakes; the exception holds all of them.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static ModelCatalogue Load(string path, Func<string, string?>? setting = null)
    {
        var mistakes = new MistakeList();
        var catalogue = new CatalogueReader(path, setting ?? Environment.GetEnvironmentVariable, mistakes).Read();
        return catalogue is not null && mistakes.Count == 0 ? catalogue
            : throw new StudyException(path, mistakes.InOrder);
    }

    /// <summary>A model by its name, or null.</summary>
    public CatalogueModel? Find(string name) => byName.GetValueOrDefault(name);
}
