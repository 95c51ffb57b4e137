using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Patchbay.Sweeps.Studies;

/// <summary>Something wrong in a file.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Sentence">What is wrong: field, expected, found.</param>
public sealed record StudyMistake(int Line, string Sentence);

/// <summary>A study or catalogue has mistakes; the message holds all of them, each with its line.</summary>
public sealed class StudyException : FormatException
{
    /// <summary>Makes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mistakes">At least one, in the order of their lines.</param>
    public StudyException(string path, IReadOnlyList<StudyMistake> mistakes)
        : base(string.Join("; ", mistakes.Select(m => $"{Path.GetFileName(path)}, line {m.Line}: {m.Sentence}"))) =>
        (Mistakes, Heading) = (mistakes, $"{path} has {(mistakes.Count == 1 ? "a mistake" : $"{mistakes.Count} mistakes")}");

    /// <summary>"FILE has 3 mistakes".</summary>
    public string Heading { get; }

    /// <summary>All of them.</summary>
    public IReadOnlyList<StudyMistake> Mistakes { get; }
}

/// <summary>A YAML file that is read field by field; mistakes are collected, so that all can be told at once.</summary>
internal sealed class YamlFile
{
    private readonly List<StudyMistake> mistakes = [];

    private YamlFile(string path, string text) => (Path, Text) = (path, text);

    public string Path { get; }

    public string Text { get; }

    /// <summary>What is wrong, in the order of lines.</summary>
    public IReadOnlyList<StudyMistake> Mistakes => [.. mistakes.OrderBy(m => m.Line)];

    /// <summary>Reads the file; the root is null where it is no mapping.</summary>
    public static (YamlFile File, YamlMap? Root) Read(string path)
    {
        var file = new YamlFile(path, System.IO.File.ReadAllText(path));
        try
        {
            if (!file.IsSimple()) return (file, null);
            var stream = new YamlStream();
            stream.Load(new StringReader(file.Text));
            if (stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root) return (file, new YamlMap(file, root, ""));
            file.Add(1, stream.Documents.Count switch
            {
                0 => "expected fields, found an empty file",
                1 => "expected fields (name: value) at the top level, found something else",
                _ => "expected one document, found several",
            });
        }
        catch (YamlException e)
        {
            file.Add((int)e.Start.Line, $"this is no YAML: {e.Message}");
        }
        return (file, null);
    }

    /// <summary>Looks for what no study needs and a reader could stumble over: references, and nesting without end.</summary>
    private bool IsSimple()
    {
        const int Deepest = 20;
        var depth = 0;
        var parser = new Parser(new StringReader(Text));
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > Deepest) Add((int)parser.Current.Start.Line, "lists and fields are nested too deeply");
            else if (parser.Current is YamlDotNet.Core.Events.AnchorAlias) Add((int)parser.Current.Start.Line, "references ('*name') are not understood here: write the value out");
            else continue;
            return false;
        }
        return true;
    }

    /// <summary>Notes a mistake.</summary>
    public void Add(int line, string sentence) => mistakes.Add(new(Math.Max(1, line), sentence));

    public void Add(YamlNode at, string sentence) => Add((int)at.Start.Line, sentence);

    /// <summary>Ends with all mistakes, if there are any.</summary>
    public void Check()
    {
        if (mistakes.Count > 0) throw new StudyException(Path, Mistakes);
    }
}

/// <summary>A mapping of a YAML file. Fields are taken out one by one; what is left in the end nobody knows.</summary>
internal sealed class YamlMap
{
    private readonly YamlFile file;
    private readonly Dictionary<string, (YamlNode Key, YamlNode Value)> fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> known = [];

    public YamlMap(YamlFile file, YamlMappingNode node, string name)
    {
        (this.file, Node, Name) = (file, node, name);
        foreach (var (key, value) in node.Children)
        {
            if (key is YamlScalarNode { Value: { Length: > 0 } text }) fields[text] = (key, value);
            else file.Add(key, "expected a field's name");
        }
    }

    public YamlMappingNode Node { get; }

    /// <summary>Name of the field that it is the value of; empty at the top.</summary>
    public string Name { get; }

