namespace Patchbay.Sweeps.Studies;

/// <summary>The fields of a mapping: notes keys that are unknown, twice there or no words, and hands out the
/// rest.</summary>
internal sealed class YamlFields
{
    private readonly Dictionary<string, YamlNode> values = new(StringComparer.Ordinal);
    private readonly MistakeList mistakes;
    private readonly YamlMap map;

    private YamlFields(YamlMap map, string path, MistakeList mistakes) =>
        (this.map, Path, this.mistakes) = (map, path, mistakes);

    /// <summary>Path of the mapping within the file: "stages[0].accuracy"; empty for the file itself.</summary>
    public string Path { get; }

    /// <summary>Keys in the order of the file, each with where it stands.</summary>
    public List<(YamlText At, string Key)> Keys { get; } = [];

    /// <summary>The fields of a node, or null, and a mistake, where it is no mapping.</summary>
    /// <param name="node">The node.</param>
    /// <param name="path">Its path within the file.</param>
    /// <param name="mistakes">Where to note mistakes.</param>
    /// <param name="expected">What is expected where it is no mapping.</param>
    /// <param name="known">The keys that there may be; null where any may.</param>
    public static YamlFields? Of(YamlNode node, string path, MistakeList mistakes, string expected,
        IReadOnlyCollection<string>? known)
    {
        if (node is not YamlMap map)
        {
            mistakes.Add(node, path, $"expected {expected}, found {node.Found}");
            return null;
        }
        var fields = new YamlFields(map, path, mistakes);
        foreach (var (key, value) in map.Pairs) fields.Take(key, value, known);
        return fields;
    }

    /// <summary>Path of a field within the file.</summary>
    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    /// <summary>A field's value, or null where it is not there.</summary>
    public YamlNode? Optional(string key) => values.GetValueOrDefault(key);

    /// <summary>A field's value, or null, and a mistake, where it is not there.</summary>
    public YamlNode? Required(string key, string expected)
    {
        if (values.TryGetValue(key, out var value)) return value;
        mistakes.Add(map, PathOf(key), $"expected {expected}, found no such field");
        return null;
    }

    private void Take(YamlNode key, YamlNode value, IReadOnlyCollection<string>? known)
    {
        if (key is not YamlText { IsNothing: false } text)
        {
            mistakes.Add(key, Path, $"expected a name before the colon, found {key.Found}");
            return;
        }
        var name = text.Value;
        var shown = Refusal.Shown(name);
        if (known is not null && !known.Contains(name))
        {
            mistakes.Add(key, PathOf(shown), known.Count == 0 ? $"expected no fields, found '{shown}'"
                : $"expected {Spelling.OneOf(known, name)}");
        }
        else if (!values.TryAdd(name, value))
        {
            mistakes.Add(key, PathOf(shown),
                $"expected it once, found it again (first in line {Keys.First(k => k.Key == name).At.Line})");
        }
        else
        {
            Keys.Add((text, name));
        }
    }
}
