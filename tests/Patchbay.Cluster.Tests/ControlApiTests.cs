using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Tests;

#pragma warning disable CA1001 // xunit calls DisposeAsync.
public sealed class ControlApiTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private static readonly ModelKey Model = new(new PlannedModel("tiny", "/tiny", null, "f", 4, 3, 100), "float32",
        "cpu", 1, 1 << 20);
    private readonly TemporaryFolder folder = new();
    private ClusterNode node = null!;
    private ControlApi api = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0), slots: 1);
        api = await ControlApi.StartAsync(node, "/data");
    }

    public async Task DisposeAsync()
    {
        await api.DisposeAsync();
        await node.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task It_tells_of_itself()
    {
        using var client = Client();
        var info = await client.GetFromJsonAsync<NodeInfo>("/node", ControlApi.Json);
        Assert.Equal(("test", "/data", 1, NodeIdentity.Own), (info!.Version, info.Data, info.Slots, info.Node));
    }

    [Fact]
    public async Task Models_are_loaded_and_unloaded_by_an_operator()
    {
        using var client = Client();
        Assert.Equal(HttpStatusCode.NotFound,
            (await client.PostAsync(new Uri("/models/tiny/unload", UriKind.Relative), null)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsJsonAsync("/models/load", Model, ControlApi.Json))
            .StatusCode);
        await Until(client, "loaded");
        Assert.Equal(HttpStatusCode.Accepted,
            (await client.PostAsync(new Uri("/models/tiny/unload", UriKind.Relative), null)).StatusCode);
        await Until(client, "cold");
    }

    [Fact]
    public async Task A_sweep_is_planned_paused_resumed_and_what_is_refused_is_told_in_a_sentence()
    {
        using var client = Client();
        var plan = SimulatedPlan.Make(poisoned: false, batches: false);
        var planned = await client.PostAsync(new Uri("/sweeps", UriKind.Relative),
            new StringContent(Journal.PlanText.Write(plan)));
        Assert.Equal("simulated-1", await planned.Content.ReadFromJsonAsync<string>());
        await Order("pause", HttpStatusCode.OK);
        Assert.Equal(SweepStatus.Paused, node.Sweep("simulated-1").Status);
        await Order("resume", HttpStatusCode.OK);
        await Order("cancel", HttpStatusCode.OK);
        Assert.Contains("it was cancelled", await Order("retry", HttpStatusCode.Conflict), StringComparison.Ordinal);
        await Order("dance", HttpStatusCode.NotFound);

        async Task<string> Order(string order, HttpStatusCode expected)
        {
            var answer = await client.PostAsync(new Uri($"/sweeps/simulated-1/{order}", UriKind.Relative), null);
            Assert.Equal(expected, answer.StatusCode);
            return await answer.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task What_a_browser_could_be_made_to_send_is_refused()
    {
        using var bare = new HttpClient { BaseAddress = new Uri(api.Address) };
        Assert.Equal(HttpStatusCode.Forbidden, (await bare.GetAsync(new Uri("/models", UriKind.Relative))).StatusCode);
        using var elsewhere = Client();
        elsewhere.DefaultRequestHeaders.Host = "evil.example";
        Assert.Equal(HttpStatusCode.Forbidden, (await elsewhere.GetAsync(new Uri("/models", UriKind.Relative)))
            .StatusCode);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_in_a_sentence()
    {
        var port = FreePorts.Two();
        using var other = new TcpListener(IPAddress.Loopback, port);
        other.Start();
        await using var second = await TestNode.Start(folder.PathOf("second.db"), new SimulatedModels(() => 1, () => 0),
            with: o => o with { Address = new("127.0.0.1", port) });
        var taken = await Assert.ThrowsAsync<IOException>(() => ControlApi.StartAsync(second, "/data"));
        Assert.Contains("is taken", taken.Message, StringComparison.Ordinal);
    }

    private HttpClient Client()
    {
        var client = new HttpClient { BaseAddress = new Uri(api.Address) };
        client.DefaultRequestHeaders.Add(ControlApi.Header, "1");
        return client;
    }

    private static async Task Until(HttpClient client, string state)
    {
        for (var left = 200; left > 0; left--)
        {
            var models = await client.GetFromJsonAsync<ModelStatus[]>("/models", ControlApi.Json);
            if (models!.Any(m => m.State == state)) return;
            await Task.Delay(25);
        }
        Assert.Fail($"the model is not {state} after 5 s");
    }
}