    public int Line => (int)Node.Start.Line;

    /// <summary>Names of all fields, in order.</summary>
    public IReadOnlyList<string> Fields => [.. fields.Keys];

    /// <summary>A field's value, or null; where it must be there, that is noted.</summary>
    public YamlNode? Take(string name, bool required = false)
    {
        known.Add(name);
        if (fields.TryGetValue(name, out var field)) return field.Value;
        if (required) file.Add(Line, $"field '{Full(name)}' is missing");
        return null;
    }

    /// <summary>The line of a field.</summary>
    public int LineOf(string name) => fields.TryGetValue(name, out var field) ? (int)field.Key.Start.Line : Line;

    /// <summary>A text.</summary>
    public string? Text(string name, bool required = false) => Take(name, required) switch
    {
        null => null,
        YamlScalarNode { Value: { } text } => text,
        var other => Wrong(other, name, "a text"),
    };

    /// <summary>A whole number within bounds.</summary>
    public long? Number(string name, long least, long most, bool required = false)
    {
        if (Take(name, required) is not { } node) return null;
        if (node is YamlScalarNode { Value: { } text } && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        Wrong(node, name, most == long.MaxValue ? $"a whole number of {least} or more" : $"a whole number from {least} to {most}");
        return null;
    }

    /// <summary>One of some words.</summary>
    public string? Choice(string name, params string[] among)
    {
        var text = Text(name);
        if (text is null || among.Contains(text)) return text;
        file.Add(Take(name)!, $"field '{Full(name)}': expected {string.Join(", ", among[..^1])} or {among[^1]}, found '{text}'");
        return null;
    }

    /// <summary>A mapping below.</summary>
    public YamlMap? Map(string name, bool required = false)
    {
        switch (Take(name, required))
        {
            case null: return null;
            case YamlMappingNode node: return new YamlMap(file, node, Full(name));
            case var other:
                Wrong(other, name, "fields (name: value)");
                return null;
        }
    }

    /// <summary>A list, its entries.</summary>
    public IReadOnlyList<YamlNode> List(string name, bool required = false)
    {
        switch (Take(name, required))
        {
            case null: return [];
            case YamlSequenceNode { Children: { Count: > 0 } children }: return [.. children];
            case var other:
                Wrong(other, name, "a list of at least one entry");
                return [];
        }
    }

    /// <summary>Notes every field that nobody took.</summary>
    public void Close()
    {
        foreach (var (name, field) in fields.Where(f => !known.Contains(f.Key)))
            file.Add(field.Key, $"there is no field '{Full(name)}'{Nearest.Hint(name, known)}");
    }

    /// <summary>"task.boxes".</summary>
    public string Full(string name) => Name.Length == 0 ? name : $"{Name}.{name}";

    private string? Wrong(YamlNode node, string name, string expected)
    {
        file.Add(node, $"field '{Full(name)}': expected {expected}, found {Describe(node)}");
        return null;
    }

    /// <summary>A node, for a message.</summary>
    public static string Describe(YamlNode node) => node switch
    {
        YamlScalarNode { Value: null or "" } => "nothing",
        YamlScalarNode { Value.Length: > 40 } s => $"'{s.Value[..37]}...'",
        YamlScalarNode s => $"'{s.Value}'",
        YamlSequenceNode { Children.Count: 0 } => "an empty list",
        YamlSequenceNode => "a list",
        _ => "fields",
    };
}

/// <summary>Guesses what somebody meant.</summary>
internal static class Nearest
{
    /// <summary>": did you mean 'x'?", or which names there are.</summary>
    public static string Hint(string name, IEnumerable<string> known)
    {
        var names = known.ToArray();
        if (names.Length == 0) return "";
        var best = names.MinBy(k => Distance(name, k))!;
        return Distance(name, best) <= Math.Max(1, name.Length / 3) ? $": did you mean '{best}'?" : $"; there are {string.Join(", ", names)}";
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (corner, first) = (row[0], row[0] = i);
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, corner + (a[i - 1] == b[j - 1] ? 0 : 1));
                corner = above;
            }
        }
        return row[b.Length];
    }
}
