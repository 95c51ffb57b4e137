using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>What SQLite's errors mean to an operator.</summary>
internal static class SqliteFaults
{
    private const int InputOutputWrite = 10 | (3 << 8);

    /// <summary>A sentence for an error.</summary>
    public static JournalException Of(SqliteException error, string file) => error.SqliteErrorCode switch
    {
        5 or 6 => new(JournalFault.Busy, $"{file} is held by another process: end that process, or wait for it", error),
        8 => new(JournalFault.ReadOnly, $"{file} may not be written to: make file and folder writable, or give another data folder with --data", error),
        13 => new(JournalFault.Full, $"the disk of {file} is full; nothing recorded is lost: make room and go on", error),
        10 when error.SqliteExtendedErrorCode == InputOutputWrite =>
            new(JournalFault.Full, $"{file} could not be written, the disk is full or broken; nothing recorded is lost: make room and go on", error),
        11 => new(JournalFault.Corrupt, $"{file} is damaged ({error.Message}): 'pbm journal verify' lists what can be read, a backup restores the rest", error),
        14 => new(JournalFault.ReadOnly, $"{file} cannot be opened: its folder is not there, or may not be written to; give another data folder with --data", error),
        26 => new(JournalFault.Unknown, $"{file} is no journal of Patchbay, nor any database: give another data folder with --data", error),
        _ => new(JournalFault.Other, $"{file}: {error.Message}", error),
    };
}
