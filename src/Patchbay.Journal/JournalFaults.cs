using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>What a database's errors mean to the operator.</summary>
internal static class JournalFaults
{
    private const int ConstraintViolated = 19; // SQLite

    /// <summary>The exception that operators see.</summary>
    /// <param name="cause">What the database says.</param>
    /// <param name="place">The journal.</param>
    /// <param name="opening">Whether it is only being opened: a file that is no database then is somebody else's, not
    /// damaged.</param>
    public static JournalException Of(DbException cause, JournalPlace place, bool opening = false)
    {
        if (cause is SqliteException sqlite) return SqliteFault.Of(sqlite, place.File!, opening);
        var (fault, sentence) = cause is PostgresException told ? Of(told, place) : Unreachable(place);
        return new(fault, sentence, cause);
    }

    /// <summary>Whether an event was refused because its number is taken.</summary>
    public static bool IsTaken(Exception? cause) => cause is SqliteException { SqliteErrorCode: ConstraintViolated }
        or PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    private static (JournalFault, string) Unreachable(JournalPlace place) => (JournalFault.Unreachable,
        $"journal {place.Named} cannot be reached: see that PostgreSQL runs there, and that this machine may connect "
        + "to it");

    private static (JournalFault, string) Of(PostgresException cause, JournalPlace place) => cause.SqlState switch
    {
        "28P01" or "28000" => (JournalFault.Other, $"journal {place.Named} refuses the user or its password: put the "
            + $"password in PGPASSWORD, or in a file that {JournalPlace.PasswordFileVariable} or PGPASSFILE names"),
        "3D000" => (JournalFault.Other, $"journal {place.Named}: the server has no such database; make it with "
            + "'createdb'"),
        "42501" or "25006" => (JournalFault.ReadOnly,
            $"journal {place.Named} may only be read: allow its user to make tables and to write, or name another"),
        "53100" => (JournalFault.Full, $"the disk of journal {place.Named} is full: free some space on it and try "
            + "again, nothing that was recorded is lost"),
        "53300" => (JournalFault.Busy, $"journal {place.Named} has too many connections: end some, or allow more"),
        "55P03" or "57014" or "40001" or "40P01" => (JournalFault.Busy,
            $"journal {place.Named} is locked by another process: wait for it, or see in pg_locks which one it is"),
        "XX001" or "XX002" => (JournalFault.Corrupt,
            $"journal {place.Named} is damaged ({cause.MessageText}): restore it from a copy or an export"),
        ['5', '7', 'P', ..] or ['0', '8', ..] => Unreachable(place),
        _ => (JournalFault.Other, $"journal {place.Named} does not work: {cause.MessageText}"),
    };
}
