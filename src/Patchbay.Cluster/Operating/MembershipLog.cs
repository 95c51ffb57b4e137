using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace Patchbay.Cluster.Operating;

/// <summary>Tells the log which nodes come, are not reached, and go.</summary>
internal sealed class MembershipLog : ReceiveActor
{
    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(Context.System);

    public MembershipLog()
    {
        var log = Context.GetLogger();
        Receive<ClusterEvent.MemberUp>(up => log.Info("member {Address} is up, roles {Roles}", up.Member.Address,
            string.Join(' ', up.Member.Roles)));
        Receive<ClusterEvent.MemberRemoved>(gone =>
        {
            var address = gone.Member.Address;
            if (gone.PreviousStatus == MemberStatus.Down) log.Warning("member {Address} was downed", address);
            else log.Info("member {Address} has left", address);
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
