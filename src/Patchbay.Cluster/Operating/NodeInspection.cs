using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Akka.Persistence;
using Akka.Util;
using Patchbay.Cluster.Membership;

namespace Patchbay.Cluster.Operating;

/// <summary>An actor and those under it.</summary>
/// <param name="Path">"/user/broker".</param>
/// <param name="Class">Name of its class.</param>
/// <param name="Children">Those under it.</param>
public sealed record ActorView(string Path, string Class, IReadOnlyList<ActorView> Children);

/// <summary>A node of the cluster, as the node that was asked sees it.</summary>
/// <param name="Address">Where it is reached.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Status">"up".</param>
/// <param name="Version">Version of the program, as the cluster knows it.</param>
/// <param name="Reachable">Whether it answers.</param>
/// <param name="Leader">Whether it is the cluster's leader.</param>
/// <param name="Self">Whether it is the node that was asked.</param>
public sealed record MemberView(string Address, IReadOnlyList<string> Roles, string Status, string Version,
    bool Reachable, bool Leader, bool Self);

/// <summary>A shard of a region.</summary>
/// <param name="Region">"sweep" or "model".</param>
/// <param name="Address">Node that has it.</param>
/// <param name="Shard">Its id.</param>
/// <param name="Count">How many entities live in it.</param>
/// <param name="Entities">Their ids, where it is on the node that was asked.</param>
public sealed record ShardView(string Region, string Address, string Shard, int Count, IReadOnlyList<string>? Entities);

/// <summary>What operators can see of a node's actor system.</summary>
/// <param name="system">The actor system.</param>
public sealed class NodeInspection(ActorSystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(system);

    private string Own => AddressOf(Cluster.SelfAddress);

    // HOST:PORT of its API, as everybody is to say it; of a node at any free port, which others do not speak to, the
    // actor system's own.
    private string AddressOf(Address member) => system.Settings.Config.GetInt("akka.remote.dot-netty.tcp.port") == 0
        ? member.ToString() : BoardActor.ApiOf(BoardActor.NodeOf(member));

    /// <summary>Actors: Patchbay's own, which are those under /user and the shards of sweeps and models; or
    /// all.</summary>
    public IReadOnlyList<ActorView> Actors(bool all)
    {
        var provider = ((ExtendedActorSystem)system).Provider;
        var sharding = provider.SystemGuardian.GetSingleChild("sharding") as ActorRefWithCell;
        IEnumerable<IActorRef> roots = all ? [provider.Guardian, provider.SystemGuardian]
            : [provider.Guardian, .. ClusterSharding.Get(system).ShardTypeNames.Order(StringComparer.Ordinal)
                .Select(name => sharding?.GetSingleChild(name)).OfType<ActorRefWithCell>()];
        return [.. roots.Select(View)];
    }

    /// <summary>Members of the cluster, the oldest first.</summary>
    public IReadOnlyList<MemberView> Members()
    {
        var state = Cluster.State;
        return [.. state.Members.OrderBy(m => m, Member.AgeOrdering).Select(m => new MemberView(AddressOf(m.Address),
            [.. m.Roles.Order(StringComparer.Ordinal)], m.Status.ToString().ToLowerInvariant(), m.AppVersion.Version,
            !state.Unreachable.Contains(m), m.Address.Equals(state.Leader), m.Address.Equals(Cluster.SelfAddress)))];
    }

    /// <summary>Counts a member out; false where there is none at that address.</summary>
    public bool Down(NodeAddress gone)
    {
        if (MemberAt(gone) is not { } member) return false;
        Cluster.Down(member);
        return true;
    }

    /// <summary>The member of the cluster whose API is at an address, or null.</summary>
    public Address? MemberAt(NodeAddress node) => Cluster.State.Members.FirstOrDefault(m =>
        m.Address.Host == node.Host && m.Address.Port == node.ActorPort)?.Address;

    /// <summary>Shards of sweeps and models on all nodes.</summary>
    public async Task<IReadOnlyList<ShardView>> ShardsAsync()
    {
        var shards = new List<ShardView>();
        foreach (var name in ClusterSharding.Get(system).ShardTypeNames.Order(StringComparer.Ordinal))
        {
            var region = ClusterSharding.Get(system).ShardRegion(name);
            var own = await region.Ask<CurrentShardRegionState>(GetShardRegionState.Instance, Patience);
            var ids = own.Shards.ToDictionary(s => s.ShardId, s => s.EntityIds.Order(StringComparer.Ordinal).ToArray());
            var stats = await region.Ask<ClusterShardingStats>(new GetClusterShardingStats(Patience), 2 * Patience);
            shards.AddRange(
                from node in stats.Regions
                let address = node.Key.HasLocalScope ? Own : AddressOf(node.Key)
                from shard in node.Value.Stats
                orderby address, shard.Key.Length, shard.Key
                select new ShardView(name, address, shard.Key, shard.Value,
                    address == Own ? ids.GetValueOrDefault(shard.Key) : null));
        }
        return shards;
    }

    /// <summary>What keeps the node from serving, a sentence each: none where it is ready.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync()
    {
        var missing = new List<string>();
        if (Cluster.SelfMember.Status != MemberStatus.Up)
            missing.Add($"this member of the cluster is not up, but {Cluster.SelfMember.Status}");
        var regions = ClusterSharding.Get(system).ShardTypeNames;
        if (regions.IsEmpty) missing.Add("no shard region is started");
        var asked = regions.Select(name => Answers($"the shard region of {name}s knows no coordinator",
            async cancel => (await ClusterSharding.Get(system).ShardRegion(name)
                .Ask<CurrentRegions>(GetCurrentRegions.Instance, Patience, cancel)).Regions.Any()));
        asked = asked.Append(Answers("the journal does not answer", async cancel =>
            (await Persistence.Instance.Apply(system).CheckJournalHealthAsync("", cancel)).Status
                == PersistenceHealthStatus.Healthy));
        missing.AddRange((await Task.WhenAll(asked)).OfType<string>());
        return missing;
    }

    private static async Task<string?> Answers(string otherwise, Func<CancellationToken, Task<bool>> ask)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await ask(patience.Token) ? null : otherwise;
        }
#pragma warning disable CA1031 // However it fails to answer, it does not answer.
        catch (Exception)
#pragma warning restore CA1031
        {
            return otherwise;
        }
    }

    private static ActorView View(IActorRef actor)
    {
        var path = actor.Path.ToStringWithoutAddress();
        return actor is not ActorRefWithCell known ? new(path, actor.GetType().Name, [])
            : new(path, known.Underlying.Props.Type.Name, [.. known.Children.OrderBy(c => c.Path.Name,
                StringComparer.Ordinal).Select(View)]);
    }
}
