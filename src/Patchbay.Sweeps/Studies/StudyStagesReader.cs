namespace Patchbay.Sweeps.Studies;

/// <summary>The prompts of a task's file.</summary>
/// <param name="File">The file's full path.</param>
/// <param name="Count">How many it holds.</param>
/// <param name="Asked">How many of them the task takes; 0 where that could not be read.</param>
/// <param name="Positions">Names of their positions; null where they are entity tracking's.</param>
internal sealed record FilePrompts(string File, int Count, int Asked, IReadOnlyList<string>? Positions)
{
    /// <summary>What is expected where a study asks for more than there are, or null.</summary>
    public string? TooMany(ulong asked) => asked <= (ulong)Count ? null
        : $"at most {Count}, the prompts that {File} holds";
}

/// <summary>Reads a study's stages and makes those of every model.</summary>
internal sealed class StudyStagesReader(IReadOnlyList<StageKind> kinds, IReadOnlyList<string> models,
    FilePrompts? prompts, StudyFacts? facts, MistakeList mistakes)
{
    private readonly string expected = $"a list of stages ({string.Join(", ", kinds.Select(k => k.Name))})";
    private readonly List<Stage> before = []; // of entries that were read
    private readonly Dictionary<string, int> lines = new(StringComparer.Ordinal);
    private readonly HashSet<string> broken = new(StringComparer.Ordinal); // kinds of entries that could not be read
    private bool isUnsure; // an entry is of no known kind: it may stand for any

    /// <summary>The stages: entry by entry, and within an entry model by model.</summary>
    public IReadOnlyList<Stage> Read(YamlFields study)
    {
        if (study.Required("stages", expected) is not { } node) return [];
        if (node is YamlList { Items.Count: > 0 } list)
        {
            foreach (var (i, item) in list.Items.Index()) before.AddRange(Entry(item, $"stages[{i}]"));
            return before;
        }
        mistakes.Add(node, "stages", $"expected {expected}, found {(node is YamlList ? "an empty list" : node.Found)}");
        return [];
    }

    private Stage[] Entry(YamlNode node, string path)
    {
        var count = mistakes.Count;
        var (at, name, parameters) = Head(node, path);
        var kind = kinds.FirstOrDefault(k => k.Name == name);
        isUnsure |= kind is null;
        if (name is null) return [];
        if (kind is null)
        {
            mistakes.Add(at, path, $"expected a kind of stage, {Spelling.OneOf([.. kinds.Select(k => k.Name)], name)}");
            return [];
        }
        var entry = new StageEntry(kind, at, $"{path}.{name}");
        var values = Values(entry, parameters);
        // What an entry needs of one that could not be read is no mistake of its own.
        if (mistakes.Count == count && !kind.Needs.Any(broken.Contains))
        {
            var stages = models.SelectMany(m => Expanded(entry, m, values[m])).ToArray();
            entry.Note(mistakes, models.Count);
            if (!entry.IsBroken) return stages;
        }
        broken.Add(name);
        return [];
    }

    // An entry is a kind with its parameters, or a kind alone.
    private (YamlNode At, string? Kind, YamlNode? Parameters) Head(YamlNode node, string path)
    {
        if (node is YamlText { IsNothing: false } text) return (node, text.Value, null);
        const string form = "one kind of stage with its parameters, such as 'accuracy: {prompts: 500}'";
        if (node is not YamlMap map || map.Pairs.Count != 1 || map.Pairs[0]
            .Key is not YamlText { IsNothing: false } key)
        {
            var found = node is YamlMap several && several.Pairs.Count != 1 ? $"{several.Pairs.Count} fields"
                : node.Found;
            mistakes.Add(node, path, $"expected {form}, found {found}");
            return (node, null, null);
        }
        return (key, key.Value, map.Pairs[0].Value is YamlText { IsNothing: true } ? null : map.Pairs[0].Value);
    }

    // For every model a value for every field of the kind.
    private Dictionary<string, Dictionary<string, string>> Values(StageEntry entry, YamlNode? parameters)
    {
        var kind = entry.Kind;
        var values = models.ToDictionary(m => m, _ => kind.Fields.ToDictionary(f => f.Name,
            f => prompts is { Asked: > 0 } && f.CountsPrompts ? $"{prompts.Asked}" : f.Default,
            StringComparer.Ordinal),
            StringComparer.Ordinal);
        if (parameters is null) return values;
        var known = kind.Fields.Select(f => f.Name).ToList();
        if (YamlFields.Of(parameters, entry.Path, mistakes, $"parameters of {kind.Name}",
            known) is not { } fields) return values;
        foreach (var field in kind.Fields)
        {
            if (fields.Optional(field.Name) is not { } node) continue;
            entry.Places[field.Name] = (node, fields.PathOf(field.Name));
            foreach (var (model, value) in PerModel(field, node, fields.PathOf(field.Name))) values[model][field.Name] =
                value;
        }
        return values;
    }

    private IEnumerable<(string Model, string Value)> PerModel(StageField field, YamlNode node, string path)
    {
        if (node is not YamlMap)
            return Value(field, node, path) is { } value ? models.Select(m => (m, value)) : [];
        // Where the models could not be read, what is said of each cannot be judged.
        IReadOnlyCollection<string>? known = models.Count == 0 ? null : [.. models, ModelName.Default];
        if (YamlFields.Of(node, path, mistakes, "values by models", known) is not { } given) return [];
        var values = given.Keys.Select(k => k.Key)
            .ToDictionary(k => k, k => Value(field, given.Optional(k)!, given.PathOf(k)), StringComparer.Ordinal);
        var without = values.ContainsKey(ModelName.Default) ? [] : models.Where(m => !values.ContainsKey(m)).ToList();
        if (without.Count > 0)
        {
            mistakes.Add(node, path, $"expected a value for every model or a '{ModelName.Default}', found none for "
                + string.Join(", ", without.Select(Refusal.Shown)));
        }
        return models.Except(without)
            .Select(m => (m, values.GetValueOrDefault(m, values.GetValueOrDefault(ModelName.Default)) ?? ""));
    }

    // A value as the field's check takes it, or null where a mistake was noted.
    private string? Value(StageField field, YamlNode node, string path)
    {
        var items = node is YamlList list ? list.Items : [node];
        var texts = items.OfType<YamlText>().Where(t => !t.IsNothing || t.Quoted).Select(t => t.Value.Trim()).ToList();
        // A comma inside an item would make two of it.
        if (texts.Count < items.Count || (node is YamlList && texts.Any(t => t.Contains(','))))
        {
            var found = node is YamlList ? "a list with other things in it" : node.Found;
            mistakes.Add(node, path, $"expected a value or a list of values, found {found}");
            return null;
        }
        var value = string.Join(',', texts.SelectMany(t => t.Split(',', StringSplitOptions.TrimEntries)));
        var wanted = field.Check(value) ?? (field.CountsPrompts && ulong.TryParse(value, out var count)
            ? prompts?.TooMany(count) : null);
        if (wanted is null) return value;
        mistakes.Add(node, path, $"expected {wanted}, found {Refusal.Quote(value)}");
        return null;
    }

    private IReadOnlyList<Stage> Expanded(StageEntry entry, string model, Dictionary<string, string> values)
    {
        var (at, path) = (entry.At, entry.Path);
        IReadOnlyList<Stage> stages;
        try
        {
            stages = entry.Kind.Expand(new(model, values, models, before)
            {
                Positions = prompts?.Positions,
                FromFile = prompts is not null,
            });
        }
        catch (Exception e) when (StudyFactsReader.IsOfFiles(e) || e is ArgumentException)
        {
            // Fields are checked one by one; that they do not go together is known only to the kind.
            entry.IsBroken = true;
            if (e is not MissingStageException missing || !(isUnsure || broken.Contains(missing.Kind)))
                entry.Add(null, model, e.Message.TrimEnd('.'));
            return [];
        }
        Check(entry, stages, values);
        var own = stages.Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var stage in stages)
        {
            if (stage.After.FirstOrDefault(s => !lines.ContainsKey(s) && !own.Contains(s)) is { } lacking)
                mistakes.Add(at, path, $"expected the stage {lacking} before {stage.Id}, which needs it, found no "
                    + "such stage");
            if (!lines.TryAdd(stage.Id, at.Line))
                mistakes.Add(at, path, $"expected every stage once, found {stage.Id} again (first in line "
                    + $"{lines[stage.Id]})");
        }
        return stages;
    }

    private void Check(StageEntry entry, IReadOnlyList<Stage> stages, Dictionary<string, string> values)
    {
        if (facts is null) return;
        var given = entry.Places.Keys.ToDictionary(name => name, name => values[name]);
        var own = facts with { Before = before, Given = given };
        foreach (var stage in stages)
            foreach (var mistake in kinds.First(k => k.Name == stage.Kind).Check(stage, own))
                entry.Add(mistake.Field, stage.Model, mistake.Sentence);
    }
}

/// <summary>An entry of a study's stages, and what is said of the stages that it makes.</summary>
internal sealed class StageEntry(StageKind kind, YamlNode at, string path)
{
    private readonly List<(string? Field, string Model, string Sentence)> said = [];

    public StageKind Kind => kind;

    public YamlNode At => at;

    /// <summary>Path within the file: "stages[1].dcm".</summary>
    public string Path => path;

    /// <summary>Whether it makes no stages of some model.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Where the parameters that are given stand.</summary>
    public Dictionary<string, (YamlNode At, string Path)> Places { get; } = new(StringComparer.Ordinal);

    /// <summary>Keeps what is said of a model's stages, about a parameter or the whole.</summary>
    public void Add(string? field, string model, string sentence) => said.Add((field, model, sentence));

    /// <summary>Notes all of it, what is the same of several models once.</summary>
    public void Note(MistakeList mistakes, int models)
    {
        foreach (var about in said.GroupBy(s => s.Field is { } field && Places.TryGetValue(field, out var place) ? place
            : (At: at, Path: path)))
            mistakes.Add(about.Key.At, about.Key.Path, about.Select(s => (s.Model, s.Sentence)), models);
    }
}
