using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>
/// A journal in one SQLite file, shared by any number of processes of this machine. Every append is one transaction, on the disk when it
/// returns (write-ahead log, synchronous FULL). For one thread at a time.
/// </summary>
public sealed class SqliteJournal : ISweepJournal, IDisposable
{
    /// <summary>Our serializer's number in Akka's column "identifier".</summary>
    public const int SerializerId = 9110;

    private const string Prefix = "sweep-", Tag = "sweep";
    private const int SnapshotsKept = 2;

    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> commands = [];
    private readonly string writer = Guid.NewGuid().ToString("N");

    private SqliteJournal(SqliteConnection connection, string path) => (this.connection, Path) = (connection, path);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Prefix of the persistence ids of sweeps.</summary>
    internal const string SweepPrefix = Prefix;

    /// <summary>Opens a journal, making it where there is none and bringing an older one up to date.</summary>
    /// <param name="path">The file.</param>
    /// <param name="readOnly">Only to read: nothing is made, and nothing changed.</param>
    /// <param name="patience">How long a call waits for another process; 5 s where it is null.</param>
    /// <exception cref="FileNotFoundException">There is no such file, and it is only to be read.</exception>
    /// <exception cref="JournalException">It cannot be used; the message says why.</exception>
    public static SqliteJournal Open(string path, bool readOnly = false, TimeSpan? patience = null)
    {
        if (readOnly && !File.Exists(path)) throw new FileNotFoundException($"there is no journal at {path}", path);
        try
        {
            return Connect(path, path, readOnly, patience);
        }
        catch (JournalException e) when (readOnly && e.Fault == JournalFault.ReadOnly && !File.Exists($"{path}-wal"))
        {
            // Where nothing may be written, not even readers' marks, nobody else can write either.
            return Connect(path, $"{new Uri(System.IO.Path.GetFullPath(path)).AbsoluteUri}?immutable=1", readOnly, patience);
        }
    }

