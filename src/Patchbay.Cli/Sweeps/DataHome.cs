using Patchbay.Cli.Arguments;
using Patchbay.Journal;
using Patchbay.Models.Weights;

namespace Patchbay.Cli.Sweeps;

/// <summary>The data folder, open: its journal and its artifacts.</summary>
internal sealed class DataHome : IArtifacts, IDisposable
{
    private readonly string folder;

    private DataHome(string folder, SqlJournal journal) => (this.folder, Journal) = (folder, journal);

    /// <summary>The journal.</summary>
    public SqlJournal Journal { get; }

    /// <summary>Whether it is gone with its owner.</summary>
    public bool IsTemporary { get; private set; }

    /// <summary>Full path of the folder.</summary>
    public string Folder => folder;

    /// <summary>The node that the command line names, by its API; null where it names none.</summary>
    public ControlClient? Named { get; private set; }

    /// <summary>Opens the data folder that the command names, making it where there is none.</summary>
    /// <exception cref="IOException">A node is named as well, and does not answer.</exception>
    /// <exception cref="InvalidDataException">That node has another journal.</exception>
    public static DataHome Open(Call call, DataFolder data)
    {
        var (named, place) = (ControlClient.Named(call, data), data.Journal(call));
        try
        {
            // Looked at before a journal is made that is not the node's.
            if (named is not null && place.File is { } file && !File.Exists(file)) throw Another(named, place);
            var home = Open(data.Chosen(call), place, data.NameOf(call));
            home.Named = named;
            if (named is null || named.Info.Journal == ClusterLease.NameOf(place)) return home;
            home.Dispose();
            throw Another(named, place);
        }
        catch
        {
            named?.Dispose();
            throw;
        }
    }

    private static InvalidDataException Another(ControlClient node, JournalPlace place) => new(
        $"the node keeps its sweeps in another journal than {place}: name its database with --journal, or, where that "
        + $"is a file, its data folder with --data ({node.Info.Data})");

    /// <summary>Opens a data folder, making it where there is none, and its journal, wherever that is.</summary>
    public static DataHome Open(string folder) => Open(folder, DataFolder.JournalOf(folder));

    private static DataHome Open(string folder, JournalPlace journal, string name = "--data")
    {
        var full = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{name}: expected a folder that can be made, found {full}", e);
        }
        return new(full, SqlJournal.Open(journal));
    }

    /// <summary>A data folder in memory, where the machine has one there, that is gone with its owner: for runs of
    /// which nothing is to be kept.</summary>
    public static DataHome Temporary()
    {
        var memory = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        var folder = Path.Combine(memory, $"patchbay-{Environment.ProcessId}-{Guid.NewGuid():N}");
        var home = Open(folder, JournalPlace.Of(DataFolder.JournalFile(folder)));
        home.IsTemporary = true;
        return home;
    }

    /// <summary>Path of a file with an artifact: taken out of the journal when it is first needed.</summary>
    public string PathOf(string hash)
    {
        var path = Path.Combine(folder, "artifacts", hash);
        if (File.Exists(path)) return path;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var reading = SqlJournal.Open(Journal.Place, readOnly: true);
        AtomicFile.Write(path, stream => reading.Artifacts.CopyTo(hash, stream));
        return path;
    }

    /// <inheritdoc/>
    public string Keep(Action<string> write)
    {
        Directory.CreateDirectory(Path.Combine(folder, "artifacts"));
        var path = Path.Combine(folder, "artifacts", $"new-{Guid.NewGuid():N}");
        try
        {
            write(path);
            // another connection: units run on threads of their own
            using var writing = SqlJournal.Open(Journal.Place);
            using (var content = File.OpenRead(path))
            {
                var hash = writing.Artifacts.Put(content);
                File.Move(path, Path.Combine(folder, "artifacts", hash), overwrite: true);
                return hash;
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Keeps a prompt file as an artifact, so that a change of the original does not reach a sweep under way;
    /// its hash.</summary>
    public string KeepPrompts(string path)
    {
        using var content = File.OpenRead(path);
        return Journal.Artifacts.Put(content);
    }

    public void Dispose()
    {
        Named?.Dispose();
        Journal.Dispose();
        if (IsTemporary) Directory.Delete(folder, recursive: true);
    }
}
