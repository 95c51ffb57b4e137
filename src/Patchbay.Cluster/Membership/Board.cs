using System.Collections.Concurrent;
using System.Text.Json;
using Akka.Actor;
using Akka.Cluster;
using Patchbay.Cluster.Actors;
using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Membership;

/// <summary>What the nodes of a cluster have told of themselves, as one of them knows it.</summary>
public sealed class Board
{
    private readonly ConcurrentDictionary<string, NodeOffer> offers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> wishes = new(StringComparer.Ordinal);

    /// <summary>What each node has, by its address in the cluster.</summary>
    public IReadOnlyDictionary<string, NodeOffer> Offers => offers;

    /// <summary>The node that an operator has named for a model, by the model's name.</summary>
    public IReadOnlyDictionary<string, string> Wishes => wishes;

    /// <summary>A node has told of itself.</summary>
    public void Put(NodeOffer offer) => offers[offer.Node] = offer;

    /// <summary>An operator wants a model on a node.</summary>
    public void Wish(string model, string node) => wishes[model] = node;

    /// <summary>A node is gone, and with it what was wished of it.</summary>
    public void Remove(string node)
    {
        offers.TryRemove(node, out _);
        foreach (var (model, _) in wishes.Where(w => w.Value == node)) wishes.TryRemove(model, out _);
    }
}

/// <summary>Passes on what nodes tell of themselves: this node's to all others when it changes, when a node comes, and
/// every ten seconds; theirs to the board. In a large cluster changes are told less often, so that a node gets some ten
/// messages a second whatever the number of others. Asked by path, for it is there on every node.</summary>
internal sealed class BoardActor : ReceiveActor
{
    /// <summary>Its name under /user.</summary>
    public const string Name = "board";

    private const int Repeat = 10; // of what comes every second
    private const int NodesASecond = 10;

    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(Context.System);
    private string said = "";
    private int silent;
    private OfferMessage? last;

    /// <summary>Makes one.</summary>
    /// <param name="board">What it keeps.</param>
    /// <param name="broker">This node's broker, which tells it of this node.</param>
    public BoardActor(Board board, IActorRef broker)
    {
        Receive<OwnOffer>(own =>
        {
            var offer = new NodeOffer(NodeOf(cluster.SelfAddress), own.Devices, own.Models, own.Refused);
            board.Put(offer);
            var says = JsonSerializer.Serialize(offer);
            var pause = cluster.State.Members.Count / NodesASecond;
            if (++silent < (says == said ? Math.Max(Repeat, pause) : pause)) return;
            (said, silent, last) = (says, 0, new OfferMessage(offer));
            ToOthers(last);
        });
        // Who has just come is told by each, and nobody else again: all telling all at every coming is too much.
        Receive<ClusterEvent.MemberUp>(up =>
        {
            if (last is not null && up.Member.Address != cluster.SelfAddress) Tell(up.Member.Address, last);
        });
        Receive<OfferMessage>(other => board.Put(other.Offer));
        Receive<UnloadModels>(asked =>
        {
            // This node's API has asked its own broker; from another node it comes here.
            if (Sender.Path.Address.HasGlobalScope) broker.Tell(new DismissModels(asked.Name), ActorRefs.NoSender);
            else ToOthers(asked);
        });
        Receive<MoveModel>(asked =>
        {
            board.Wish(asked.Name, asked.Node);
            if (!Sender.Path.Address.HasGlobalScope) ToOthers(asked);
        });
        Receive<ClusterEvent.MemberRemoved>(gone => board.Remove(NodeOf(gone.Member.Address)));
        Receive<ClusterEvent.CurrentClusterState>(_ => { });
    }

    /// <summary>A node as boards name it.</summary>
    public static string NodeOf(Address address) => address.HostPort();

    /// <summary>Where the API of such a node is.</summary>
    public static string ApiOf(string node)
    {
        var system = NodeAddress.Parse(node[(node.IndexOf('@') + 1)..]);
        return (system with { Port = system.Port - 1 }).ToString();
    }

    protected override void PreStart() => cluster.Subscribe(Self, ClusterEvent.InitialStateAsSnapshot,
        typeof(ClusterEvent.MemberRemoved), typeof(ClusterEvent.MemberUp));

    protected override void PostStop() => cluster.Unsubscribe(Self);

    private void ToOthers(INodeMessage message)
    {
        foreach (var member in cluster.State.Members.Where(m => m.Address != cluster.SelfAddress
            && m.Status is MemberStatus.Up or MemberStatus.Joining))
            Tell(member.Address, message);
    }

    private static void Tell(Address node, INodeMessage message) =>
        Context.ActorSelection(new RootActorPath(node) / "user" / Name).Tell(message);
}

/// <summary>What this node has for models.</summary>
internal sealed record OwnOffer(IReadOnlyDictionary<string, long> Devices, IReadOnlyList<OfferedModel> Models,
    IReadOnlyDictionary<string, string> Refused) : ILocalMessage;
