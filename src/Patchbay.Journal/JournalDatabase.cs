using System.Data.Common;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>One connection to a journal's database: prepared commands, transactions, and errors as sentences. The
/// commands' text is the same for SQLite and PostgreSQL; what is not is in the two classes that derive from
/// this.</summary>
internal abstract class JournalDatabase(JournalPlace place, DbConnection connection) : IDisposable
{
    private readonly Dictionary<string, DbCommand> commands = new(StringComparer.Ordinal);

    /// <summary>Where it is.</summary>
    public JournalPlace Place { get; } = place;

    /// <summary>Version of its tables, set when it is opened.</summary>
    public int Version { get; protected set; }

    /// <summary>Whether its tables are not yet known to be a journal's.</summary>
    protected bool IsOpening { get; set; } = true;

    /// <summary>The database's time in seconds since 1970, as an expression.</summary>
    public abstract string Clock { get; }

    /// <summary>Begins a transaction that is alone among those that begin so.</summary>
    protected abstract string Begin { get; }

    /// <summary>Opens a journal; one for writing is made where there is none, and brought to the newest
    /// version.</summary>
    public static JournalDatabase Open(JournalPlace place, bool readOnly, TimeSpan busy) => place.File is null
        ? PostgresDatabase.Open(place, readOnly, busy) : SqliteDatabase.Open(place, readOnly, busy);

    /// <summary>A prepared command, made once for each text, whose parameters are @0, @1 and so on.</summary>
    public DbCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        if (!commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++)
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ($"@{i}", values[i]);
                command.Parameters.Add(parameter);
            }
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
    public long Long(string sql, params object[] values) => Scalar(sql, values) switch
    {
        long number => number,
        int number => number,
        _ => 0,
    };

    /// <summary>What <paramref name="read"/> makes of each row that a query gives.</summary>
    public List<T> Rows<T>(string sql, Func<DbDataReader, T> read, params object[] values) => Guard(() =>
    {
        using var reader = Command(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    });

    /// <summary>The bytes in a column of a row, until the next is read.</summary>
    public virtual ReadOnlySpan<byte> Bytes(DbDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    /// <summary>What is wrong with the database as such, each in a sentence.</summary>
    public virtual IEnumerable<string> Problems() => [];

    /// <summary>Fails where events cannot be recorded now.</summary>
    public virtual void CheckWritable() => Transaction(() => false);

    /// <summary>Does something, and turns the database's errors into sentences.</summary>
    public T Guard<T>(Func<T> work)
    {
        try
        {
            Reconnect();
            return work();
        }
        catch (DbException e)
        {
            throw JournalFaults.Of(e, Place, IsOpening);
        }
    }

    /// <summary>Does something all or not at all, alone among writers; false undoes it.</summary>
    public bool Transaction(Func<bool> work) => Guard(() =>
    {
        try
        {
            ExecuteScript(Begin);
            var keep = work();
            ExecuteScript(keep ? "COMMIT" : "ROLLBACK");
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
    public virtual void Dispose()
    {
        Forget();
        connection.Dispose();
    }

    /// <summary>Connects anew where the connection was lost.</summary>
    protected virtual void Reconnect() { }

    /// <summary>Whether a transaction is open.</summary>
    protected abstract bool IsInTransaction { get; }

    /// <summary>Drops the prepared commands.</summary>
    protected void Forget()
    {
        foreach (var command in commands.Values) command.Dispose();
        commands.Clear();
    }

    /// <summary>Takes back a transaction, unless the database has done so itself.</summary>
    protected void Undo()
    {
        try
        {
            if (IsInTransaction) ExecuteScript("ROLLBACK");
        }
        catch (DbException)
        {
            // The first error is the one to tell; the transaction ends with the connection at the latest.
        }
    }
}
