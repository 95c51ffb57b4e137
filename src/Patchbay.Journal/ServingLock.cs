using System.Globalization;
using Npgsql;

namespace Patchbay.Journal;

/// <summary>The right to serve a journal in PostgreSQL, which one cluster has: an advisory lock that one of its nodes
/// holds, and which the server takes back when the process or its machine is gone; then another node of the cluster
/// takes it. (A journal in a file is served by who holds its folder.)</summary>
public sealed class ServingLock : IDisposable
{
    private const int LongestHost = 30; // the server cuts a connection's name off after 63 bytes
    private const int LooksBeforeLost = 3;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private readonly NpgsqlConnection connection;
    private readonly JournalPlace place;
    private readonly Func<int, bool> isFellow;
    private readonly CancellationTokenSource ended = new();
    private readonly TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task keeping;
    private bool held;
    private int strangers; // looks in a row that found another's

    private ServingLock(JournalPlace place, NpgsqlConnection connection, Func<int, bool> isFellow, bool held)
    {
        (this.place, this.connection, this.isFellow, this.held) = (place, connection, isFellow, held);
        keeping = Task.Run(KeepAsync);
    }

    /// <summary>Takes it, or finds that a node of the same cluster has it; null for a journal in a file.</summary>
    /// <param name="place">The journal.</param>
    /// <param name="node">Number of this node, which no other of its cluster has.</param>
    /// <param name="isFellow">Whether a number is, or was, that of a node of the same cluster.</param>
    /// <exception cref="IOException">A process of another cluster serves the journal; the message says
    /// which.</exception>
    public static ServingLock? Take(JournalPlace place, int node, Func<int, bool> isFellow)
    {
        if (place.File is not null) return null;
        var host = Environment.MachineName;
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(place.ConnectionString)
        {
            Pooling = false,
            ApplicationName = $"patchbay {host[..Math.Min(LongestHost, host.Length)]}:{Environment.ProcessId} {node}",
        }.ConnectionString);
        try
        {
            connection.Open();
            if (TryLock(connection)) return new(place, connection, isFellow, held: true);
            if (IsFellow(HolderBy(connection), isFellow)) return new(place, connection, isFellow, held: false);
            var holder = HolderBy(connection)?.Process ?? "another process";
            throw new IOException($"{holder} serves journal {place} already, from a data folder of its own: "
                + "give commands where it runs, or join it with --seed");
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
    public static string? Holder(JournalPlace place)
    {
        try
        {
            using var connection = new NpgsqlConnection(place.ConnectionString);
            connection.Open();
            return HolderBy(connection)?.Process;
        }
        catch (NpgsqlException e)
        {
            throw JournalFaults.Of(e, place);
        }
    }

    /// <summary>Completes when a process of another cluster has taken it while the server was away.</summary>
    public Task Lost => lost.Task;

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Cancel();
        keeping.Wait();
        if (held) Unlock(); // a server notices a closed connection a moment later: whoever comes next need not wait
        connection.Dispose();
        ended.Dispose();
    }

    private static bool TryLock(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(
            $"SELECT pg_try_advisory_lock({PostgresDatabase.LockClass}, {PostgresDatabase.Serving})", connection);
        return command.ExecuteScalar() is true;
    }

    private void Unlock()
    {
        try
        {
            using var command = new NpgsqlCommand(
                $"SELECT pg_advisory_unlock({PostgresDatabase.LockClass}, {PostgresDatabase.Serving})", connection);
            command.ExecuteNonQuery();
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The connection is gone, and the lock with it.
        }
    }

    private static (string Process, int Node)? HolderBy(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(
            $"""
            SELECT coalesce(activity.application_name, '') FROM pg_locks AS held
            LEFT JOIN pg_stat_activity AS activity ON activity.pid = held.pid
            WHERE held.locktype = 'advisory' AND held.granted
                AND held.classid = {PostgresDatabase.LockClass}::bigint::oid
                AND held.objid = {PostgresDatabase.Serving}::bigint::oid
                AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """, connection);
        if (command.ExecuteScalar() is not string name) return null;
        var end = name.LastIndexOf(' ');
        return int.TryParse(name.AsSpan(end + 1), CultureInfo.InvariantCulture, out var node) ? (name[..end], node)
            : (name, 0);
    }

    private static bool IsFellow((string Process, int Node)? holder, Func<int, bool> isFellow) =>
        holder is { } known && isFellow(known.Node);

    // A server that is started anew has forgotten the lock; a node that held it may be gone.
    private async Task KeepAsync()
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(LookEvery, ended.Token);
                if (connection.State != System.Data.ConnectionState.Open)
                {
                    held = false;
                    await connection.CloseAsync();
                    await connection.OpenAsync(ended.Token);
                }
                if (held)
                {
                    await using var alive = new NpgsqlCommand("SELECT 1", connection);
                    await alive.ExecuteScalarAsync(ended.Token);
                    continue;
                }
                held = TryLock(connection);
                // One that ends as it is looked at has no name: who that was is seen the next time.
                strangers = held || IsFellow(HolderBy(connection), isFellow) ? 0 : strangers + 1;
                if (strangers < LooksBeforeLost) continue;
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
