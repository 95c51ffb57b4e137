namespace Patchbay.Sweeps.Studies;

/// <summary>Reads which models a study runs, and checks that they are there.</summary>
internal sealed class StudyModelsReader(ModelCatalogue catalogue, string home, MistakeList mistakes)
{
    private const string Expected = "a list of models: names of the catalogue, or {name: mine, path: ../mine}";

    private readonly YamlValues values = new(mistakes);
    private readonly Dictionary<string, int> lines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (YamlNode At, string Field,
        List<string> Models)> unset = new(StringComparer.Ordinal);

    private readonly List<NamedModel> usable = [];

    /// <summary>The models, those of them whose files are there, and all their names as written: also of those that
    /// have mistakes, so that what is said of them elsewhere in the file is not called a mistake as well.</summary>
    public (IReadOnlyList<ModelPlace> Models, IReadOnlyList<NamedModel> Usable, IReadOnlyList<string> Names) Read(
        YamlFields study)
    {
        if (study.Required("models", Expected) is not { } node) return ([], [], []);
        if (node is not YamlList { Items.Count: > 0 } list)
        {
            mistakes.Add(node, "models",
                $"expected {Expected}, found {(node is YamlList ? "an empty list" : node.Found)}");
            return ([], [], []);
        }
        var models = list.Items.Select((item, i) => Model(item, $"models[{i}]")).OfType<ModelPlace>().ToList();
        foreach (var (setting, (at, field, names)) in unset)
        {
            mistakes.Add(at, field, $"expected the setting {setting} to lead to the folder of "
                + $"{string.Join(", ", names)}, "
                + "found that it is not set");
        }
        return (models, usable, [.. lines.Keys]);
    }

    private ModelPlace? Model(YamlNode node, string field)
    {
        int? replicas = null;
        var model = node is YamlMap ? Own(node, field, out replicas) : Named(node, field);
        if (model is null) return null;
        foreach (var setting in model.UnsetSettings)
        {
            if (!unset.ContainsKey(setting)) unset.Add(setting, (node, field, []));
            unset[setting].Models.Add(model.Name);
        }
        var missing = model.Missing();
        foreach (var sentence in missing) mistakes.Add(node, field, sentence);
        if (missing.Count == 0 && model.UnsetSettings.Count == 0) usable.Add(new(model.Place, node, field));
        return model.Place with { Replicas = replicas };
    }

    private CatalogueModel? Named(YamlNode node, string field)
    {
        var name = values.Text(node, field, "a model of the catalogue, or {name: mine, path: ../mine}");
        if (name is null || !IsFirst(name, node, field)) return null;
        var model = catalogue.Find(name);
        if (model is not null) return model;
        var known = catalogue.Models.Select(m => m.Name).ToList();
        mistakes.Add(node, field, $"expected a model of the catalogue {catalogue.Path}, {Spelling.OneOf(known, name)}");
        return null;
    }

    private CatalogueModel? Own(YamlNode node, string field, out int? replicas)
    {
        replicas = null;
        if (YamlFields.Of(node, field, mistakes, "a model", ["name", "path", "adapter", "tokenizer",
            "replicas"]) is not { } fields) return null;
        replicas = (int?)values.Whole(fields.Optional("replicas"), fields.PathOf("replicas"),
            StudyCompute.Nodes);
        if (fields.Optional("path") is null && fields.Optional("adapter") is null
            && fields.Optional("name") is { } known && fields.Optional("replicas") is not null)
            return Named(known, fields.PathOf("name"));
        var at = fields.Required("name", "a name for this model");
        var name = values.Text(at, fields.PathOf("name"), "a name for this model");
        if (name is not null && ModelName.Expected(name) is { } expected)
        {
            mistakes.Add(at!, fields.PathOf("name"), $"expected {expected}, found {Refusal.Quote(name)}");
            name = null;
        }
        var path = Folder(fields, "path", fields.Required("path", "the folder of the checkpoint"));
        var adapter = Folder(fields, "adapter", fields.Optional("adapter"));
        var tokenizer = Folder(fields, "tokenizer", fields.Optional("tokenizer"));
        return name is null || !IsFirst(name, at!, fields.PathOf("name")) || path is null ? null
            : new(name, name, null, null, path, adapter, CatalogueReader.AnyCheckpoint, CatalogueReader.AnyAdapter,
                tokenizer);
    }

    private ModelFolder? Folder(YamlFields fields, string key, YamlNode? node) =>
        values.Text(node, fields.PathOf(key), "a folder") is { } written
            ? ModelFolder.Of(written, home, catalogue.Setting) : null;

    private bool IsFirst(string name, YamlNode node, string field)
    {
        if (lines.TryAdd(name, node.Line)) return true;
        mistakes.Add(node, field,
            $"expected every model once, found {Refusal.Quote(name)} again (first in line {lines[name]})");
        return false;
    }
}
