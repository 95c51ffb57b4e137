using YamlDotNet.Core;

namespace Patchbay.Sweeps.Studies;

/// <summary>Something in a study, or in a model catalogue, that is not as it must be.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1; null where the whole line or file is meant.</param>
/// <param name="Field">Which field: "stages[1].path-patching.receivers"; empty where it is about the whole
/// file.</param>
/// <param name="Sentence">One sentence that names the field, what was expected and what was found.</param>
public sealed record StudyMistake(int Line, int? Column, string Field, string Sentence);

/// <summary>A study or a model catalogue has mistakes. The message holds all of them, each on a line of its own as
/// <c>file:line: sentence</c>.</summary>
public sealed class StudyException : FormatException
{
    /// <summary>Makes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mistakes">All its mistakes, in order of lines.</param>
    public StudyException(string path, IReadOnlyList<StudyMistake> mistakes)
        : base(string.Join('\n', mistakes.Select(m => $"{path}:{m.Line}: {m.Sentence}"))) =>
            (Path, Mistakes) = (path, mistakes);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>All its mistakes, in order of lines.</summary>
    public IReadOnlyList<StudyMistake> Mistakes { get; }
}

/// <summary>Where readers note mistakes, so that all are reported at once.</summary>
internal sealed class MistakeList
{
    private readonly List<StudyMistake> found = [];

    public int Count => found.Count;

    /// <summary>All of them in order of lines. An alias leads to the same node twice; its mistakes are told
    /// once.</summary>
    public IReadOnlyList<StudyMistake> InOrder =>
        [.. found.DistinctBy(m => (m.Line, m.Column, m.Sentence)).OrderBy(m => m.Line).ThenBy(m => m.Column ?? 0)];

    /// <summary>Notes one about a field: "field 'task.boxes': expected a whole number, found 'x'."</summary>
    public void Add(YamlNode at, string field, string sentence) =>
        found.Add(new(at.Line, at.Column, field, Ended(field.Length == 0 ? sentence : $"field '{field}': {sentence}")));

    /// <summary>Notes what is said of models, what is the same of several as one: "goat, float: expected ...". Where it
    /// is the same of all of several models no model is named.</summary>
    public void Add(YamlNode at, string field, IEnumerable<(string Model, string Sentence)> said, int models)
    {
        foreach (var same in said.Distinct().GroupBy(s => s.Sentence, s => s.Model).ToArray())
        {
            string[] names = [.. same];
            Add(at, field, models > 1 && names.Length == models ? same.Key
                : $"{string.Join(", ", names)}: {same.Key}");
        }
    }

    /// <summary>Notes one about the file.</summary>
    public void Add(int line, int? column, string sentence) => found.Add(new(line, column, "", Ended(sentence)));

    /// <summary>Notes that a text is no YAML. A tab where spaces are wanted is so frequent a cause that it is named;
    /// the parser may notice it a line too early.</summary>
    public void AddSyntax(string text, Mark at, string reason)
    {
        var line = Math.Max(1, (int)at.Line);
        var near = text.Split('\n').Select((t, i) => (Indent: t[..(t.Length - t.TrimStart().Length)], Line: i + 1))
            .Skip(line - 1).Take(2);
        var tab = near.FirstOrDefault(l => l.Indent.Contains('\t')).Line;
        if (tab > 0) Add(tab, null, "expected YAML, found a tab where YAML wants spaces");
        else Add(line, (int)at.Column, $"expected YAML, found a mistake in its syntax ({reason})");
    }

    // A guess ("did you mean ...?") ends a sentence by itself.
    private static string Ended(string sentence) => sentence.EndsWith('?') ? sentence : $"{sentence}.";
}
