using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Patchbay.Cluster.Operating;
using Patchbay.Cluster.Tests.Simulation;

namespace Patchbay.Cluster.Tests;

/// <summary>What a node tells those who operate it: metrics, traces, probes, and a look at its actors.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task Metrics_and_probes_are_read_by_whoever_asks_this_machine()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        await using var api = await ControlApi.StartAsync(node, folder.Path);
        using var client = new HttpClient { BaseAddress = new(api.Address) };
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: true, batches: false));
        var state = await TestNode.Until(node, s => s.Ended);

        var text = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var sound = state.InOrder.Where(s => s.Stage is { Model: "sound", Kind: "path-patching" }).ToArray();
        Assert.InRange(Value(text, "patchbay_results_total{model=\"sound\",stage=\"path-patching\"}"),
            sound.Sum(s => s.Results.Count()), double.MaxValue);
        Assert.InRange(Value(text, "patchbay_unit_duration_seconds_count"
            + "{model=\"sound\",outcome=\"done\",stage=\"path-patching\"}"), sound.Sum(s => s.Completed),
            double.MaxValue);
        Assert.InRange(Value(text, "patchbay_unit_failures_total{model=\"poisoned\",stage=\"accuracy\"}"), 1,
            double.MaxValue);
        Assert.InRange(Value(text, "patchbay_journal_latency_seconds_sum"), 0, 60);
        Assert.InRange(Value(text, "patchbay_model_memory_bytes{model=\"sound\"}"), 1 << 20, double.MaxValue);
        Assert.InRange(Value(text, "patchbay_process_working_set_bytes"), 1 << 20, double.MaxValue);

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/health", UriKind.Relative))).StatusCode);
        var ready = await client.GetAsync(new Uri("/ready", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, """{"ready":true,"missing":[]}"""),
            (ready.StatusCode, await ready.Content.ReadAsStringAsync()));
        client.DefaultRequestHeaders.Host = "evil.example";
        foreach (var path in (string[])["/metrics", "/health", "/ready"])
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_node_whose_journal_does_not_answer_is_not_ready()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        var inspection = node.Inspection;
        for (var left = 100; left > 0 && (await inspection.MissingAsync()).Count > 0; left--) await Task.Delay(50);
        Assert.Empty(await inspection.MissingAsync());
        await node.DisposeAsync();
        Assert.Contains("the journal does not answer", await inspection.MissingAsync());
    }

    [Fact]
    public async Task A_unit_is_one_trace_from_hand_out_to_record()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Patchbay",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var plan = SimulatedPlan.Make(poisoned: true, batches: false) with { Study = "traced" };
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        var sweep = await node.PlanAsync(plan);
        while (!node.Sweep(sweep).Ended) await Task.Delay(20);

        var units = spans.Where(s => s.OperationName == "unit" && (string?)s.GetTagItem("sweep") == sweep).ToArray();
        var state = node.Sweep(sweep);
        var done = state.InOrder.SelectMany(s => s.Units).Where(u => u.Value.Status == UnitStatus.Completed);
        foreach (var (id, _) in done)
        {
            var unit = Assert.Single(units, u => (string?)u.GetTagItem("unit") == id);
            Assert.Equal((default, ActivityStatusCode.Unset), (unit.ParentSpanId, unit.Status));
            var parts = spans.Where(s => s.ParentSpanId == unit.SpanId && s.TraceId == unit.TraceId)
                .OrderBy(s => s.OperationName, StringComparer.Ordinal).ToArray();
            Assert.Equal(["compute", "hand out", "record"], parts.Select(p => p.OperationName));
            Assert.Equal(unit.Duration, parts.Aggregate(TimeSpan.Zero, (sum, p) => sum + p.Duration));
        }
        var hopeless = Assert.Single(units, u => (string?)u.GetTagItem("unit") == SimulatedModels.Hopeless);
        Assert.Equal((ActivityStatusCode.Error, "simulated: this one can never be run"),
            (hopeless.Status, hopeless.StatusDescription));
        Assert.Equal([1, 2, 3], units.Where(u => (string?)u.GetTagItem("unit") == SimulatedModels.Poison)
            .Select(u => (int)u.GetTagItem("attempt")!).Order());
    }

    [Fact]
    public async Task Sweeps_and_models_are_seen_where_they_live()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        await TestNode.Until(node, s => s.Ended);

        var member = Assert.Single(node.Inspection.Members());
        Assert.Equal(("up", true, true, true), (member.Status, member.Reachable, member.Leader, member.Self));
        var shards = await node.Inspection.ShardsAsync();
        Assert.Equal(["s"], shards.Where(s => s.Region == "sweep").SelectMany(s => s.Entities!));
        Assert.Equal(2, shards.Where(s => s.Region == "model").Sum(s => s.Count));
        Assert.All(shards, s => Assert.Equal(member.Address, s.Address));
        var own = All(node.Inspection.Actors(all: false)).ToArray();
        Assert.Contains(own, a => a.Path == "/user/broker" && a.Class == "BrokerActor");
        Assert.Contains(own, a => a.Class == "SweepActor" && a.Path.EndsWith("/s/actor", StringComparison.Ordinal));
        Assert.DoesNotContain(own, a => a.Path == "/system/cluster");
        Assert.Contains(All(node.Inspection.Actors(all: true)), a => a.Path == "/system/cluster");
    }

    private static IEnumerable<ActorView> All(IEnumerable<ActorView> actors) =>
        actors.SelectMany(a => All(a.Children).Prepend(a));

    private static double Value(string metrics, string name)
    {
        var line = metrics.Split('\n').FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        Assert.True(line is not null, $"no {name} in\n{metrics}");
        return double.Parse(line.Split(' ')[1]);
    }
}
