using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Journal;

namespace Patchbay.Cli.Sweeps;

/// <summary>The data folder, open: its journal, its artifacts, and the node that serves it, if one is up.</summary>
internal sealed class DataHome : IDisposable
{
    private readonly string folder;
    private ControlClient? node;
    private bool looked;

    private DataHome(string folder, SqliteJournal journal) => (this.folder, Journal) = (folder, journal);

    /// <summary>The journal.</summary>
    public SqliteJournal Journal { get; }

    /// <summary>Full path of the folder.</summary>
    public string Folder => folder;

    /// <summary>Opens the data folder that the command names, making it where there is none.</summary>
    public static DataHome Open(Call call, Option<string> option)
    {
        var folder = Path.GetFullPath(DataFolder.Of(call, option));
        Directory.CreateDirectory(folder);
        return new(folder, SqliteJournal.Open(DataFolder.JournalPath(folder)));
    }

    /// <summary>The node that serves this folder, or null.</summary>
    public ControlClient? Node()
    {
        if (!looked) (node, looked) = (ControlClient.Find(folder), true);
        return node;
    }

    /// <summary>Path of a prompt file by its hash: taken out of the artifacts when it is first needed. May be called on any thread.</summary>
    public string PromptFile(string hash)
    {
        var path = Path.Combine(folder, "prompts", $"{hash}.jsonl");
        if (File.Exists(path)) return path;
        using var reading = SqliteJournal.Open(Journal.Path, readOnly: true);
        OutputFile.Write(path, reading.Artifacts.Get(hash));
        return path;
    }

    /// <summary>Keeps a prompt file as an artifact, so that a change of the original does not reach a sweep under way; its hash.</summary>
    public string KeepPrompts(string path)
    {
        using var content = File.OpenRead(path);
        return Journal.Artifacts.Put(content);
    }

    public void Dispose()
    {
        node?.Dispose();
        Journal.Dispose();
    }
}
