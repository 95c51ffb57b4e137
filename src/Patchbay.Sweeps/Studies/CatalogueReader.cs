namespace Patchbay.Sweeps.Studies;

internal sealed class CatalogueReader(string path, Func<string, string?> setting, MistakeList mistakes)
{
    /// <summary>What a folder must hold where the catalogue does not say: enough to tell a checkpoint from another
    /// folder. The loader checks the rest, and takes an adapter's folder that names its base for a
    /// checkpoint.</summary>
    public static readonly IReadOnlyList<string> AnyCheckpoint = ["config.json|adapter_config.json|*.bin"];

    /// <summary>The same for an adapter.</summary>
    public static readonly IReadOnlyList<string> AnyAdapter = ["adapter_config.json"];

    private static readonly string[] Known =
        ["title", "id", "path", "adapter", "base", "files", "adapter-files", "tokenizer"];

    private readonly YamlValues values = new(mistakes);
    private readonly string home = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;

    /// <summary>The catalogue, or null where a mistake was noted.</summary>
    public ModelCatalogue? Read()
    {
        var (_, root) = YamlFile.Read(path, "model catalogue", mistakes);
        if (root is null || YamlFields.Of(root, "", mistakes, "models by their names",
            null) is not { } names) return null;
        var entries = new Dictionary<string, YamlFields>(StringComparer.Ordinal);
        foreach (var (at, name) in names.Keys)
        {
            if (ModelName.Expected(name) is { } expected)
                mistakes.Add(at, Refusal.Shown(name), $"expected {expected}, found {Refusal.Quote(name)}");
            if (YamlFields.Of(names.Optional(name)!, Refusal.Shown(name), mistakes, "the fields of a model",
                Known) is { } fields)
                entries.Add(name, fields);
        }
        var models = names.Keys.Where(k => entries.ContainsKey(k.Key)).Select(k => Model(k.Key, entries)).ToList();
        return mistakes.Count > 0 ? null : new(path, models!, setting);
    }

    private CatalogueModel? Model(string name, Dictionary<string, YamlFields> entries)
    {
        var fields = entries[name];
        var adapter = Folder(fields, "adapter");
        var @base = values.Word(fields.Optional("base"), fields.PathOf("base"),
            [.. entries.Keys.Where(k => k != name)]);
        // An adapter lies on its base's checkpoint: path and files are the base's unless it has its own.
        var own = fields.Optional("path") is not null || adapter is null || @base is null;
        var checkpoint = own ? fields : entries[@base!];
        if (checkpoint.Required("path", own ? "the folder of the checkpoint"
            : $"a path, as {name} is an adapter on this model") is null)
            return null;
        if (Folder(checkpoint, "path") is not { } folder) return null;
        return new(name,
            values.Text(fields.Optional("title"), fields.PathOf("title"), "a title") ?? name,
            values.Text(fields.Optional("id"), fields.PathOf("id"), "a Hugging Face id"),
            @base, folder, adapter,
            Files(checkpoint, "files") ?? AnyCheckpoint,
            Files(fields, "adapter-files") ?? AnyAdapter,
            Folder(checkpoint, "tokenizer"));
    }

    private ModelFolder? Folder(YamlFields fields, string key) =>
        values.Text(fields.Optional(key), fields.PathOf(key), "a folder") is { } written
            ? ModelFolder.Of(written, home, setting) : null;

    private IReadOnlyList<string>? Files(YamlFields fields, string key) =>
        values.Texts(fields.Optional(key), fields.PathOf(key), "names of files");
}
