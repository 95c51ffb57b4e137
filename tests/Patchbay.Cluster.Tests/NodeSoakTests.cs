using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Journal;
using Xunit.Abstractions;

namespace Patchbay.Cluster.Tests;

/// <summary>A node that has run for long holds no more than one that has just begun.</summary>
public sealed class NodeSoakTests(ITestOutputHelper output)
{
    private const int Units = 10_000;

    [SoakFact]
    public async Task Ten_thousand_units_leave_memory_handles_and_threads_as_they_were()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new Slow(default));
        var clock = Stopwatch.StartNew();
        await TestNode.Begin(node, Plan());
        var early = await After(2_000);
        var late = await After(Units);
        Assert.InRange(late.Handles - early.Handles, -50, 8);
        Assert.InRange(late.Threads - early.Threads, -50, 8);
        // 8,000 units more in the sweep's state, which has them all: under 2 KiB each, and nothing beside them.
        Assert.InRange(late.Heap - early.Heap, -64L << 20, 16L << 20);
        Assert.InRange(late.Resident - early.Resident, -256L << 20, 64L << 20);

        async Task<Footprint> After(int units)
        {
            while (node.Sweep("s").InOrder.Sum(s => s.Completed) < units && !node.Failure.IsCompleted)
                await Task.Delay(50);
            if (node.Failure.IsCompleted) await node.Failure;
            var taken = Footprint.Now();
            output.WriteLine($"{units} units, {clock.Elapsed.TotalSeconds:0} s: {taken}");
            return taken;
        }
    }

    [SoakFact]
    public async Task A_journal_that_is_locked_for_longer_than_a_write_waits_is_waited_for_all_the_same()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("journal.db");
        await using var node = await TestNode.Start(path, new Slow(TimeSpan.FromMilliseconds(100)));
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        await TestNode.Until(node, s => s.InOrder.Sum(x => x.Completed) > 2);
        using (var holder = new SqliteConnection($"Data Source={path};Pooling=false"))
        {
            holder.Open();
            using var command = holder.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            var clock = Stopwatch.StartNew();
            while (node.Trouble is null && clock.Elapsed.TotalSeconds < 90) await Task.Delay(100);
            output.WriteLine($"after {clock.Elapsed.TotalSeconds:0} s: {node.Trouble}");
            Assert.Contains("is locked by another process", node.Trouble, StringComparison.Ordinal);
            Assert.False(node.Failure.IsCompleted);
        }
        var state = await TestNode.Until(node, s => s.Ended);
        Assert.Equal(SweepStatus.Completed, state.Status);
        Assert.Null(node.Trouble);
        using var journal = SqlJournal.Open(path, readOnly: true);
        Assert.True(JournalVerifier.Verify(journal).Sound);
    }

    // One stage of as many units as there are batches of 128 prompts, for each of two models.
    private static SweepPlan Plan()
    {
        var plan = SimulatedPlan.Make(poisoned: false, batches: false);
        var accuracy = Experiment.All.First(k => k is AccuracyExperiment);
        return plan with
        {
            Stages = [.. plan.Models.SelectMany(model => accuracy.Expand(new(model.Name,
                accuracy.Fields.ToDictionary(f => f.Name, f => f.Name == "prompts" ? $"{Units / 2 * 128}" : f.Default),
                [.. plan.Models.Select(m => m.Name)], [])))],
        };
    }

    private sealed record Footprint(long Resident, long Heap, int Handles, int Threads)
    {
        public static Footprint Now()
        {
            for (var i = 0; i < 3; i++)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }
            using var process = Process.GetCurrentProcess();
            return new(process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: true),
                Directory.GetFiles("/proc/self/fd").Length, process.Threads.Count);
        }
    }
}
