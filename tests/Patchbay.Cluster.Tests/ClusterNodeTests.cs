using System.Diagnostics;
using Patchbay.Experiments;
using Patchbay.Journal;
using Patchbay.Cluster.Tests.Simulation;
using Xunit.Abstractions;

namespace Patchbay.Cluster.Tests;

/// <summary>A real node, alone in its cluster, with models that need no tensor.</summary>
public sealed class ClusterNodeTests(ITestOutputHelper output)
{
    private static readonly SweepPlan Plan = SimulatedPlan.Make(poisoned: false, batches: false);

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
