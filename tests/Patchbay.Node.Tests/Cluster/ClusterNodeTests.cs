using System.Diagnostics;
using Patchbay.Cluster;
using Patchbay.Experiments;
using Patchbay.Journal;
using Patchbay.Node.Tests.Simulation;
using Xunit.Abstractions;

namespace Patchbay.Node.Tests.Cluster;

/// <summary>A real node, alone in its cluster, with models that need no tensor.</summary>
public sealed class ClusterNodeTests(ITestOutputHelper output)
{
    private static readonly SweepPlan Plan = SimulatedPlan.Make(poisoned: false, batches: false);

    [Fact]
    public async Task A_sweep_runs_to_its_end_and_every_result_is_recorded_once()
    {
        using var folder = new TemporaryFolder();
        var clock = Stopwatch.StartNew();
        await using (var node = await Start(folder.PathOf("journal.db")))
        {
            output.WriteLine($"up after {clock.Elapsed.TotalSeconds:0.00} s");
            Assert.Null(await node.OrderAsync("s", new PlanSweep(Plan, "test")));
            Assert.Null(await node.OrderAsync("s", new StartSweep()));
            output.WriteLine($"started after {clock.Elapsed.TotalSeconds:0.00} s");
            await Until(node, s => s.InOrder.Sum(x => x.Completed) > 0);
            output.WriteLine($"first unit after {clock.Elapsed.TotalSeconds:0.00} s");
            await Until(node, s => s.Ended);
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
            await using var node = await Start(folder.PathOf("journal.db"), TimeSpan.FromMilliseconds(30));
            if (life == 0) Assert.Null(await node.OrderAsync("s", new PlanSweep(Plan, "test")));
            if (life == 0) Assert.Null(await node.OrderAsync("s", new StartSweep()));
            node.Wake("s");
            var wanted = 4 * (life + 1);
            await Until(node, s => life == 2 ? s.Ended : s.InOrder.Sum(x => x.Completed) >= wanted);
        }
        Check(folder.PathOf("journal.db"));
    }

    private static async Task<ClusterNode> Start(string journal, TimeSpan unit = default)
    {
        SqliteJournal.Open(journal).Dispose();
        return await ClusterNode.StartAsync(new(journal, 2, 16L << 30, "test"), new Slow(unit), Experiment.All);
    }

    private static async Task Until(ClusterNode node, Func<SweepState, bool> reached)
    {
        for (var left = 1500; left > 0 && !reached(node.Sweep("s")) && !node.Failure.IsCompleted; left--)
            await Task.Delay(20);
        if (node.Failure.IsCompleted) await node.Failure;
        Assert.True(reached(node.Sweep("s")), Text.Of(node.Sweep("s")));
    }

    /// <summary>The journal is sound, and holds each unit's results once.</summary>
    private static void Check(string path)
    {
        using var journal = SqliteJournal.Open(path, readOnly: true);
        var report = JournalVerifier.Verify(journal);
        Assert.True(report.Sound, string.Join('\n', report.Problems));
        var state = journal.Recover("s").State;
        Assert.Equal(SweepStatus.Completed, state.Status);
        foreach (var (unit, results) in state.InOrder.SelectMany(s => s.Results).GroupBy(r => r.Unit, r => r.Result)
            .Select(g => (g.Key, g.ToArray())))
            Assert.Equal(SimulatedModels.Results(unit), results);
    }

    private sealed class Slow(TimeSpan unit) : IModelSource
    {
        private readonly SimulatedModels models = new(() => 1, () => 0);

        public IUnitRunner Open(ModelKey model, CancellationToken cancel) =>
            new Runner(models.Open(model, cancel), unit);

        private sealed class Runner(IUnitRunner runner, TimeSpan unit) : IUnitRunner
        {
            public string Fingerprint => runner.Fingerprint;

            public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress,
                CancellationToken cancel)
            {
                Thread.Sleep(unit);
                return runner.Run(order, progress, cancel);
            }

            public void Dispose() => runner.Dispose();
        }
    }
}
