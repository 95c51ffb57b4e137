using Akka.Actor;
using Akka.TestKit;
using Patchbay.Cluster.Actors;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>A node's broker between model actors: two slots, and memory for two models.</summary>
public sealed class BrokerActorTests : ActorTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10), Quiet = TimeSpan.FromMilliseconds(150);
    private const long Room = 1 << 20;
    private readonly IActorRef broker;

    public BrokerActorTests()
    {
        var devices = new Dictionary<string, long> { ["cpu"] = 2 * Room };
        broker = Sys.ActorOf(Props.Create(() => new BrokerActor(2, devices)));
    }

    [Fact]
    public void As_many_compute_as_there_are_slots_and_who_is_furthest_behind_is_next()
    {
        TestProbe[] models = [.. "abcd".Select(name => Wanting($"{name}", name == 'd' ? 0.1 : 0.5, bytes: 1))];
        models[0].ExpectMsg<ComputeGranted>(Soon);
        models[1].ExpectMsg<ComputeGranted>(Soon);
        models[2].ExpectNoMsg(Quiet);
        broker.Tell(new ComputeDone(Named("a", bytes: 1).Id, Wanted: true), models[0]);
        models[3].ExpectMsg<ComputeGranted>(Soon); // though c has waited longer
        broker.Tell(new ComputeWanted(Named("a", bytes: 1), 0.5), models[0]);
        broker.Tell(new ComputeDone(Named("d", bytes: 1).Id, Wanted: true), models[3]);
        models[2].ExpectMsg<ComputeGranted>(Soon); // as far as a, and has waited longer
        models[0].ExpectNoMsg(Quiet);
    }

    [Fact]
    public void Where_memory_is_short_the_idle_model_used_longest_ago_is_freed_first()
    {
        TestProbe[] loaded = [Wanting("a", 0), Wanting("b", 0)];
        foreach (var (probe, name) in loaded.Zip("ab", (p, n) => (p, n.ToString())))
        {
            probe.ExpectMsg<ComputeGranted>(Soon);
            broker.Tell(new ComputeDone(Named(name).Id, Wanted: true), probe);
        }
        var third = Wanting("c", 0);
        third.ExpectNoMsg(Quiet); // both are wanted by their sweeps
        broker.Tell(new ModelIdle(Named("b").Id), loaded[1]);
        loaded[1].ExpectMsg<FreeModel>(Soon); // a, used longer ago, is wanted still
        third.ExpectNoMsg(Quiet); // it is not free yet
        broker.Tell(new ModelIsFree(Named("b").Id), loaded[1]);
        third.ExpectMsg<ComputeGranted>(Soon);
        broker.Tell(new ComputeDone(Named("c").Id, Wanted: false), third);
        broker.Tell(new ModelIdle(Named("a").Id), loaded[0]);
        Wanting("d", 0);
        loaded[0].ExpectMsg<FreeModel>(Soon);
        third.ExpectNoMsg(Quiet); // and one is enough
    }

    [Fact]
    public async Task An_operator_sees_the_models_and_dismisses_them_by_name()
    {
        var probe = Wanting("a", 0);
        probe.ExpectMsg<ComputeGranted>(Soon);
        Assert.Equal([("a", "computing")], await Models());
        broker.Tell(new ComputeDone(Named("a").Id, Wanted: false), probe);
        Assert.Equal([("a", "loaded")], await Models());
        Assert.Equal(0, await broker.Ask<int>(new DismissModels("b"), Soon));
        Assert.Equal(1, await broker.Ask<int>(new DismissModels("a"), Soon));
        probe.ExpectMsg<FreeModel>(Soon);
        Assert.Equal([("a", "leaving")], await Models());
        broker.Tell(new ModelIsFree(Named("a").Id), probe);
        Assert.Equal([("a", "cold")], await Models());
    }

    private static ModelKey Named(string name, long bytes = Room) =>
        Key with { Model = Key.Model with { Name = name }, MemoryBytes = bytes };

    private TestProbe Wanting(string name, double share, long bytes = Room)
    {
        var probe = CreateTestProbe(name);
        broker.Tell(new ComputeWanted(Named(name, bytes), share), probe);
        return probe;
    }

    private async Task<(string, string)[]> Models() =>
        [.. (await broker.Ask<ModelList>(ModelsWanted.Instance, Soon)).Models.Select(m => (m.Name, m.State))];
}
