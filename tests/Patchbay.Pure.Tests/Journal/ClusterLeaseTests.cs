using Patchbay.Journal;

namespace Patchbay.Journal.Tests;

/// <summary>Leases on both databases.</summary>
public sealed class ClusterLeaseTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_lease_in_a_file_has_one_owner_until_it_is_given_back_or_over() =>
        HasOneOwner(JournalPlace.Of(folder.PathOf("journal.db")));

    [PostgresFact]
    public void A_lease_in_PostgreSQL_has_one_owner_until_it_is_given_back_or_over()
    {
        using var server = new PostgresServer();
        HasOneOwner(JournalPlace.OfDatabase(server.NewDatabase(), "--journal", mayHoldPassword: false));
    }

    [PostgresFact]
    public async Task Nodes_that_look_at_a_database_while_another_makes_its_journal_see_none_or_that_one()
    {
        using var server = new PostgresServer();
        for (var time = 0; time < 12; time++)
        {
            var place = JournalPlace.OfDatabase(server.NewDatabase(), "--journal", mayHoldPassword: false);
            var looking = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() => AwaitJournal(place),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
            SqlJournal.Open(place).Dispose();
            var names = await Task.WhenAll(looking);
            Assert.Single(names.Append(ClusterLease.NameOf(place)).Distinct());
        }

        static string AwaitJournal(JournalPlace place)
        {
            while (true)
            {
                try
                {
                    SqlJournal.Open(place, readOnly: true).Dispose();
                    return ClusterLease.NameOf(place);
                }
                catch (FileNotFoundException)
                {
                    // not made yet
                }
            }
        }
    }

    private static void HasOneOwner(JournalPlace place)
    {
        SqlJournal.Open(place).Dispose();
        Assert.True(ClusterLease.TryTake(place, "l", "a", Long));
        Assert.True(ClusterLease.TryTake(place, "l", "a", Long)); // renewed
        Assert.False(ClusterLease.TryTake(place, "l", "b", Long));
        Assert.True(ClusterLease.TryTake(place, "other", "b", Long));
        ClusterLease.Release(place, "l", "b"); // not its owner
        Assert.False(ClusterLease.TryTake(place, "l", "b", Long));
        ClusterLease.Release(place, "l", "a");
        Assert.True(ClusterLease.TryTake(place, "l", "b", TimeSpan.Zero));
        Thread.Sleep(1100); // times are whole seconds
        Assert.True(ClusterLease.TryTake(place, "l", "a", Long));
        Assert.Equal(ClusterLease.NameOf(place), ClusterLease.NameOf(place));
        Assert.Equal(32, ClusterLease.NameOf(place).Length);
        using var journal = SqlJournal.Open(place); // with a table beside its own it is still a journal
        Assert.Empty(journal.Sweeps());
    }

    [Fact]
    public void Of_many_who_ask_at_once_one_gets_it()
    {
        var place = JournalPlace.Of(folder.PathOf("journal.db"));
        SqlJournal.Open(place).Dispose();
        var got = Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8)
            .Count(i => ClusterLease.TryTake(place, "l", $"{i}", Long));
        Assert.Equal(1, got);
    }
}
