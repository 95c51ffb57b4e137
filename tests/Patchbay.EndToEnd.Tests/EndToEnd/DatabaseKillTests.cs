using Xunit.Abstractions;
using static Patchbay.EndToEnd.Tests.Killing;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Real processes, killed with their journal in PostgreSQL; and the database itself.</summary>
[Collection(nameof(DatabaseKillTests))]
public sealed class DatabaseKillTests(ITestOutputHelper output)
{
    private readonly Killing killing = new(output);

    [PostgresFact]
    public void A_sweep_killed_at_random_instants_ends_in_the_same_bytes_with_its_journal_in_PostgreSQL()
    {
        using var server = new PostgresServer();
        killing.KilledManyTimes(server.NewDatabase());
    }

    [SoakFact(needsPostgres: true)]
    public void Every_experiment_killed_again_and_again_ends_in_the_same_results_in_PostgreSQL()
    {
        using var server = new PostgresServer();
        killing.EveryExperimentKilled(server.NewDatabase());
    }

    [PostgresFact]
    public void A_database_that_is_killed_and_started_again_costs_no_result()
    {
        using var server = new PostgresServer();
        using var folder = new TemporaryFolder();
        Home home = new(folder.PathOf("data"), server.NewDatabase());
        using var pbm = Pbm.Start(home, "study", "run", WriteStudy(folder, Study));
        pbm.Until("killed-1");
        for (var kill = 1; kill <= 3; kill++)
        {
            var least = 5 * kill;
            Pbm.WaitFor(() => pbm.HasExited || home.Completed(Sweep).Length >= least);
            Assert.False(pbm.HasExited, "it ended early");
            server.Kill();
            if (kill == 2)
            {
                pbm.Until("cannot be reached");
                var read = Pbm.Run(home, "sweep", "list");
                Assert.True(read.Code == 1 && read.Error.Contains("cannot be reached", StringComparison.Ordinal),
                    read.ToString());
            }
            server.Start();
        }
        Ended(pbm.Finish());
        Assert.Equal(home.Completed(Sweep).Distinct(), home.Completed(Sweep));
        NothingAfterItsCompletion(home);
        SameExports(folder, Undisturbed, home);
        Ended(Pbm.Run(home, "journal", "verify"));
    }
}
