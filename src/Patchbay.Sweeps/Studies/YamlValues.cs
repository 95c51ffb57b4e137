using System.Globalization;

namespace Patchbay.Sweeps.Studies;

/// <summary>Reads single values. A null node is a field that is not there: the answer is null, without a
/// mistake.</summary>
internal sealed class YamlValues(MistakeList mistakes)
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ];

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

    /// <summary>A whole number within limits.</summary>
    public ulong? Whole(YamlNode? node, string field, ulong least, ulong most)
    {
        if (node is null) return null;
        if (node is YamlText text && ulong.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture,
            out var number)
            && number >= least && number <= most) return number;
        var expected = most >= int.MaxValue && most < ulong.MaxValue
            ? $"a whole number of {least} or more" : $"a whole number from {least} to {most}";
        mistakes.Add(node, field, $"expected {expected}, found {node.Found}");
        return null;
    }

    /// <summary>An amount of memory in bytes: "4GiB", "500 MB".</summary>
    public long? Memory(YamlNode? node, string field)
    {
        if (node is null) return null;
        if (node is YamlText text)
        {
            foreach (var (unit, bytes) in Units)
            {
                if (!text.Value.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
                var number = text.Value[..^unit.Length].Trim();
                if (decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                    out var amount)
                    && amount is > 0 and < 1_000_000 && (long)(amount * bytes) > 0) return (long)(amount * bytes);
                break;
            }
        }
        mistakes.Add(node, field, $"expected an amount of memory such as 4GiB or 500MB, found {node.Found}");
        return null;
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
