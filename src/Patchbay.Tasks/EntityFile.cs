using System.Text.Json;
using System.Text.RegularExpressions;

namespace Patchbay.Tasks;

/// <summary>Entity-tracking sentences as JSONL: one object per line whose field "sentence" holds prompt and answer,
/// "The document is in Box X, the pot is in Box T. Box X contains the document." Other fields are ignored.</summary>
public static partial class EntityFile
{
    private const string Form =
        "'The OBJECT is in Box LABEL, the OBJECT is in Box LABEL. Box LABEL contains the OBJECT.'";

    /// <summary>The text of a file with one line per prompt.</summary>
    public static string Format(IEnumerable<EntityLine> lines) =>
        string.Concat(lines.Select(line => JsonSerializer.Serialize(line.Sentence, JsonFile.Plain))
            .Select(sentence => $"{{\"sentence\": {sentence}}}\n"));

    /// <summary>Reads a file; lines with the same context share one scene.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What messages call it, where that is not its path.</param>
    /// <exception cref="InvalidDataException">A line is not as it must be; the message names it.</exception>
    public static IReadOnlyList<EntityLine> Load(string path, string? name = null)
    {
        var scenes = new Dictionary<string, EntityScene>();
        var lines = new List<EntityLine>();
        foreach (var field in JsonFile.Objects(path, name))
        {
            var line = Parse(field["sentence"].Text, field.Origin);
            var context = line.Scene.Context;
            if (!scenes.TryAdd(context, line.Scene)) line = line with { Scene = scenes[context] };
            lines.Add(line);
        }
        return lines.Count > 0 ? lines : throw Refusal.Unexpected(name ?? path, "at least one line", "none");
    }

    /// <summary>Takes one sentence apart and checks it.</summary>
    /// <exception cref="InvalidDataException">It is not of the form, repeats a word, or its answer is
    /// wrong.</exception>
    public static EntityLine Parse(string sentence, string origin)
    {
        var match = Sentence().Match(sentence);
        if (!match.Success) throw Refused(Form, Refusal.Quote(sentence));
        var scene = new EntityScene(Captures("object"), Captures("label"));
        if (scene.Boxes is < EntityTracking.MinBoxes or > EntityTracking.MaxBoxes)
            throw Refused($"{EntityTracking.MinBoxes} to {EntityTracking.MaxBoxes} boxes", $"{scene.Boxes}");
        foreach (var words in new[] { scene.Objects, scene.Labels })
        {
            var repeated = words.CountBy(word => word).FirstOrDefault(count => count.Value > 1);
            if (repeated.Key is { } word) throw Refused($"'{word}' once in the context", $"it {repeated.Value} times");
        }
        var (queried, answer) = (match.Groups["query"].Value, match.Groups["answer"].Value);
        var box = scene.Labels.ToList().IndexOf(queried);
        if (box < 0) throw Refused($"the queried label '{queried}' exactly once before", "it 0 times");
        if (scene.Objects[box] != answer)
            throw Refused($"the answer '{scene.Objects[box]}' for Box {queried}", $"'{answer}'");
        return new EntityLine(scene, box, origin);

        string[] Captures(string group) => [.. match.Groups[group].Captures.Select(capture => capture.Value)];

        InvalidDataException Refused(string expected, string found) =>
            Refusal.Field(origin, "sentence", expected, found);
    }

    [GeneratedRegex(
        """^The (?<object>[^\s,.]+) is in Box (?<label>[^\s,.]+)""" +
        """(?:, the (?<object>[^\s,.]+) is in Box (?<label>[^\s,.]+))*""" +
        """\. Box (?<query>[^\s,.]+) contains the (?<answer>[^\s,.]+)\.\z""", RegexOptions.CultureInvariant)]
    private static partial Regex Sentence();
}
