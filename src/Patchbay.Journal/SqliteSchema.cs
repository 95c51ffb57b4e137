using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>The tables of a journal, as steps from one version to the next; `PRAGMA user_version` says which have been
/// taken. Step 1 makes what Akka.Persistence.Sql makes in its default configuration on SQLite, so that the Akka.NET
/// host opens the same file.</summary>
internal static class SqliteSchema
{
    /// <summary>"PBM1", in the header of every journal: what the file is, whatever its name.</summary>
    public const int ApplicationId = 0x50424D31;

    private static readonly string[] Steps = [AkkaTables, OwnTables];

    /// <summary>The version that this Patchbay writes.</summary>
    public static int Newest => Steps.Length;

    private const string AkkaTables =
        """
        CREATE TABLE IF NOT EXISTS journal (
            ordering INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            created INTEGER NOT NULL,
            deleted Bit NOT NULL,
            persistence_id NVarChar(255) NOT NULL,
            sequence_number INTEGER NOT NULL,
            message VarBinary NOT NULL,
            manifest NVarChar(500) NULL,
            identifier INTEGER NULL,
            writer_uuid NVarChar(128) NULL
        );
        CREATE UNIQUE INDEX IF NOT EXISTS journal_uq ON journal (persistence_id, sequence_number);
        CREATE INDEX IF NOT EXISTS journal_created_idx ON journal (created);
        CREATE INDEX IF NOT EXISTS journal_sequence_number_idx ON journal (sequence_number);

        CREATE TABLE IF NOT EXISTS tags (
            ordering_id INTEGER NOT NULL,
            tag NVarChar(64) NOT NULL,
            sequence_nr INTEGER NOT NULL,
            persistence_id NVarChar(255) NOT NULL,
            CONSTRAINT PK_tags PRIMARY KEY (ordering_id, tag)
        );
        CREATE INDEX IF NOT EXISTS tags_persistence_id_sequence_nr_idx ON tags (persistence_id, sequence_nr);
        CREATE INDEX IF NOT EXISTS tags_tag_idx ON tags (tag);

        CREATE TABLE IF NOT EXISTS snapshot (
            persistence_id NVarChar(255) NOT NULL,
            sequence_number INTEGER NOT NULL,
            created INTEGER NOT NULL,
            snapshot VarBinary NULL,
            manifest NVarChar(500) NULL,
            serializer_id INTEGER NULL,
            CONSTRAINT PK_snapshot PRIMARY KEY (persistence_id, sequence_number)
        );
        CREATE INDEX IF NOT EXISTS snapshot_sequence_number_idx ON snapshot (sequence_number);
        CREATE INDEX IF NOT EXISTS snapshot_created_idx ON snapshot (created);
        """;

    // An artifact's row is written after its chunks: what has no row is not there, however much of it lies about.
    private const string OwnTables =
        """
        CREATE TABLE lease (
            sweep TEXT NOT NULL,
            unit TEXT NOT NULL,
            node TEXT NOT NULL,
            until INTEGER NOT NULL,
            PRIMARY KEY (sweep, unit)
        ) WITHOUT ROWID;
        CREATE INDEX lease_node_idx ON lease (node);

        CREATE TABLE artifact (
            hash TEXT NOT NULL PRIMARY KEY,
            length INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE artifact_chunk (
            hash TEXT NOT NULL,
            number INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (hash, number)
        );
        """;

    /// <summary>The version of an open database: 0 where it is empty or only Akka.Persistence.Sql has used it. Inside a
    /// transaction, for another process may be making the tables.</summary>
    /// <exception cref="JournalException">It is no journal, or newer than this Patchbay.</exception>
    public static int Check(SqliteDatabase database)
    {
        var application = database.Long("PRAGMA application_id");
        var version = database.Long("PRAGMA user_version");
        if (application == 0 && version == 0)
        {
            const string Tables =
                @"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'";
            const string AkkaColumns =
                """
                SELECT count(*) FROM pragma_table_info('journal')
                WHERE name IN ('ordering', 'persistence_id', 'sequence_number', 'identifier', 'writer_uuid')
                """;
            if (database.Long(Tables) == 0 || database.Long(AkkaColumns) == 5) return 0;
        }
        else if (application == ApplicationId)
        {
            if (version <= Newest) return (int)version;
            throw new JournalException(JournalFault.Unknown,
                $"journal {database.Place} has version {version}, this Patchbay knows up to {Newest}: "
                + "use the Patchbay that wrote it, or a newer one");
        }
        throw new JournalException(JournalFault.Unknown,
            $"{database.Place} is a database, but no journal of Patchbay: name another file or folder");
    }

    /// <summary>Brings an open database to a version, in one transaction.</summary>
    public static void Migrate(SqliteDatabase database, int to) => database.Transaction(() =>
    {
        // Asked again inside: another process may have been quicker.
        var from = Check(database);
        for (var version = from; version < to; version++) database.ExecuteScript(Steps[version]);
        if (from < to) database.ExecuteScript($"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {to};");
    });
}
