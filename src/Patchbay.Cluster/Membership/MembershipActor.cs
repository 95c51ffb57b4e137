using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace Patchbay.Cluster.Membership;

/// <summary>Follows which nodes come, are not reached, and go: tells the log, and has sweeps of one that is gone go on
/// here.</summary>
internal sealed class MembershipActor : ReceiveActor
{
    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(Context.System);

    /// <summary>Makes one.</summary>
    /// <param name="met">Told the number of every node.</param>
    /// <param name="wake">Has all sweeps that are running go on.</param>
    public MembershipActor(Action<int> met, Action wake)
    {
        var log = Context.GetLogger();
        Receive<ClusterEvent.MemberJoined>(joins => met(joins.Member.UniqueAddress.Uid));
        Receive<ClusterEvent.MemberUp>(up =>
        {
            met(up.Member.UniqueAddress.Uid);
            log.Info("member {Address} is up, roles {Roles}", up.Member.Address, string.Join(' ', up.Member.Roles));
        });
        Receive<ClusterEvent.MemberRemoved>(gone =>
        {
            var address = gone.Member.Address;
            if (gone.PreviousStatus == MemberStatus.Down) log.Warning("member {Address} was downed", address);
            else log.Info("member {Address} has left", address);
            if (!cluster.SelfRoles.Contains("coordinator") || cluster.IsTerminated) return;
            wake();
        });
        Receive<ClusterEvent.UnreachableMember>(silent => log.Warning("member {Address} is not reached",
            silent.Member.Address));
        Receive<ClusterEvent.ReachableMember>(back => log.Info("member {Address} is reached again",
            back.Member.Address));
        Receive<ClusterEvent.IClusterDomainEvent>(_ => { });
    }

    protected override void PreStart() => cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents,
        typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));

    protected override void PostStop() => cluster.Unsubscribe(Self);
}
