using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>What SQLite's errors mean to the operator.</summary>
internal static class SqliteFault
{
    // Below this a disk counts as full: SQLite may have given up before the last byte was gone.
    private const long FullBelow = 64 * 1024;

    // The primary result codes, sqlite.org/rescode.html.
    private const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14,
        NoDatabase = 26;

    /// <summary>The exception that operators see.</summary>
    /// <param name="cause">What SQLite says.</param>
    /// <param name="path">The journal's file.</param>
    /// <param name="opening">Whether the file is only being opened: one that is no database then is somebody else's,
    /// not damaged.</param>
    public static JournalException Of(SqliteException cause, string path, bool opening = false)
    {
        var (fault, sentence) = cause.SqliteErrorCode switch
        {
            Busy or Locked => (JournalFault.Busy,
                $"journal {path} is locked by another process: "
                + $"wait for it, or see with 'fuser {path}' which one it is"),
            Full => IsFull(path),
            InputOutput when FreeBytes(path) < FullBelow => IsFull(path),
            InputOutput => (JournalFault.Other,
                $"the disk failed under journal {path} (SQLite error {cause.SqliteExtendedErrorCode}): "
                + "look at the disk, and copy the journal to another one"),
            ReadOnly => MayNotWrite(path),
            CannotOpen when !IsUnreadable(path) && !FolderIsWritable(path) => MayNotWrite(path),
            CannotOpen => (JournalFault.Other,
                $"journal {path} cannot be opened: see that its folder exists, and that you may read it and the file"),
            NoDatabase when opening => (JournalFault.Unknown,
                $"{path} is no journal and no database at all: name another file or folder"),
            Corrupt or NoDatabase => (JournalFault.Corrupt,
                $"journal {path} is damaged: restore it from a copy or an export"),
            _ => (JournalFault.Other, $"journal {path} does not work: {cause.Message}"),
        };
        return new(fault, sentence, cause);
    }

    /// <summary>The journal, its file or its folder, may only be read.</summary>
    public static (JournalFault Fault, string Sentence) MayNotWrite(string path) => (JournalFault.ReadOnly,
        $"journal {path} may only be read: allow writing to it and to its folder, or use another one with --data");

    private static (JournalFault, string) IsFull(string path) => (JournalFault.Full,
        $"the disk of journal {path} is full: free some space on it and try again, nothing that was recorded is lost");

    private static long FreeBytes(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return long.MaxValue;
        }
    }

    private static bool IsUnreadable(string path)
    {
        try
        {
            if (File.Exists(path)) File.OpenRead(path).Dispose();
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static bool FolderIsWritable(string path)
    {
        try
        {
            var probe = Path.Combine(Path.GetDirectoryName(path)!, $".patchbay-{Guid.NewGuid():N}");
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
