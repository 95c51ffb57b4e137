using Akka.Actor;
using Akka.Hosting;
using Patchbay.Cluster.Actors;
using Patchbay.Cluster.Membership;

namespace Patchbay.Cluster.Operating;

/// <summary>The models of a node's cluster, as operators see, load, free and move them.</summary>
/// <param name="system">The node's actor system.</param>
/// <param name="actors">Its actors.</param>
/// <param name="board">What its fellows have told of themselves.</param>
public sealed class NodeModels(ActorSystem system, ActorRegistry actors, Board board)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private string Own => BoardActor.NodeOf(Akka.Cluster.Cluster.Get(system).SelfAddress);

    /// <summary>The model actors of all nodes: of this one as they are, of others as they were within a
    /// second.</summary>
    public async Task<IReadOnlyList<ModelStatus>> ListAsync()
    {
        var own = (await actors.Get<BrokerActor>().Ask<ModelList>(ModelsWanted.Instance, Patience)).Models;
        var others = board.Offers.Values.Where(o => o.Node != Own).OrderBy(o => o.Node, StringComparer.Ordinal);
        return [.. others.Select(o => (o.Node, o.Models)).Prepend((Own, own)).SelectMany(n => n.Item2.Select(m =>
            new ModelStatus(m.Name, BoardActor.ApiOf(n.Item1), m.Id, m.State)))];
    }

    /// <summary>Has a model loaded before a unit needs it.</summary>
    public void Load(ModelKey model) => actors.Get<ModelActor>().Tell(new LoadModel(model.Id, model));

    /// <summary>Has all models of a name freed, on all nodes; false where none has memory.</summary>
    public async Task<bool> UnloadAsync(string name)
    {
        Tell(new UnloadModels(name)); // for the others
        return await actors.Get<BrokerActor>().Ask<int>(new DismissModels(name), Patience) > 0 || board.Offers.Values
            .Any(o => o.Node != Own && o.Models.Any(m => m.Name == name && m.State != "cold"));
    }

    /// <summary>Has the first replica of a model placed on a node; false where the cluster has none at that
    /// address.</summary>
    public bool Move(string model, NodeAddress to)
    {
        if (new NodeInspection(system).MemberAt(to) is not { } member) return false;
        Tell(new MoveModel(model, BoardActor.NodeOf(member)));
        return true;
    }

    private void Tell(INodeMessage message) => system.ActorSelection($"/user/{BoardActor.Name}").Tell(message);
}
