using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Journal;
using SQLitePCL;
using Xunit.Abstractions;

namespace Patchbay.Cluster.Tests;

/// <summary>A real node, alone in its cluster, with models that need no tensor.</summary>
public sealed class ClusterNodeTests(ITestOutputHelper output)
{
    private static readonly SweepPlan Plan = SimulatedPlan.Make(poisoned: false, batches: false);

    [Fact]
    public async Task What_an_order_did_is_seen_as_soon_as_it_is_answered()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        await TestNode.Begin(node, Plan with { Compute = Plan.Compute with { Expect = 2 } }); // which never come
        for (var i = 0; i < 200; i++)
        {
            var answer = await node.OrderAsync("s", i % 2 == 0 ? new PauseSweep() : new ResumeSweep());
            Assert.Equal(answer.Status, node.Sweep("s").Status);
        }
    }

    [Fact]
    public async Task A_sweep_runs_to_its_end_and_every_result_is_recorded_once()
    {
        using var folder = new TemporaryFolder();
        var clock = Stopwatch.StartNew();
        await using (var node = await TestNode.Start(folder.PathOf("journal.db"), new Slow(default)))
        {
            output.WriteLine($"up after {clock.Elapsed.TotalSeconds:0.00} s");
            await TestNode.Begin(node, Plan);
            output.WriteLine($"started after {clock.Elapsed.TotalSeconds:0.00} s");
            await TestNode.Until(node, s => s.InOrder.Sum(x => x.Completed) > 0);
            output.WriteLine($"first unit after {clock.Elapsed.TotalSeconds:0.00} s");
            await TestNode.Until(node, s => s.Ended);
            output.WriteLine($"ended after {clock.Elapsed.TotalSeconds:0.00} s");
            clock.Restart();
        }
        output.WriteLine($"stopped within {clock.Elapsed.TotalSeconds:0.00} s");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{clock.Elapsed} to stop");
        Check(folder.PathOf("journal.db"));
    }

    [Fact]
    public async Task A_sweep_whose_node_ends_in_the_middle_goes_on_with_the_next()
    {
        using var folder = new TemporaryFolder();
        for (var life = 0; life < 3; life++)
        {
            await using var node = await TestNode.Start(folder.PathOf("journal.db"),
                new Slow(TimeSpan.FromMilliseconds(30)));
            if (life == 0) await TestNode.Begin(node, Plan);
            else node.WakeAll();
            var wanted = 4 * (life + 1);
            await TestNode.Until(node, s => life == 2 ? s.Ended : s.InOrder.Sum(x => x.Completed) >= wanted);
        }
        Check(folder.PathOf("journal.db"));
    }

    [Fact]
    public async Task Every_message_of_a_node_passes_through_bytes()
    {
        using var folder = new TemporaryFolder();
        await using (var node = await TestNode.Start(folder.PathOf("journal.db"), new Slow(default),
            settings: Wire.Settings))
        {
            node.Models.Load(ModelKey.Of(Plan, "sound"));
            await TestNode.Begin(node, Plan);
            node.Wake("s");
            await TestNode.Until(node, s => s.Ended);
        }
        Check(folder.PathOf("journal.db"));
        Assert.Empty(Wire.Strays);
        output.WriteLine(string.Join('\n', Wire.Read));
        // all but the answer to an order, which goes to no actor
        Assert.Equal(["load-model/1", "model-report/1", "outcome-taken/1", "run-unit/1", "serve-sweep/1",
            "sweep-order/1", "unit-outcome/1", "wake-sweep/1"],
            Wire.Read.Keys.Order(StringComparer.Ordinal));
        output.WriteLine(string.Join('\n', AppDomain.CurrentDomain.GetAssemblies().Select(a => a.FullName)
            .Where(name => name!.Contains("Newtonsoft", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task The_connections_that_record_are_synchronous_and_write_ahead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("journal.db");
        await using var node = await TestNode.Start(path, new Slow(default));
        await TestNode.Begin(node, Plan);
        await TestNode.Until(node, s => s.Ended);
        // Connections of one string come from one pool: these are Akka.Persistence.Sql's own, as it left them.
        var (writers, open) = (0, new List<SqliteConnection>());
        for (var i = 0; i < 8; i++)
        {
            open.Add(new($"Data Source={path};Default Timeout=60"));
            open[^1].Open();
            writers += raw.sqlite3_total_changes(open[^1].Handle) > 0 ? 1 : 0;
            Assert.Equal("wal", Pragma(open[^1], "journal_mode"));
            Assert.Equal(2L, Pragma(open[^1], "synchronous")); // FULL: a commit is on the disk when it returns
        }
        open.ForEach(connection => connection.Dispose());
        Assert.InRange(writers, 1, 8);
        output.WriteLine($"{writers} connections had written");
    }

    private static object? Pragma(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {name}";
        return command.ExecuteScalar();
    }

    /// <summary>The journal is sound, and holds each unit's results once.</summary>
    private static void Check(string path)
    {
        using var journal = SqlJournal.Open(path, readOnly: true);
        var report = JournalVerifier.Verify(journal);
        Assert.True(report.Sound, string.Join('\n', report.Problems));
        var state = journal.Recover("s").State;
        Assert.Equal(SweepStatus.Completed, state.Status);
        foreach (var (unit, results) in state.InOrder.SelectMany(s => s.Results).GroupBy(r => r.Unit, r => r.Result)
            .Select(g => (g.Key, g.ToArray())))
            Assert.Equal(SimulatedModels.Results(unit), results);
    }
}
