using Npgsql;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>The right to serve a journal in PostgreSQL: an advisory lock, which the server takes back when the process
/// or its machine is gone. (A journal in a file is served by who holds its folder.)</summary>
public sealed class ServingLock : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private readonly NpgsqlConnection connection;
    private readonly JournalPlace place;
    private readonly CancellationTokenSource ended = new();
    private readonly TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task keeping;

    private ServingLock(JournalPlace place, NpgsqlConnection connection)
    {
        (this.place, this.connection) = (place, connection);
        keeping = Task.Run(KeepAsync);
    }

    /// <summary>Takes it; null for a journal in a file.</summary>
    /// <exception cref="IOException">Another process serves the journal; the message says which.</exception>
    public static ServingLock? Take(JournalPlace place)
    {
        if (place.File is not null) return null;
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(place.ConnectionString) { Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            if (TryLock(connection)) return new(place, connection);
            using var journal = SqlJournal.Open(place, readOnly: true);
            throw new IOException($"{Holder(journal) ?? "another process"} serves journal {place} already, from a data "
                + "folder of its own: give commands where it runs");
        }
        catch (NpgsqlException e)
        {
            connection.Dispose();
            throw JournalFaults.Of(e, place);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Who serves a journal in PostgreSQL: "patchbay HOST:PROCESS"; null where nobody does.</summary>
    public static string? Holder(SqlJournal journal) => journal.Database.Scalar(
        """
        SELECT coalesce(activity.application_name, '') FROM pg_locks AS held
        LEFT JOIN pg_stat_activity AS activity ON activity.pid = held.pid
        WHERE held.locktype = 'advisory' AND held.granted
            AND held.classid = @0::bigint::oid AND held.objid = @1::bigint::oid
            AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        (long)PostgresDatabase.LockClass, (long)PostgresDatabase.Serving) as string;

    /// <summary>Completes when another process has taken it while the server was away.</summary>
    public Task Lost => lost.Task;

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Cancel();
        keeping.Wait();
        connection.Dispose();
        ended.Dispose();
    }

    private static bool TryLock(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(
            $"SELECT pg_try_advisory_lock({PostgresDatabase.LockClass}, {PostgresDatabase.Serving})", connection);
        return command.ExecuteScalar() is true;
    }

    // A server that is started anew has forgotten the lock.
    private async Task KeepAsync()
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(LookEvery, ended.Token);
                if (connection.State == System.Data.ConnectionState.Open)
                {
                    await using var alive = new NpgsqlCommand("SELECT 1", connection);
                    await alive.ExecuteScalarAsync(ended.Token);
                    continue;
                }
                await connection.CloseAsync();
                await connection.OpenAsync(ended.Token);
                if (TryLock(connection)) continue;
                lost.TrySetException(new IOException($"another process has begun to serve journal {place}"));
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NpgsqlException)
            {
                // It is tried again.
            }
        }
    }
}
