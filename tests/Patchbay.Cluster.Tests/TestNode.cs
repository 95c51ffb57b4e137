using Patchbay.Experiments;
using Patchbay.Journal;

namespace Patchbay.Cluster.Tests;

/// <summary>A real node, alone in its cluster, on a journal in a folder of its own.</summary>
internal static class TestNode
{
    /// <summary>Starts one; the journal is made where there is none.</summary>
    public static async Task<ClusterNode> Start(string journal, IModelSource source, int slots = 2,
        long memory = 16L << 30, IReadOnlyList<Experiment>? experiments = null, string? settings = null,
        Func<ClusterOptions, ClusterOptions>? with = null, CancellationToken cancel = default)
    {
        SqlJournal.Open(journal).Dispose();
        var file = settings is null ? null : journal + ".conf";
        if (file is not null) File.WriteAllText(file, settings);
        var options = new ClusterOptions(JournalPlace.Of(journal), slots, 1, memory, "test") { Settings = file };
        return await ClusterNode.StartAsync(with?.Invoke(options) ?? options, source, experiments ?? Experiment.All,
            cancel);
    }

    /// <summary>Runs a plan to its end, as sweep "s".</summary>
    public static async Task<SweepState> RunToEnd(SweepPlan plan, IModelSource source, int slots = 2,
        long memory = 16L << 30, IReadOnlyList<Experiment>? experiments = null)
    {
        using var folder = new TemporaryFolder();
        await using var node = await Start(folder.PathOf("journal.db"), source, slots, memory, experiments);
        await Begin(node, plan);
        return await Until(node, state => state.Ended);
    }

    /// <summary>Plans and starts sweep "s".</summary>
    public static async Task Begin(ClusterNode node, SweepPlan plan)
    {
        await node.OrderAsync("s", new PlanSweep(plan, "test"));
        await node.OrderAsync("s", new StartSweep());
    }

    /// <summary>Waits until sweep "s" has come so far.</summary>
    public static async Task<SweepState> Until(ClusterNode node, Func<SweepState, bool> reached)
    {
        for (var left = 6000; left > 0 && !reached(node.Sweep("s")) && !node.Failure.IsCompleted; left--)
            await Task.Delay(20);
        if (node.Failure.IsCompleted) await node.Failure;
        Assert.True(reached(node.Sweep("s")), Simulation.Text.Of(node.Sweep("s")));
        return node.Sweep("s");
    }
}
