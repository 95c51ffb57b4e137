namespace Patchbay.Sweeps.Studies;

/// <summary>Reads single values. A null node is a field that is not there: the answer is null, without a
/// mistake.</summary>
internal sealed class YamlValues(MistakeList mistakes)
{
    /// <summary>A text that is not empty.</summary>
    public string? Text(YamlNode? node, string field, string expected)
    {
        if (node is null) return null;
        if (node is YamlText { IsNothing: false } text && text.Value.Trim().Length > 0
            && !text.Value.Any(char.IsControl))
            return text.Value.Trim();
        mistakes.Add(node, field, $"expected {expected}, found {node.Found}");
        return null;
    }

    /// <summary>One of some words.</summary>
    public string? Word(YamlNode? node, string field, IReadOnlyCollection<string> words)
    {
        var text = Text(node, field, $"one of {string.Join(", ", words)}");
        if (text is null || words.Contains(text)) return text;
        mistakes.Add(node!, field, $"expected {Spelling.OneOf(words, text)}");
        return null;
    }

    /// <summary>A whole number of a range.</summary>
    public ulong? Whole(YamlNode? node, string field, WholeRange range)
    {
        if (node is null) return null;
        if (node is YamlText text && range.Read(text.Value) is { } number) return number;
        mistakes.Add(node, field, $"expected {range}, found {node.Found}");
        return null;
    }

    /// <summary>An amount of memory in bytes: "4GiB", "500 MB".</summary>
    public long? Memory(YamlNode? node, string field)
    {
        if (node is null) return null;
        try
        {
            return ByteSize.Parse(node is YamlText text ? text.Value : "");
        }
        catch (FormatException)
        {
            mistakes.Add(node, field, $"expected {ByteSize.Expected}, found {node.Found}");
            return null;
        }
    }

    /// <summary>A list of texts; one text alone is a list of one.</summary>
    public IReadOnlyList<string>? Texts(YamlNode? node, string field, string expected)
    {
        if (node is null) return null;
        if (node is not YamlList list) return Text(node, field, expected) is { } one ? [one] : null;
        if (list.Items.Count == 0) mistakes.Add(node, field, $"expected {expected}, found an empty list");
        var texts = list.Items.Select((item, i) => Text(item, $"{field}[{i}]", expected)).OfType<string>().ToList();
        return texts.Count == 0 || texts.Count < list.Items.Count ? null : texts;
    }
}