    private static SqliteJournal Connect(string path, string source, bool readOnly, TimeSpan? patience)
    {
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = 1, // seconds; waiting is SQLite's own affair (busy_timeout), the library waits in coarse steps
        };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            JournalSchema.Execute(connection, $"PRAGMA busy_timeout = {(int)(patience ?? TimeSpan.FromSeconds(5)).TotalMilliseconds};");
            JournalSchema.Number(connection, "SELECT count(*) FROM sqlite_master"); // is it a database at all?
            if (!readOnly) JournalSchema.Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            JournalSchema.Prepare(connection, path, readOnly);
            return new(connection, path);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw SqliteFaults.Of(e, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Sweeps() => Try(() =>
    {
        using var reader = Command("SELECT persistence_id FROM journal WHERE sequence_number = 1 ORDER BY ordering").ExecuteReader();
        var ids = new List<string>();
        while (reader.Read()) ids.Add(reader.GetString(0)[Prefix.Length..]);
        return ids;
    });

    /// <inheritdoc/>
    public RecoveredSweep Recover(string sweep)
    {
        var start = Snapshot(sweep) ?? new RecoveredSweep(SweepState.None, 0);
        var (state, sequence) = start;
        foreach (var recorded in Read(sweep, start.Sequence)) (state, sequence) = (SweepDecider.Evolve(state, recorded.Event), recorded.Sequence);
        return new(state, sequence);
    }

    /// <inheritdoc/>
    public IReadOnlyList<RecordedEvent> Read(string sweep, long after) => Try(() =>
    {
        var id = Prefix + sweep;
        using var reader = Command("SELECT sequence_number, created, manifest, message FROM journal WHERE persistence_id = @id AND sequence_number > @after ORDER BY sequence_number",
            ("@id", id), ("@after", after)).ExecuteReader();
        var events = new List<RecordedEvent>();
        while (reader.Read())
        {
            var sequence = reader.GetInt64(0);
            if (sequence != ++after) throw new JournalException(JournalFault.Corrupt, $"{Path}: event {after} of {id} is missing");
            events.Add(new(sequence, new(reader.GetInt64(1), TimeSpan.Zero), EventFormat.Read(Path, id, sequence, reader.GetString(2), reader.GetFieldValue<byte[]>(3))));
        }
        return events;
    });

    /// <inheritdoc/>
    public bool TryAppend(string sweep, long after, IReadOnlyList<SweepEvent> events, DateTimeOffset at, LeaseChanges? leases = null) => Write(() =>
    {
        var id = Prefix + sweep;
        if (Last(id) != after) return false;
        foreach (var happened in events) Insert(id, ++after, happened, at);
        foreach (var unit in leases?.Claimed ?? [])
            Command("INSERT OR REPLACE INTO lease (sweep, unit, node, until) VALUES (@sweep, @unit, @node, @until)",
                ("@sweep", sweep), ("@unit", unit), ("@node", leases!.Node), ("@until", leases.Until.UtcTicks)).ExecuteNonQuery();
        foreach (var unit in leases?.Released ?? [])
            Command("DELETE FROM lease WHERE sweep = @sweep AND unit = @unit", ("@sweep", sweep), ("@unit", unit)).ExecuteNonQuery();
        return true;
    });

    /// <summary>Records events with the times that they already have.</summary>
    internal bool TryAppend(string sweep, long after, IReadOnlyList<RecordedEvent> events) => Write(() =>
    {
        if (Last(Prefix + sweep) != after) return false;
        foreach (var recorded in events) Insert(Prefix + sweep, ++after, recorded.Event, recorded.At);
        return true;
    });

    /// <inheritdoc/>
    public void SaveSnapshot(string sweep, RecoveredSweep state, DateTimeOffset at)
    {
        var bytes = SnapshotFormat.Write(state.State);
        Write(() =>
        {
            Command("INSERT OR REPLACE INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id) VALUES (@id, @number, @at, @bytes, @manifest, @serializer)",
                ("@id", Prefix + sweep), ("@number", state.Sequence), ("@at", at.UtcTicks), ("@bytes", bytes), ("@manifest", SnapshotFormat.Manifest), ("@serializer", SerializerId)).ExecuteNonQuery();
            Command("DELETE FROM snapshot WHERE persistence_id = @id AND sequence_number NOT IN (SELECT sequence_number FROM snapshot WHERE persistence_id = @id ORDER BY sequence_number DESC LIMIT @kept)",
                ("@id", Prefix + sweep), ("@kept", SnapshotsKept)).ExecuteNonQuery();
            return true;
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<Lease> Leases(string sweep) => Try(() =>
    {
        using var reader = Command("SELECT unit, node, until FROM lease WHERE sweep = @sweep", ("@sweep", sweep)).ExecuteReader();
        var leases = new List<Lease>();
        while (reader.Read()) leases.Add(new(reader.GetString(0), reader.GetString(1), new(reader.GetInt64(2), TimeSpan.Zero)));
        return leases;
    });

    /// <inheritdoc/>
    public void Renew(string node, DateTimeOffset until) =>
        Try(() => Command("UPDATE lease SET until = @until WHERE node = @node", ("@until", until.UtcTicks), ("@node", node)).ExecuteNonQuery());

    /// <inheritdoc/>
    public void Release(IReadOnlyList<string> nodes) => Try(() => nodes.Sum(node => Command("DELETE FROM lease WHERE node = @node", ("@node", node)).ExecuteNonQuery()));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in commands.Values) command.Dispose();
        connection.Dispose();
    }

    /// <summary>The newest snapshot that is whole and of a known form, or null.</summary>
    internal RecoveredSweep? Snapshot(string sweep) => Try(() =>
    {
        using var reader = Command("SELECT sequence_number, snapshot FROM snapshot WHERE persistence_id = @id AND manifest = @manifest ORDER BY sequence_number DESC",
            ("@id", Prefix + sweep), ("@manifest", SnapshotFormat.Manifest)).ExecuteReader();
        while (reader.Read())
            if (SnapshotFormat.Read(reader.GetFieldValue<byte[]>(1)) is { } state) return new RecoveredSweep(state, reader.GetInt64(0));
        return null;
    });

    private long Last(string id) => (long)Command("SELECT coalesce(max(sequence_number), 0) FROM journal WHERE persistence_id = @id", ("@id", id)).ExecuteScalar()!;

    private void Insert(string id, long sequence, SweepEvent happened, DateTimeOffset at)
    {
        Command("INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid) VALUES (@at, 0, @id, @number, @message, @manifest, @serializer, @writer)",
            ("@at", at.UtcTicks), ("@id", id), ("@number", sequence), ("@message", EventFormat.Write(id, sequence, happened)), ("@manifest", EventFormat.Manifest(happened)),
            ("@serializer", SerializerId), ("@writer", writer)).ExecuteNonQuery();
        // One tag a sweep, on its first event: all that a query by tag needs to find the sweeps.
        if (sequence == 1)
            Command("INSERT INTO tags (ordering_id, tag, persistence_id, sequence_nr) VALUES (last_insert_rowid(), @tag, @id, 1)", ("@tag", Tag), ("@id", id)).ExecuteNonQuery();
    }

    /// <summary>A prepared command, kept for the next time.</summary>
    internal SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        if (!commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in values) command.Parameters.Add(new SqliteParameter { ParameterName = name });
            commands[sql] = command;
        }
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i].Value;
        return command;
    }

    /// <summary>One transaction, which takes the right to write at once: nothing of it is there where it throws or gives false.</summary>
    internal bool Write(Func<bool> action) => Try(() =>
    {
        Command("BEGIN IMMEDIATE").ExecuteNonQuery();
        var done = false;
        try
        {
            done = action();
            if (done) Command("COMMIT").ExecuteNonQuery();
            return done;
        }
        catch
        {
            done = false;
            throw;
        }
        finally
        {
            // SQLite has rolled back by itself where the disk is full.
            if (!done && SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0) Command("ROLLBACK").ExecuteNonQuery();
        }
    });

    internal T Try<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException e)
        {
            throw SqliteFaults.Of(e, Path);
        }
    }
}
