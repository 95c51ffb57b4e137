using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;
using SQLitePCL;

namespace Patchbay.Journal;

/// <summary>One connection to a journal's file: prepared commands, transactions, and errors as sentences.</summary>
internal sealed class JournalDatabase : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> commands = new(StringComparer.Ordinal);
    private readonly string? copy;
    private bool opening = true; // until its tables are known to be a journal's

    private JournalDatabase(string path, SqliteConnection connection, string? copy)
    {
        Path = path;
        this.connection = connection;
        this.copy = copy;
    }

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>Version of its tables, set when it is opened.</summary>
    public int Version { get; private set; }

    /// <summary>Opens a journal; one for writing is made where there is none, and brought to the newest
    /// version.</summary>
    public static JournalDatabase Open(string path, bool readOnly, TimeSpan busy)
    {
        path = System.IO.Path.GetFullPath(path);
        if (Directory.Exists(path))
            throw new JournalException(
                JournalFault.Unknown, $"{path} is a folder, not a journal: name the file in it");
        if (readOnly && !File.Exists(path)) throw new FileNotFoundException($"there is no journal {path}", path);
        if (!readOnly) MakeFolder(path);
        JournalDatabase? database = null;
        try
        {
            database = readOnly ? OpenToRead(path, busy)
                : new(path, Connect(path, SqliteOpenMode.ReadWriteCreate, busy), null);
            if (readOnly) database.BeginReading();
            else database.BeginWriting();
            database.opening = false;
            return database;
        }
        catch (SqliteException e)
        {
            database?.Dispose();
            throw SqliteFault.Of(e, path, opening: true);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    /// <summary>A prepared command, made once for each text, whose parameters are $0, $1 and so on.</summary>
    public SqliteCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        if (!commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++) command.Parameters.AddWithValue($"${i}", values[i]);
            command.Prepare();
            commands[sql] = command;
        }
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
        return command;
    }

    /// <summary>Runs a command that gives no rows.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<object> values) => Command(sql, values).ExecuteNonQuery();

    /// <summary>Runs several commands that are needed once.</summary>
    public void ExecuteScript(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The one value that a query gives, or null.</summary>
    public object? Scalar(string sql, params object[] values) => Guard(() => Command(sql, values).ExecuteScalar());

    /// <summary>The one number that a query gives; 0 where it gives none.</summary>
    public long Long(string sql, params object[] values) => Scalar(sql, values) is long number ? number : 0;

    /// <summary>What <paramref name="read"/> makes of each row that a query gives.</summary>
    public List<T> Rows<T>(string sql, Func<SqliteDataReader, T> read, params object[] values) => Guard(() =>
    {
        using var reader = Command(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    });

    /// <summary>Does something, and turns SQLite's errors into sentences.</summary>
    public T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw SqliteFault.Of(e, Path, opening);
        }
    }

    /// <summary>Does something all or not at all, alone among writers; false undoes it.</summary>
    public bool Transaction(Func<bool> work) => Guard(() =>
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            var keep = work();
            Execute(keep ? "COMMIT" : "ROLLBACK");
            return keep;
        }
        catch
        {
            Undo();
            throw;
        }
    });

    /// <summary>Does something all or not at all, alone among writers.</summary>
    public void Transaction(Action work) => Transaction(() =>
    {
        work();
        return true;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in commands.Values) command.Dispose();
        connection.Dispose();
        if (copy is not null) Directory.Delete(copy, recursive: true);
    }

    private void BeginReading()
    {
        ExecuteScript("PRAGMA query_only = ON"); // a copy could be written to, to no avail
        Version = CheckVersion();
        if (Version < JournalSchema.Newest) throw new JournalException(JournalFault.ReadOnly,
            $"journal {Path} has version {Version} and must be brought to {JournalSchema.Newest}: "
            + "open it once where it may be written to");
    }

    private void BeginWriting()
    {
        if (raw.sqlite3_db_readonly(connection.Handle, "main") == 1)
        {
            var (fault, sentence) = SqliteFault.MayNotWrite(Path);
            throw new JournalException(fault, sentence);
        }
        // Before anything is changed: a file that belongs to somebody else stays as it is.
        Version = CheckVersion();
        ExecuteScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        if (Version < JournalSchema.Newest) JournalSchema.Migrate(this, JournalSchema.Newest);
        Version = JournalSchema.Newest;
    }

    private int CheckVersion()
    {
        ExecuteScript("BEGIN");
        try
        {
            return JournalSchema.Check(this);
        }
        finally
        {
            Undo();
        }
    }

    /// <summary>Takes back a transaction, unless SQLite has done so itself, as it does when a disk is full.</summary>
    private void Undo()
    {
        try
        {
            if (raw.sqlite3_get_autocommit(connection.Handle) == 0) ExecuteScript("ROLLBACK");
        }
        catch (SqliteException)
        {
            // The first error is the one to tell; the transaction ends with the connection at the latest.
        }
    }

    private static SqliteConnection Connect(string source, SqliteOpenMode mode, TimeSpan busy)
    {
        // Microsoft.Data.Sqlite tries again by itself, every 150 ms for a number of seconds; SQLite's own waiting is
        // finer, so it does most.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 1,
        }.ToString());
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle, (int)busy.TotalMilliseconds);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that is not changed. SQLite's write-ahead log wants two files beside the journal even to
    /// read, which a folder that may not be written to does not allow: there the file is opened as one that nobody
    /// changes, or with what is still in its log as a copy.</summary>
    private static JournalDatabase OpenToRead(string path, TimeSpan busy)
    {
        const int CannotOpen = 14, ReadOnly = 8;
        SqliteConnection? connection = null;
        try
        {
            connection = Connect(path, SqliteOpenMode.ReadOnly, busy);
            using var probe = connection.CreateCommand();
            probe.CommandText = "SELECT count(*) FROM sqlite_master";
            probe.ExecuteScalar();
            return new(path, connection, null);
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            if (e.SqliteErrorCode is not (CannotOpen or ReadOnly)) throw;
        }
        if (new FileInfo(path + "-wal") is not { Exists: true, Length: > 0 })
        {
            var escaped = path.Replace("%", "%25").Replace("?", "%3f").Replace("#", "%23");
            return new(path, Connect($"file:{escaped}?immutable=1", SqliteOpenMode.ReadOnly, busy), null);
        }
        var folder = Directory.CreateTempSubdirectory("patchbay-journal-").FullName;
        try
        {
            var copied = System.IO.Path.Combine(folder, "journal.db");
            File.Copy(path, copied);
            File.Copy(path + "-wal", copied + "-wal");
            return new(path, Connect(copied, SqliteOpenMode.ReadWrite, busy), folder);
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JournalException(JournalFault.ReadOnly,
                $"the folder of journal {path} cannot be made: make it, or use another one with --data", e);
        }
    }
}
