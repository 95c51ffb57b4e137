using Npgsql;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>A journal in a database of PostgreSQL, in the schema that its connection has first.</summary>
internal sealed class PostgresDatabase : JournalDatabase
{
    /// <summary>The version of tables that this Patchbay writes.</summary>
    public const int Newest = 1;

    // Advisory locks: who makes tables, writes beside the actors, or serves the journal. "PBM1", and a number.
    internal const int LockClass = 0x50424D31, Writing = 1, Serving = 2;

    private readonly NpgsqlConnection connection;

    // As Akka.Persistence.Sql makes them, in its default configuration; an artifact's row is written after its chunks.
    private const string Tables =
        """
        CREATE TABLE journal (
            ordering bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            created bigint NOT NULL,
            deleted boolean NOT NULL,
            persistence_id text NOT NULL,
            sequence_number bigint NOT NULL,
            message bytea NOT NULL,
            manifest text NULL,
            identifier integer NULL,
            writer_uuid text NULL,
            CONSTRAINT "PK_journal" PRIMARY KEY (ordering),
            CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number)
        );
        CREATE INDEX journal_created_idx ON journal (created);
        CREATE INDEX journal_sequence_number_idx ON journal (sequence_number);

        CREATE TABLE tags (
            ordering_id bigint NOT NULL,
            tag text NOT NULL,
            sequence_nr bigint NOT NULL,
            persistence_id text NOT NULL,
            CONSTRAINT "PK_tags" PRIMARY KEY (ordering_id, tag)
        );
        CREATE INDEX tags_persistence_id_sequence_nr_idx ON tags (persistence_id, sequence_nr);
        CREATE INDEX tags_tag_idx ON tags (tag);

        CREATE TABLE snapshot (
            persistence_id text NOT NULL,
            sequence_number bigint NOT NULL,
            created bigint NOT NULL,
            snapshot bytea NULL,
            manifest text NULL,
            serializer_id integer NULL,
            CONSTRAINT "PK_snapshot" PRIMARY KEY (persistence_id, sequence_number)
        );
        CREATE INDEX snapshot_sequence_number_idx ON snapshot (sequence_number);
        CREATE INDEX snapshot_created_idx ON snapshot (created);
        ALTER TABLE snapshot ALTER COLUMN snapshot SET STORAGE EXTERNAL; -- it is compressed already

        CREATE TABLE artifact (hash text NOT NULL PRIMARY KEY, length bigint NOT NULL);
        CREATE TABLE artifact_chunk (
            hash text NOT NULL,
            number bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (hash, number)
        );
        ALTER TABLE artifact_chunk ALTER COLUMN data SET STORAGE EXTERNAL;

        CREATE TABLE patchbay_journal (version integer NOT NULL);
        INSERT INTO patchbay_journal VALUES (1);
        """;

    private PostgresDatabase(JournalPlace place, NpgsqlConnection connection) : base(place, connection) =>
        this.connection = connection;

    /// <inheritdoc/>
    public override string Clock => "extract(epoch FROM clock_timestamp())::bigint";

    /// <inheritdoc/>
    protected override string Begin => $"BEGIN; SELECT pg_advisory_xact_lock({LockClass}, {Writing})";

    /// <inheritdoc/>
    protected override bool IsInTransaction => connection.State == System.Data.ConnectionState.Open;

    /// <summary>Connects, and makes the tables where there are none and it may write.</summary>
    public static new PostgresDatabase Open(JournalPlace place, bool readOnly, TimeSpan busy)
    {
        var connection = new NpgsqlConnection(Settings(place, busy).ConnectionString);
        var database = new PostgresDatabase(place, connection);
        try
        {
            connection.Open();
            database.Version = database.Check();
            if (database.Version == 0 && readOnly)
                throw new FileNotFoundException($"there is no journal in {place.Named}");
            if (database.Version == 0) database.Make();
            if (readOnly) database.ExecuteScript("SET default_transaction_read_only = on");
            database.IsOpening = false;
            return database;
        }
        catch (NpgsqlException e)
        {
            database.Dispose();
            throw JournalFaults.Of(e, place, opening: true);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>A connection's settings: not pooled, for its locks and its settings are its own.</summary>
    private static NpgsqlConnectionStringBuilder Settings(JournalPlace place, TimeSpan busy)
    {
        var settings = new NpgsqlConnectionStringBuilder(place.ConnectionString) { Pooling = false };
        settings.Options += $" -c lock_timeout={(long)busy.TotalMilliseconds}";
        return settings;
    }

    /// <inheritdoc/>
    // As an insertion does, which waits for those alone who lock the table.
    public override void CheckWritable() => Transaction(() =>
    {
        ExecuteScript("LOCK TABLE journal IN ROW EXCLUSIVE MODE");
        return false;
    });

    /// <inheritdoc/>
    protected override void Reconnect()
    {
        if (connection.State == System.Data.ConnectionState.Open) return;
        Forget();
        connection.Close();
        connection.Open();
    }

    // One statement: between two, another process may make the tables. And the catalogue's rows: to_regclass may
    // answer from a cache that is older than a lock just taken.
    private int Check()
    {
        const int foreign = 1, ours = 2;
        var tables = Long($"SELECT coalesce(max(CASE tablename WHEN 'journal' THEN {foreign} ELSE {ours} END), 0) "
            + "FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ('journal', 'patchbay_journal')");
        if (tables == 0) return 0;
        if (tables == foreign) throw new JournalException(JournalFault.Unknown, $"{Place} has a table 'journal' that "
            + "is not Patchbay's: name another database, or another schema ('Search Path=...')");
        var version = (int)Long("SELECT version FROM patchbay_journal");
        return version <= Newest ? version : throw new JournalException(JournalFault.Unknown,
            $"journal {Place} has version {version}, this Patchbay knows up to {Newest}: use the Patchbay that wrote "
            + "it, or a newer one");
    }

    private void Make()
    {
        Transaction(() =>
        {
            if (Check() == 0) ExecuteScript(Tables); // asked again inside: another process may have been quicker
        });
        Version = Newest;
    }
}
