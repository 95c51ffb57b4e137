using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Membership;

/// <summary>Places models as <see cref="Placement"/> decides, each a shard of its own, by what the board of the node
/// says on which Akka.NET places shards.</summary>
/// <param name="board">The board.</param>
/// <param name="self">Address of this node.</param>
internal sealed class ModelAllocation(Board board, Func<Address> self) : IShardAllocationStrategy
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);
    private const int Looks = 50; // nodes tell of themselves every second

    /// <inheritdoc/>
    public async Task<IActorRef> AllocateShard(IActorRef requester, string shardId,
        IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        var nodes = Nodes(currentShardAllocations);
        for (var left = Looks; left > 0 && !nodes.Keys.All(board.Offers.ContainsKey); left--)
            await Task.Delay(LookEvery); // one that has just come has not told of itself yet
        var chosen = Placement.Choose(shardId, nodes, board.Offers, board.Wishes);
        return currentShardAllocations.Keys.First(region => NodeOf(region) == chosen);
    }

    /// <inheritdoc/>
    public Task<IImmutableSet<string>> Rebalance(
        IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations,
        IImmutableSet<string> rebalanceInProgress) => Task.FromResult<IImmutableSet<string>>(
            rebalanceInProgress.Count == 0
                && Placement.ToMove(Nodes(currentShardAllocations), board.Offers, board.Wishes) is { } id
                ? [id] : ImmutableHashSet<string>.Empty);

    private Dictionary<string, IReadOnlyList<string>> Nodes(
        IImmutableDictionary<IActorRef, IImmutableList<string>> allocations) =>
        allocations.ToDictionary(a => NodeOf(a.Key), a => (IReadOnlyList<string>)[.. a.Value]);

    private string NodeOf(IActorRef region) =>
        BoardActor.NodeOf(region.Path.Address.HasLocalScope ? self() : region.Path.Address);
}

/// <summary>Every model is a shard of its own, by the id of its actor.</summary>
internal sealed class ModelExtractor : IMessageExtractor
{
    /// <inheritdoc/>
    public string? EntityId(object message) => (message as IModelMessage)?.Model;

    /// <inheritdoc/>
    public object? EntityMessage(object message) => message;

    /// <inheritdoc/>
    public string? ShardId(object message) => EntityId(message);

    /// <inheritdoc/>
    public string ShardId(string entityId, object? messageHint = null) => entityId;
}
