using Patchbay.Sweeps.Studies;
using Patchbay.Tests;

namespace Patchbay.Sweeps.Tests.Studies;

/// <summary>A temporary folder with a catalogue of three models, one of which needs a setting, and a study.</summary>
internal sealed class StudyFolder : IDisposable
{
    public const string Good = """
        name: first
        models: [small, tuned]
        task: {kind: entity-tracking, prompts: 30}
        seed: 20
        stages:
          - accuracy: {prompts: 50}
          - path-patching:
              groups: [A, B]
              receivers: [8, 4]
        """;

    public static readonly IReadOnlyList<StageKind> Kinds = [new AccuracyForTests(), new PathPatchingForTests()];

    private const string CatalogueText = """
        small:
          title: a small model
          path: small
          files: [config.json, "*.safetensors|*.bin"]
        tuned: {base: small, adapter: tuned}
        large: {path: "${PATCHBAY_MODELS}/large"}
        larger: {path: "${PATCHBAY_MODELS}/larger"}
        """;

    private readonly TemporaryFolder folder = new();

    public StudyFolder(string? models = null)
    {
        AddFiles("small", "config.json", "model.safetensors");
        AddFiles("tuned", "adapter_config.json");
        File.WriteAllText(folder.PathOf("models.yaml"), CatalogueText);
        Catalogue = ModelCatalogue.Load(folder.PathOf("models.yaml"), name => name == "PATCHBAY_MODELS" ? models
            : null);
    }

    public ModelCatalogue Catalogue { get; }

    public string StudyPath => folder.PathOf("study.yaml");

    public string PathOf(string name) => folder.PathOf(name);

    public void AddFiles(string model, params string[] names)
    {
        Directory.CreateDirectory(folder.PathOf(model));
        foreach (var name in names) File.WriteAllText(Path.Combine(folder.PathOf(model), name), "");
    }

    public Study Load(string text)
    {
        File.WriteAllText(StudyPath, text);
        return Study.Load(StudyPath, Catalogue, Kinds);
    }

    public IReadOnlyList<StudyMistake> Check(string text)
    {
        File.WriteAllText(StudyPath, text);
        return Check();
    }

    /// <summary>All mistakes of the study file.</summary>
    public IReadOnlyList<StudyMistake> Check()
    {
        try
        {
            Study.Load(StudyPath, Catalogue, Kinds);
            return [];
        }
        catch (StudyException e)
        {
            return e.Mistakes;
        }
    }

    /// <summary>The one mistake of a text.</summary>
    public StudyMistake Mistake(string text) => Assert.Single(Check(text));

    public void Dispose() => folder.Dispose();
}
