using System.CommandLine;
using Patchbay.Cli.Arguments;
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
    public static DataHome Open(Call call, Option<string?> option)
    {
        var folder = DataFolder.Of(call, option);
        Directory.CreateDirectory(folder);
        return new(folder, SqliteJournal.Open(DataFolder.JournalPath(folder)));
    }

    /// <summary>The node that serves this folder, or null.</summary>
    public ControlClient? Node()
    {
        if (!looked) (node, looked) = (ControlClient.Find(folder), true);
        return node;
    }

    /// <summary>Path of a prompt file by its hash: taken out of the artifacts when it is first needed.</summary>
    public string PromptFile(string hash)
    {
        var path = Path.Combine(folder, "prompts", $"{hash}.jsonl");
        if (!File.Exists(path)) throw new InvalidDataException($"the prompts of this sweep are not at {path}");
        return path;
    }

    /// <summary>Keeps a prompt file under its hash, so that a change of the original does not reach a sweep under way.</summary>
    public string KeepPrompts(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        var kept = Path.Combine(folder, "prompts", $"{hash}.jsonl");
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        if (!File.Exists(kept))
        {
            var unfinished = $"{kept}.{Environment.ProcessId}.part";
            File.WriteAllBytes(unfinished, bytes);
            File.Move(unfinished, kept, overwrite: true);
        }
        return hash;
    }

    public void Dispose()
    {
        node?.Dispose();
        Journal.Dispose();
    }
}
