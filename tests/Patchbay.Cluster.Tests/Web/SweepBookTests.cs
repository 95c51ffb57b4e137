using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Report;
using Patchbay.Web;
using Patchbay.Web.Sweeps;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>Sweeps as pages read them from the journal.</summary>
public sealed class SweepBookTests
{
    /// <summary>A time at which nothing grows old.</summary>
    private sealed class Standing : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }

    [Fact]
    public async Task What_was_just_ordered_is_seen_though_the_journal_was_asked_a_moment_ago()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: true, batches: false));
        await TestNode.Until(node, s => s.Ended);
        var book = new SweepBook(node, new Standing());
        SweepSeen Seen() => book.Find("s", out _, Timeout.InfiniteTimeSpan)!;
        var before = Seen().Sequence;
        await node.OrderAsync("s", new RetrySweep());
        Assert.Equal(before, Seen().Sequence);
        book.Renew("s");
        Assert.True(Seen().Sequence > before);
    }

    [Fact]
    public async Task A_sweep_is_read_beside_what_else_is_asked_and_one_that_comes_later_is_found()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        var book = new SweepBook(node, TimeProvider.System);
        Assert.Null(book.Find("s", out var isBeingRead, Timeout.InfiniteTimeSpan));
        Assert.False(isBeingRead);
        Assert.Empty(book.All(out var beingRead));
        Assert.Empty(beingRead);
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        await TestNode.Until(node, s => s.Ended);

        // Whoever waits for nothing is told that it is being read, or gets it; never that there is none.
        var later = new SweepBook(node, TimeProvider.System);
        var found = later.Find("s", out isBeingRead, TimeSpan.Zero);
        Assert.NotEqual(isBeingRead, found is not null);
        var all = later.All(out beingRead, TimeSpan.Zero);
        Assert.Equal(["s"], all.Select(s => s.Id).Concat(beingRead));
        foreach (var asked in new[] { later, book })
        {
            Assert.True(asked.Find("s", out isBeingRead, Timeout.InfiniteTimeSpan)!.State.Ended);
            Assert.False(isBeingRead);
            Assert.NotNull(asked.Find("s", out _, TimeSpan.Zero));
        }
        var sweep = Assert.Single(later.All(out beingRead));
        Assert.Equal("s", sweep.Id);
        Assert.Empty(beingRead);

        // What processes have done lately: all of it is this one's, and in an hour it was not lately.
        var now = DateTimeOffset.UtcNow;
        var row = Assert.Single(Assert.IsType<ReportTable>(Assert.Single(ClusterSections.Units([sweep], now))).Rows);
        Assert.Equal(["0", $"{sweep.Units.Done}", $"{sweep.State.InOrder.Sum(s => s.Measured)}"],
            row.Skip(1).Select(c => c.Text));
        Assert.IsType<Paragraph>(Assert.Single(ClusterSections.Units([sweep], now.AddHours(1))));
    }
}
