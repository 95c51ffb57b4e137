using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>
/// The tables, and how an older file becomes a present one. journal, tags and snapshot are those that Akka.Persistence.Sql's default
/// configuration makes in SQLite, so that an Akka.NET cluster can go on with the same file; lease and artifact are ours.
/// </summary>
internal static class JournalSchema
{
    /// <summary>Says in the file's header that it is a journal of Patchbay: "PBAY".</summary>
    private const int ApplicationId = 0x50424159;

    private static readonly string[] Steps =
    [
        """
        CREATE TABLE journal (
            ordering INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
            created BIGINT NOT NULL,
            deleted BIT NOT NULL,
            persistence_id NVARCHAR(255) NOT NULL,
            sequence_number BIGINT NOT NULL,
            message VARBINARY NOT NULL,
            manifest NVARCHAR(500) NULL,
            identifier INT NULL,
            writer_uuid NVARCHAR(128) NULL,
            CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number));
        CREATE TABLE tags (
            ordering_id INTEGER NOT NULL,
            tag NVARCHAR(64) NOT NULL,
            persistence_id NVARCHAR(255) NOT NULL,
            sequence_nr INTEGER NOT NULL,
            PRIMARY KEY (ordering_id, tag));
        CREATE TABLE snapshot (
            persistence_id NVARCHAR(255) NOT NULL,
            sequence_number BIGINT NOT NULL,
            created BIGINT NOT NULL,
            snapshot VARBINARY NULL,
            manifest NVARCHAR(500) NULL,
            serializer_id INT NULL,
            PRIMARY KEY (persistence_id, sequence_number));
        """,
        """
        CREATE TABLE lease (
            sweep TEXT NOT NULL,
            unit TEXT NOT NULL,
            node TEXT NOT NULL,
            until BIGINT NOT NULL,
            PRIMARY KEY (sweep, unit)) WITHOUT ROWID;
        CREATE INDEX lease_node ON lease (node);
        CREATE TABLE artifact (
            hash TEXT NOT NULL,
            part INTEGER NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (hash, part));
        """,
    ];

    /// <summary>The version that this program writes.</summary>
    public static int Version => Steps.Length;

    /// <summary>Makes the tables of a new file, or brings an older one up to date, in one transaction.</summary>
    /// <param name="connection">Open.</param>
    /// <param name="file">For messages.</param>
    /// <param name="readOnly">An older file then stays as it is.</param>
    /// <param name="upTo">Version to stop at; for tests of older files.</param>
    /// <exception cref="JournalException">It is of a later version, or no journal.</exception>
    public static void Prepare(SqliteConnection connection, string file, bool readOnly, int? upTo = null)
    {
        var target = upTo ?? Version;
        var found = Checked(connection, file);
        if (found >= target || readOnly) return;
        using var transaction = connection.BeginTransaction(deferred: false);
        found = Checked(connection, file); // another process may have been first
        foreach (var step in Steps[found..Math.Max(found, target)]) Execute(connection, step);
        if (found < target) Execute(connection, $"PRAGMA user_version = {target}; PRAGMA application_id = {ApplicationId};");
        transaction.Commit();
    }

    private static int Checked(SqliteConnection connection, string file)
    {
        var (application, version) = (Number(connection, "PRAGMA application_id"), Number(connection, "PRAGMA user_version"));
        var tables = Number(connection, "SELECT count(*) FROM sqlite_master");
        if (tables > 0 && application != ApplicationId) throw new JournalException(JournalFault.Unknown,
            $"{file} is a database, but no journal of Patchbay: give another data folder with --data");
        if (version > Version) throw new JournalException(JournalFault.Unknown,
            $"{file} is a journal of version {version}, and this Patchbay knows versions up to {Version}: use the later Patchbay that wrote it");
        return (int)version;
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    internal static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
