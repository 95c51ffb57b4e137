using System.Globalization;

namespace Patchbay.Journal;

/// <summary>
/// Leases in the journal's database: each has one owner at a time, for a while that it renews. Nodes that no longer
/// reach each other ask here which of them may go on. Time is the database's, so that no node's clock matters.
/// </summary>
public static class ClusterLease
{
    private const string Journal = "journal"; // a lease that nobody gives back: its owner is the journal's name
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    /// <summary>Takes a lease, or renews it.</summary>
    /// <param name="place">The journal.</param>
    /// <param name="name">Name of the lease.</param>
    /// <param name="owner">Who wants it.</param>
    /// <param name="lasts">How long it lasts unless renewed.</param>
    /// <returns>Whether it is the owner's now.</returns>
    public static bool TryTake(JournalPlace place, string name, string owner, TimeSpan lasts)
    {
        using var database = Open(place);
        return Take(database, name, owner, (long)lasts.TotalSeconds);
    }

    /// <summary>Gives a lease back, if it is the owner's.</summary>
    public static void Release(JournalPlace place, string name, string owner)
    {
        using var database = Open(place);
        database.Transaction(() =>
        {
            database.Execute("DELETE FROM cluster_lease WHERE name = @0 AND owner = @1", name, owner);
        });
    }

    /// <summary>A name of the journal, drawn when it is first asked for: two nodes have the same journal where it is
    /// the same.</summary>
    public static string NameOf(JournalPlace place)
    {
        using var database = Open(place);
        Take(database, Journal, Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture), int.MaxValue);
        return (string)database.Scalar("SELECT owner FROM cluster_lease WHERE name = @0", Journal)!;
    }

    private static bool Take(JournalDatabase database, string name, string owner, long seconds)
    {
        var taken = false;
        database.Transaction(() =>
        {
            taken = database.Execute(
                $"""
                INSERT INTO cluster_lease (name, owner, until) VALUES (@0, @1, {database.Clock} + @2)
                ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
                WHERE cluster_lease.owner = excluded.owner OR cluster_lease.until < {database.Clock}
                """, name, owner, seconds) > 0;
        });
        return taken;
    }

    private static JournalDatabase Open(JournalPlace place)
    {
        var database = JournalDatabase.Open(place, readOnly: false, Busy);
        try
        {
            database.Transaction(() => database.ExecuteScript(
                "CREATE TABLE IF NOT EXISTS cluster_lease (name text NOT NULL PRIMARY KEY, owner text NOT NULL, "
                + "until bigint NOT NULL)"));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
