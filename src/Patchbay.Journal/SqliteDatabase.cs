using System.Data.Common;
using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;
using SQLitePCL;

namespace Patchbay.Journal;

/// <summary>A journal in one file of SQLite.</summary>
internal sealed class SqliteDatabase : JournalDatabase
{
    private readonly SqliteConnection connection;
    private readonly string path;
    private readonly string? copy;

    private SqliteDatabase(string path, SqliteConnection connection, string? copy)
        : base(JournalPlace.Of(path), connection) =>
        (this.path, this.connection, this.copy) = (path, connection, copy);

    /// <inheritdoc/>
    public override string Clock => "unixepoch()";

    /// <inheritdoc/>
    protected override string Begin => "BEGIN IMMEDIATE";

    /// <inheritdoc/>
    // SQLite has taken it back itself where a disk is full.
    protected override bool IsInTransaction => raw.sqlite3_get_autocommit(connection.Handle) == 0;

    /// <summary>Opens the file, or makes it.</summary>
    public static new SqliteDatabase Open(JournalPlace place, bool readOnly, TimeSpan busy)
    {
        var path = place.File!;
        if (Directory.Exists(path))
            throw new JournalException(
                JournalFault.Unknown, $"{path} is a folder, not a journal: name the file in it");
        if (readOnly && !File.Exists(path)) throw new FileNotFoundException($"there is no journal {path}", path);
        if (!readOnly) MakeFolder(path);
        SqliteDatabase? database = null;
        try
        {
            database = readOnly ? OpenToRead(path, busy)
                : new(path, Connect(path, SqliteOpenMode.ReadWriteCreate, busy), null);
            if (readOnly) database.BeginReading();
            else database.BeginWriting();
            database.IsOpening = false;
            return database;
        }
        catch (SqliteException e)
        {
            database?.Dispose();
            throw JournalFaults.Of(e, place, opening: true);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Bytes(DbDataReader reader, int column) =>
        raw.sqlite3_column_blob(((SqliteDataReader)reader).Handle, column);

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() =>
        Rows("PRAGMA integrity_check(20)", row => row.GetString(0))
            .Where(line => line != "ok").Select(line => $"SQLite finds the file damaged: {line}");

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        if (copy is not null) Directory.Delete(copy, recursive: true);
    }

    private void BeginReading()
    {
        ExecuteScript("PRAGMA query_only = ON"); // a copy could be written to, to no avail
        Version = CheckVersion();
        if (Version < SqliteSchema.Newest) throw new JournalException(JournalFault.ReadOnly,
            $"journal {path} has version {Version} and must be brought to {SqliteSchema.Newest}: "
            + "open it once where it may be written to");
    }

    private void BeginWriting()
    {
        if (raw.sqlite3_db_readonly(connection.Handle, "main") == 1)
        {
            var (fault, sentence) = SqliteFault.MayNotWrite(path);
            throw new JournalException(fault, sentence);
        }
        // Before anything is changed: a file that belongs to somebody else stays as it is.
        Version = CheckVersion();
        ExecuteScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        if (Version < SqliteSchema.Newest) SqliteSchema.Migrate(this, SqliteSchema.Newest);
        Version = SqliteSchema.Newest;
    }

    private int CheckVersion()
    {
        ExecuteScript("BEGIN");
        try
        {
            return SqliteSchema.Check(this);
        }
        finally
        {
            Undo();
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
    private static SqliteDatabase OpenToRead(string path, TimeSpan busy)
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
