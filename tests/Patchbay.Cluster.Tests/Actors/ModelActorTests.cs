using Akka.Actor;
using Akka.TestKit;
using Patchbay.Cluster.Actors;
using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Tests.Simulation;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>A model's actor between its sweeps and its node's broker.</summary>
public sealed class ModelActorTests : ActorTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10), Quiet = TimeSpan.FromMilliseconds(150);
    private readonly TestProbe sweeps, broker;
    private bool mayGoElsewhere;
    private readonly GatedSource source = new((order, _, _) => SimulatedModels.Results(order.Unit));

    public ModelActorTests() => (sweeps, broker) = (CreateTestProbe("sweeps"), CreateTestProbe("broker"));

    [Fact]
    public void It_acknowledges_a_unit_at_once_and_asks_for_the_device()
    {
        var (model, worker) = Serving();
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0.25));
        var report = Next<ModelReport>();
        Assert.Equal((1, new UnitProgress(Order().Unit, 1, null)), (report.Room, report.Units.Single()));
        Assert.Equal(new(Key, 0.25), broker.ExpectMsg<ComputeWanted>(Soon));
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0.25)); // and has it once, however often it comes
        Assert.Single(Next<ModelReport>().Units);
        Assert.Equal(0, source.Opened);
    }

    [Fact]
    public void An_outcome_is_said_every_second_until_its_sweep_has_taken_it()
    {
        var (model, worker) = Serving();
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0));
        Grant(model);
        var outcome = Next<UnitOutcome>();
        Assert.Equal(SimulatedModels.Results(Order().Unit), outcome.Results);
        Assert.Equal((worker, Key.Model.Fingerprint, null), (outcome.Worker, outcome.Fingerprint, outcome.Error));
        broker.ExpectMsg<ComputeDone>(Soon);
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0)); // what it has done it does not do again
        Assert.Equal(new UnitProgress(Order().Unit, 1, 1), Next<ModelReport>().Units.Single());
        broker.ExpectNoMsg(Quiet);
        for (var second = 0; second < 3; second++)
        {
            Pass();
            Assert.Equal(outcome, Next<UnitOutcome>());
        }
        model.Tell(new OutcomeTaken(Key.Id, "s", Order().Unit, 1));
        Pass();
        Assert.Empty(Said().OfType<UnitOutcome>());
    }

    [Fact]
    public void A_unit_that_hangs_is_given_up_and_the_next_one_runs_on_another_thread()
    {
        using var released = new ManualResetEventSlim();
        source.Run = (_, progress, _) =>
        {
            progress(0.5);
            released.Wait(Soon, CancellationToken.None);
            return [];
        };
        var (model, worker) = Serving();
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0));
        Grant(model);
        AwaitCondition(() => source.Opened == 1, Soon);
        Pass(ModelWork.HangsAfter.TotalSeconds);
        Assert.Empty(Said().OfType<UnitOutcome>()); // not yet
        Pass(1);
        var outcome = Next<UnitOutcome>();
        Assert.Equal((false, "it did not go on for 10 minutes and was given up"), (outcome.Permanent, outcome.Error));
        broker.FishForMessage(m => m is ComputeDone, Soon);
        source.Run = (order, _, _) => SimulatedModels.Results(order.Unit);
        model.Tell(new OutcomeTaken(Key.Id, "s", Order().Unit, 1));
        model.Tell(new RunUnit(Key.Id, worker, Order(attempt: 2), 0));
        Assert.Empty(broker.ReceiveWhile<object>(m => m, Quiet, Quiet).OfType<ComputeWanted>());
        Pass(1); // it has rested for half a second
        Grant(model);
        Assert.Equal((2, null), (Next<UnitOutcome>().Attempt, outcome.Results));
        released.Set(); // what it gives after all is nobody's
        Assert.Empty(Said().OfType<UnitOutcome>());
    }

    [Fact]
    public void One_that_is_dismissed_frees_its_checkpoint_and_asks_anew_when_it_has_a_unit()
    {
        var (model, worker) = Serving();
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0));
        Grant(model);
        broker.ExpectMsg<ComputeDone>(Soon);
        model.Tell(FreeModel.Instance, broker.Ref);
        Assert.Equal(new(Key.Id), broker.ExpectMsg<ModelIsFree>(Soon));
        Assert.Equal((1, 1), (source.Opened, source.Freed));
        model.Tell(new RunUnit(Key.Id, worker, Order(1), 0));
        Grant(model);
        broker.ExpectMsg<ComputeDone>(Soon);
        Assert.Equal(2, source.Opened);
    }

    [Fact]
    public void One_that_no_sweep_wants_any_more_says_so_to_the_broker()
    {
        Serving();
        Pass(2.9);
        broker.ExpectNoMsg(Quiet);
        Pass(1);
        broker.ExpectMsg<ModelIdle>(Soon);
    }

    [Fact]
    public void A_checkpoint_is_loaded_ahead_of_the_first_unit_where_an_operator_wants_it()
    {
        var model = Model();
        model.Tell(new LoadModel(Key.Id, Key));
        Grant(model);
        broker.ExpectMsg<ComputeDone>(Soon);
        Assert.Equal(1, source.Opened);
    }

    [Fact]
    public async Task One_that_is_born_again_is_another_worker_and_takes_no_units_of_the_first()
    {
        var (model, first) = Serving();
        await model.GracefulStop(Soon);
        Assert.Equal(new(Key.Id), broker.ExpectMsg<ModelIsFree>(Soon));
        var last = Next<ModelReport>();
        Assert.Equal((first, 0, 0), (last.Worker, last.Room, last.Units.Count)); // so that its units are free at once
        var (again, second) = Serving();
        Assert.NotEqual(first, second);
        Assert.StartsWith("node#", second, StringComparison.Ordinal);
        again.Tell(new RunUnit(Key.Id, first, Order(), 0));
        var report = Next<ModelReport>();
        Assert.Equal((2, 0), (report.Room, report.Units.Count));
        broker.ExpectNoMsg(Quiet);
    }

    private IActorRef Model()
    {
        Func<bool> elsewhere = () => mayGoElsewhere;
        return Sys.ActorOf(Props.Create(() =>
            new ModelActor(Key.Id, "node", "test", source, sweeps.Ref, broker.Ref, Time, elsewhere)));
    }

    [Fact]
    public void A_checkpoint_that_is_not_here_is_left_to_another_node_and_where_there_is_none_the_unit_says_why()
    {
        source.Broken = new InvalidDataException("it is not here");
        mayGoElsewhere = true;
        var (model, worker) = Serving();
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0));
        Grant(model);
        Assert.Equal(new(Key.Id, "it is not here"), (ModelRefused)broker.FishForMessage(m => m is ModelRefused, Soon));
        var report = (ModelReport)sweeps.FishForMessage(m => m is ModelReport { Room: 0, Units.Count: 0 }, Soon);
        Assert.Equal(worker, report.Worker); // it has given the unit back, and takes none
        broker.ExpectMsg<ModelIsFree>(Soon);
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0));
        broker.ExpectNoMsg(Quiet);
        mayGoElsewhere = false;
        Pass();
        model.Tell(new RunUnit(Key.Id, worker, Order(), 0));
        Grant(model);
        var outcome = Next<UnitOutcome>();
        Assert.Equal(("it is not here", true), (outcome.Error, outcome.Permanent));
    }

    // One that a sweep has told to serve, and its name as a worker.
    private (IActorRef Model, string Worker) Serving()
    {
        var model = Model();
        model.Tell(new ServeSweep(Key.Id, Key, "s"));
        var report = Next<ModelReport>();
        Assert.Equal((2, 0, "sound"), (report.Room, report.Units.Count, report.ModelName));
        return (model, report.Worker);
    }

    private void Grant(IActorRef model)
    {
        broker.FishForMessage(m => m is ComputeWanted, Soon);
        model.Tell(new ComputeGranted("cpu"), broker.Ref);
    }

    private T Next<T>() => (T)sweeps.FishForMessage(m => m is T, Soon);

    private IEnumerable<object> Said() => sweeps.ReceiveWhile<object>(m => m, Quiet, Quiet);
}
