using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Journal;

namespace Patchbay.Cluster.Tests.Membership;

/// <summary>Nodes that join each other, and those that must not: actor systems and APIs, in this process.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync.
public sealed class MembershipTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly TemporaryFolder folder = new();
    private readonly NodeAddress seed = new("127.0.0.1", FreePorts.Two());
    private ClusterCertificate certificate = null!;
    private ClusterNode first = null!;
    private ControlApi api = null!;

    public async Task InitializeAsync()
    {
        ClusterCertificate.Write(folder.PathOf("cluster.pem"));
        certificate = ClusterCertificate.Read(folder.PathOf("cluster.pem"));
        first = await Start(seed);
        api = await ControlApi.StartAsync(first, "/data");
    }

    public async Task DisposeAsync()
    {
        await api.DisposeAsync();
        await first.DisposeAsync();
        certificate.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Nodes_with_the_cluster_s_certificate_join_and_a_sweep_goes_on_when_the_one_that_had_it_leaves()
    {
        var second = await Start(new("127.0.0.1", FreePorts.Two()));
        Assert.Equal(2, first.Inspection.Members().Count(m => m.Status == "up"));
        Assert.True(first.IsFellow(second.Number) && second.IsFellow(first.Number));
        await TestNode.Begin(first, SimulatedPlan.Make(poisoned: false, batches: false));
        var (holder, other) = second.Sweep("s").Plan is not null ? (second, first) : (first, second);
        Assert.NotNull(holder.Sweep("s").Plan);
        await holder.DisposeAsync();
        await TestNode.Until(other, state => state.Ended);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_sweep_of_any_size_is_ordered_from_any_node()
    {
        await using var second = await Start(new("127.0.0.1", FreePorts.Two()));
        var plan = SimulatedPlan.Make(poisoned: false, batches: false) with { StudyText = new('#', 5_000_000) };
        foreach (var node in (ClusterNode[])[first, second]) // one of the two passes it on
            await node.OrderAsync("s", new PlanSweep(plan, "test")).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_node_of_another_version_is_refused()
    {
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Start(new("127.0.0.1", FreePorts.Two()),
            with: o => o with { Code = "0.0.1" }));
        Assert.Equal($"node {seed} runs Patchbay test, this is 0.0.1: nodes of a cluster are of one version",
            e.Message);
        Assert.Single(first.Inspection.Members());
    }

    [Fact]
    public async Task A_node_of_another_version_is_refused_also_where_only_the_actor_system_answers()
    {
        await api.DisposeAsync();
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Start(new("127.0.0.1", FreePorts.Two()),
            with: o => o with { Code = "0.0.1" }));
        Assert.Contains("runs Patchbay test, this is 0.0.1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_with_another_journal_is_refused()
    {
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Start(new("127.0.0.1", FreePorts.Two()),
            "other.db"));
        Assert.Contains($"node {seed} keeps its sweeps in another journal", e.Message, StringComparison.Ordinal);
        Assert.Single(first.Inspection.Members());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stranger_does_not_join(bool hasCertificate)
    {
        ClusterCertificate.Write(folder.PathOf("stranger.pem"));
        using var own = hasCertificate ? ClusterCertificate.Read(folder.PathOf("stranger.pem")) : null;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Start(new("127.0.0.1", FreePorts.Two()),
            with: o => o with { Certificate = own }, cancel: patience.Token));
        Assert.Single(first.Inspection.Members());
    }

    private async Task<ClusterNode> Start(NodeAddress address, string journal = "journal.db",
        Func<ClusterOptions, ClusterOptions>? with = null, CancellationToken cancel = default) =>
        await TestNode.Start(folder.PathOf(journal), new SimulatedModels(() => 1, () => 0), cancel: cancel,
            with: o =>
            {
                var options = o with { Address = address, Seeds = [seed], Certificate = certificate };
                return with?.Invoke(options) ?? options;
            });
}
