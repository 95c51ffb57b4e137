using Akka.Actor;
using Akka.TestKit;
using Patchbay.Cluster.Actors;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>The actor that computes, under a test that stands for its model's.</summary>
public sealed class ComputeActorTests : ActorTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private readonly GatedSource source = new((order, _, _) => SimulatedModels.Results(order.Unit));
    private readonly TestProbe parent;
    private readonly IActorRef compute;

    public ComputeActorTests()
    {
        parent = CreateTestProbe("parent");
        compute = ActorOfAsTestActorRef<ComputeActor>(Props.Create(() => new ComputeActor(Key, source, "test")),
            parent.Ref);
    }

    [Fact]
    public void A_checkpoint_is_loaded_once_for_all_units_that_go_well()
    {
        for (var number = 0; number < 2; number++)
            Assert.Equal(SimulatedModels.Results(Order(number).Unit), Run(Order(number))!.Results);
        Assert.Equal((1, 0), (source.Opened, source.Freed));
    }

    [Theory]
    [InlineData(typeof(IOException), false, "it broke in two")]
    [InlineData(typeof(InvalidDataException), true, "it broke in two")]
    [InlineData(typeof(InvalidOperationException), false, "a fault of Patchbay itself (it broke in two)")]
    [InlineData(typeof(OperationCanceledException), false, "a fault of Patchbay itself (it broke in two)")]
    public void A_unit_that_fails_costs_all_that_it_holds(Type kind, bool permanent, string sentence)
    {
        source.Run = (_, _, _) => throw (Exception)Activator.CreateInstance(kind, "it broke\r\n in\t two")!;
        var failed = Run(Order())!;
        Assert.Equal((sentence, permanent, null), (failed.Error, failed.Permanent, failed.Results));
        Assert.Equal((1, 1), (source.Opened, source.Freed));
        source.Run = (order, _, _) => SimulatedModels.Results(order.Unit);
        Assert.Null(Run(Order(attempt: 2))!.Error);
        Assert.Equal(2, source.Opened);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_loaded_fails_the_unit_and_not_the_actor()
    {
        source.Broken = new InvalidDataException("it is another");
        Assert.Equal(("it is another", true, ""), Run(Order()) is { } failed
            ? (failed.Error, failed.Permanent, failed.Fingerprint) : default);
        compute.Tell(new LoadNow("cpu"));
        parent.ExpectMsg<ModelLoaded>(Soon); // ahead of time it says nothing: the unit will
        source.Broken = null;
        Assert.Null(Run(Order())!.Error);
    }

    [Fact]
    public void A_unit_that_is_stopped_has_no_outcome_and_its_model_stays()
    {
        using var stop = new CancellationTokenSource();
        source.Run = (_, _, cancel) =>
        {
            stop.Cancel();
            cancel.ThrowIfCancellationRequested();
            return [];
        };
        Assert.Null(Run(Order(), stop.Token));
        Assert.Null(Run(Order(), stop.Token)); // nor one that is stopped before it begins
        Assert.Equal((1, 0), (source.Opened, source.Freed));
    }

    [Fact]
    public void Progress_is_told_and_not_more_often_than_anybody_looks()
    {
        source.Run = (_, progress, _) =>
        {
            for (var i = 0; i < 1000; i++) progress(0.25);
            Thread.Sleep(250);
            for (var i = 0; i < 1000; i++) progress(0.5);
            return [];
        };
        compute.Tell(new Compute(Order(), "n#1", "cpu", default));
        Assert.Equal(0.5, parent.ExpectMsg<UnitMoved>(Soon).Share);
        parent.ExpectMsg<UnitEnded>(Soon);
    }

    [Fact]
    public async Task Freed_or_stopped_it_holds_nothing()
    {
        Run(Order());
        compute.Tell(FreeModel.Instance);
        parent.ExpectMsg<ModelFreed>(Soon);
        Assert.Equal((1, 1), (source.Opened, source.Freed));
        Run(Order());
        await compute.GracefulStop(Soon);
        Assert.Equal((2, 2), (source.Opened, source.Freed));
    }

    private UnitOutcome? Run(UnitOrder order, CancellationToken stop = default)
    {
        compute.Tell(new Compute(order, "n#1", "cpu", stop));
        var ended = parent.ExpectMsg<UnitEnded>(Soon, cancellationToken: CancellationToken.None);
        Assert.Equal(stop, ended.Stop);
        return ended.Outcome;
    }
}
