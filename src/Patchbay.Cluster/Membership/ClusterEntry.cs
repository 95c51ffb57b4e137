using System.Net.Http.Json;
using Akka.Actor;
using Akka.Cluster;

namespace Patchbay.Cluster.Membership;

/// <summary>How a node gets into its cluster: alone it is one; else it asks the nodes that it was told of whether they
/// are of its kind, and joins them.</summary>
internal static class ClusterEntry
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Joins, and returns when the node is up.</summary>
    /// <param name="system">Its actor system.</param>
    /// <param name="options">How it runs.</param>
    /// <param name="journal">Name of its journal.</param>
    /// <param name="cancel">Given up.</param>
    /// <exception cref="InvalidDataException">The others are of another version, or have another journal.</exception>
    public static async Task JoinAsync(ActorSystem system, ClusterOptions options, string? journal,
        CancellationToken cancel)
    {
        var cluster = Akka.Cluster.Cluster.Get(system);
        try
        {
            if (options.Seeds.Count == 0) await cluster.JoinAsync(cluster.SelfAddress, cancel);
            else await JoinOthersAsync(cluster, options, journal!, cancel);
        }
        catch (ClusterJoinFailedException e) // also what is thrown where it was given up
        {
            cancel.ThrowIfCancellationRequested();
            throw new IOException($"node {options.Address} could not join "
                + (options.Seeds.Count == 0 ? "itself" : string.Join(", ", options.Seeds)), e);
        }
        // What is seen of the cluster comes a moment later.
        while (cluster.State.Members.All(m => m.UniqueAddress != cluster.SelfUniqueAddress))
            await Task.Delay(10, cancel);
    }

    private static async Task JoinOthersAsync(Akka.Cluster.Cluster cluster, ClusterOptions options, string journal,
        CancellationToken cancel)
    {
        var others = options.Seeds.Where(seed => seed != options.Address).ToArray();
        await Task.WhenAll(others.Select(seed => CheckAsync(seed, options, journal, cancel)));
        await cluster.JoinSeedNodesAsync(options.Seeds.Select(seed => cluster.SelfAddress
            .WithHost(seed.Host).WithPort(seed.ActorPort)), cancel);
        // A seed that did not answer was not asked; the cluster itself knows.
        if (cluster.State.Members.FirstOrDefault(m => !m.AppVersion.Equals(cluster.SelfMember.AppVersion)) is { } other)
        {
            await cluster.LeaveAsync(cancel);
            throw Refused(other.Address.HostPort(), other.AppVersion.Version, options.Code);
        }
    }

    private static async Task CheckAsync(NodeAddress seed, ClusterOptions options, string journal,
        CancellationToken cancel)
    {
        using var http = NodeClient.Create(seed, options.Certificate, null);
        try
        {
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            soon.CancelAfter(Patience);
            var info = await http.GetFromJsonAsync<NodeInfo>("/node", ControlApi.Json, soon.Token);
            if (info!.Version != options.Code) throw Refused(seed.ToString(), info.Version, options.Code);
            if (info.Journal is { } theirs && theirs != journal) throw new InvalidDataException(
                $"node {seed} keeps its sweeps in another journal than this one's, {options.Journal}: nodes of a "
                + "cluster share one");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException
            or System.Text.Json.JsonException && !cancel.IsCancellationRequested)
        {
            // It is not up yet, or not reached: joining goes on until it is.
        }
    }

    private static InvalidDataException Refused(string node, string theirs, string own) => new(
        $"node {node} runs Patchbay {theirs}, this is {own}: nodes of a cluster are of one version");
}
