using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

/// <summary>A word-level tokenizer for tests: words and marks become tokens, numbered as they first appear.</summary>
internal sealed partial class WordEncoder
{
    public const int Begin = 1, Unknown = 2;

    private readonly Dictionary<string, int> _ids = [];

    /// <summary>Words that become two tokens.</summary>
    public IReadOnlyCollection<string> Split { get; init; } = [];

    /// <summary>The words known; all others become <see cref="Unknown"/>. Null: every word is known.</summary>
    public IReadOnlyCollection<string>? Known { get; init; }

    public bool AddsBegin { get; init; } = true;

    public int[] Encode(string text)
    {
        var pieces = Words().Matches(text).SelectMany(match =>
            Split.Contains(match.Value) ? [match.Value[..1], "##" + match.Value[1..]] : new[] { match.Value });
        int[] begin = AddsBegin ? [Begin] : [];
        return [.. begin, .. pieces.Select(Id)];
    }

    public int Id(string piece)
    {
        if (Known is not null && !Known.Contains(piece)) return Unknown;
        if (!_ids.TryGetValue(piece, out var id)) _ids[piece] = id = _ids.Count + 10;
        return id;
    }

    [GeneratedRegex(@"\w+|[^\w\s]")]
    private static partial Regex Words();
}

/// <summary>A file that exists for one test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("patchbay-tasks-");

    public TemporaryFile(string content, string name = "prompts.jsonl")
    {
        Path = System.IO.Path.Combine(_folder.FullName, name);
        File.WriteAllText(Path, content);
    }

    public string Path { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}

internal static class Refused
{
    /// <summary>Runs what must be refused with one sentence that holds every one of <paramref name="parts"/>.</summary>
    public static void With(Action action, params string[] parts)
    {
        var message = Assert.Throws<InvalidDataException>(action).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
