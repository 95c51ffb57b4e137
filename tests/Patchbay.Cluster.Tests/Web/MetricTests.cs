using System.Diagnostics;
using Patchbay.Cluster.Dispatch;
using Patchbay.Report;
using Patchbay.Web;
using Patchbay.Web.Metrics;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>What the page Cluster shows of the last hour, on a clock that only the test moves.</summary>
public sealed class MetricTests
{
    private const string Here = "here:9111", There = "there:9111"; // their APIs are one below
    private readonly Hand time = new();
    private readonly Dictionary<string, NodeOffer> board = [];
    private readonly MetricHistory history;
    private ProcessTotals own;

    public MetricTests()
    {
        history = new(time, () => board, () => own);
        board[Here] = Offer(Here, ("cpu", 4), Model("goat", "cpu", 1, "computing"), Model("llama", "cpu", 1, "cold"));
    }

    [Fact]
    public void A_sample_is_taken_every_fifteen_seconds_and_kept_for_an_hour()
    {
        history.Begin().Dispose();
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(15)), time.Asked);
        Pass(300);
        Assert.Equal(240, history.Samples.Count());
        Assert.Equal((60, 0.25), (history.Ago(history.Samples.First()), history.Ago(history.Samples.Last())));
        Assert.Equal(300, history.Version);
    }

    [Fact]
    public void A_row_says_what_a_node_has_left_what_its_models_do_and_what_this_process_takes_and_does()
    {
        board[There] = Offer(There, ("cuda:1", 9), Model("any", "cuda", 2, "loaded"));
        Pass(1);
        own = new(TimeSpan.FromSeconds(7.5 * Environment.ProcessorCount), 3L << 29, Units: 2, Results: 40);
        Pass(1);
        Assert.Equal(["here:9110, this node", "there:9110"], Rows().Select(r => r.Caption));
        Assert.Equal(
        [
            "memory left, GiB, of here:9110, in the last hour: 3 GiB",
            "models, of here:9110, in the last hour: 1 loaded, 1 computing",
            "processors, %, of here:9110, in the last hour: 50 %",
            "resident memory, GiB, of here:9110, in the last hour: 1.5 GiB",
            "units a minute, of here:9110, in the last hour: 8",
            "results a minute, of here:9110, in the last hour: 160",
        ], Rows()[0].Pictures.Select(p => p.Title));
        Assert.Equal(
        [
            "memory left, GiB, of there:9110, in the last hour: 7 GiB",
            "models, of there:9110, in the last hour: 1 loaded, 0 computing",
        ], Rows()[1].Pictures.Select(p => p.Title));
    }

    [Fact]
    public void Who_left_is_said_with_the_time_and_a_line_breaks_where_its_node_was_not_there()
    {
        board[There] = Offer(There, ("cuda:0", 9));
        Pass(2);
        board.Remove(There);
        Pass(1);
        Assert.Equal("there:9110, not there now", Rows()[1].Caption);
        board[There] = Offer(There, ("cuda:0", 9));
        Pass(2);
        Assert.Equal("there:9110", Rows()[1].Caption);
        var said = Assert.Single(Section().Blocks.OfType<Statements>());
        Assert.Equal(["there:9110 left between 12:00:15 and 12:00:30 UTC."], said.Items);
        var line = Rows()[1].Pictures[0].Svg.Descendants().First(e => (string?)e.Attribute("class") == "line c0 d0");
        Assert.Equal(2, ((string)line.Attribute("d")!).Count(c => c == 'M'));
    }

    [Fact]
    public void Before_the_first_sample_there_is_nothing_and_a_node_without_devices_has_no_memory()
    {
        Assert.Empty(Section().Blocks);
        board.Clear();
        board[There] = Offer(There, ("cuda:0", 9)) with { Devices = new Dictionary<string, long>() };
        Pass(1);
        Assert.Equal("models, of there:9110, in the last hour: 0 loaded, 0 computing",
            Assert.Single(Rows()[1].Pictures).Title);
        Assert.Equal(("here:9110, this node", 5), (Rows()[0].Caption, Rows()[0].Pictures.Count));
    }

    [Fact]
    public void A_device_has_the_units_of_the_models_that_compute_on_it()
    {
        var offer = Offer(There, ("cuda:0", 9), Model("first", "cuda:0", 2, "computing"), Model("idle", "cuda:0", 1,
            "loaded"), Model("any", "cuda", 2, "computing"), Model("left", "cuda:1", 1, "cold")) with
        { Devices = new Dictionary<string, long> { ["cpu"] = 1L << 32, ["cuda:0"] = 9L << 30, ["cuda:1"] = 9L << 30 } };
        Assert.Equal(["cpu: 0 models, 0 units", "cuda:0: 3 models, 2 units", "cuda:1: 1 models, 1 units"],
            ClusterSections.Devices([offer]).Rows.Select(r => $"{r[1].Text}: {r[4].Text} models, {r[5].Text} units"));
    }

    [Fact]
    public void An_hour_of_a_hundred_nodes_is_sampled_within_a_second()
    {
        for (var i = 0; i < 100; i++) board[$"n{i}:9111"] = Offer($"n{i}:9111", ("cuda:0", 80),
            [.. Enumerable.Range(0, 8).Select(m => Model($"m{m}", "cuda", 4, "loaded"))]);
        var began = Stopwatch.GetTimestamp();
        Pass(240);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 1);
    }

    private Section Section() => new MetricSections(history, Here).Hour();

    private Figure[] Rows() => [.. Section().Blocks.OfType<Figure>()];

    private void Pass(int samples)
    {
        for (; samples > 0; samples--)
        {
            history.Take();
            time.Seconds += 15;
        }
    }

    private static OfferedModel Model(string name, string device, int gibibytes, string state) =>
        new(new ModelNeed($"{name}-0a1b", device, (long)gibibytes << 30, 0).ToString(), name, state);

    private static NodeOffer Offer(string node, (string Name, long Gibibytes) device, params OfferedModel[] models) =>
        new(node, new Dictionary<string, long> { [device.Name] = device.Gibibytes << 30 }, models,
            new Dictionary<string, string>());

    private sealed class Hand : TimeProvider
    {
        public long Seconds { get; set; }

        public (TimeSpan Due, TimeSpan Period) Asked { get; private set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;

        public override DateTimeOffset GetUtcNow() =>
            new DateTimeOffset(2031, 5, 4, 12, 0, 0, TimeSpan.Zero).AddSeconds(Seconds);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Asked = (dueTime, period);
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
