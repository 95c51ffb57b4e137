using System.Text.Json;

namespace Patchbay.Cluster;

/// <summary>The lock of a data folder: one process serves it, and says where its API listens. The system frees it when
/// the process ends, however it ends, so that a stale lock holds nobody up.</summary>
public sealed class DataLock : IDisposable
{
    private readonly FileStream held;
    private readonly string address;

    private DataLock(FileStream held, string address) => (this.held, this.address) = (held, address);

    /// <summary>Takes the lock; null where another process has it.</summary>
    public static DataLock? TryTake(string folder) =>
        Open(folder, FileMode.OpenOrCreate, FileAccess.ReadWrite) is { } held ? new(held, AddressFile(folder)) : null;

    /// <summary>Whether a process serves the folder.</summary>
    public static bool IsHeld(string folder)
    {
        if (!File.Exists(LockFile(folder))) return false;
        using var free = Open(folder, FileMode.Open, FileAccess.Read);
        return free is null;
    }

    /// <summary>Says where the API of this process listens.</summary>
    public void Announce(string api)
    {
        var temporary = $"{address}.{Environment.ProcessId}.part";
        File.WriteAllText(temporary, JsonSerializer.Serialize(api));
        File.Move(temporary, address, overwrite: true);
    }

    /// <summary>Where the API of the process that serves the folder listens; null where none does, or it has not said
    /// so yet.</summary>
    public static string? Address(string folder)
    {
        try
        {
            return IsHeld(folder) ? JsonSerializer.Deserialize<string>(File.ReadAllText(AddressFile(folder))) : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File.Delete(address);
        held.Dispose();
    }

    private static string LockFile(string folder) => Path.Combine(folder, "node.lock");

    private static string AddressFile(string folder) => Path.Combine(folder, "node.json");

    private static FileStream? Open(string folder, FileMode mode, FileAccess access)
    {
        try
        {
            return new(LockFile(folder), mode, access, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException)
            && File.Exists(LockFile(folder)))
        {
            return null; // it is locked: a read-only file system has no lock to take
        }
    }
}
