using Akka.Actor;
using Akka.Pattern;
using Akka.Persistence;
using Akka.TestKit;
using Patchbay.Cluster.Actors;
using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>The actor of a sweep, under its supervisor, on a journal that fails.</summary>
public sealed class SweepActorTests : ActorTest
{
    private static readonly string One = $"n#{Key.Id}#1", Two = $"n#{Key.Id}#2";
    private int nodes = 1;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10), Quiet = TimeSpan.FromMilliseconds(150);
    private static readonly string First = Order().Unit, Second = Order(1).Unit;
    private readonly TestProbe models, told, seen;
    private IActorRef sweep;

    public SweepActorTests()
    {
        models = CreateTestProbe("models");
        told = CreateTestProbe("told");
        seen = CreateTestProbe("seen");
        Sys.EventStream.Subscribe(told.Ref, typeof(SweepStopped));
        Sys.EventStream.Subscribe(seen.Ref, typeof(SweepSeen));
        sweep = Sweep();
    }

    [Fact]
    public void An_order_is_answered_when_it_is_recorded_and_does_nothing_the_second_time()
    {
        Assert.Equal(new("s", SweepStatus.Planned, true, null), Give(new PlanSweep(Plan, "test")));
        Assert.Equal(new("s", SweepStatus.Planned, false, null), Give(new PlanSweep(Plan, "test")));
        Assert.Equal("it has not been started", Give(new PauseSweep()).Refusal);
        Assert.Single(Journal.Written);
    }

    [Fact]
    public void Models_that_have_units_are_told_so_at_once_and_every_second()
    {
        Begin();
        for (var second = 0; second < 3; second++)
        {
            string[] wanted = [.. Expect<ServeSweep>(2).Select(m => m.Key.Name).Order()];
            Assert.Equal(["other", "sound"], wanted);
            models.ExpectNoMsg(Quiet);
            Pass();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_sweep_waits_for_the_nodes_that_it_expects_but_not_for_ever(bool theyCome)
    {
        var compute = Plan.Compute with { Expect = 3, ExpectSeconds = 30 };
        Give(new PlanSweep(Plan with { Compute = compute }, "test"));
        Give(new StartSweep());
        Pass(20);
        models.ExpectNoMsg(TimeSpan.FromMilliseconds(100));
        if (theyCome) nodes = 3;
        Pass(theyCome ? 1 : 15);
        Assert.Equal(Plan.Models.Count, Expect<ServeSweep>(Plan.Models.Count).Length);
    }

    [Fact]
    public async Task A_sweep_that_has_begun_does_not_wait_for_nodes_again()
    {
        nodes = 3;
        Give(new PlanSweep(Plan with { Compute = Plan.Compute with { Expect = 3, ExpectSeconds = 30 } }, "test"));
        Give(new StartSweep());
        await Report(One, room: 1);
        NextUnit();
        nodes = 2; // one was lost, and the sweep's actor with it
        await Restart();
        models.ReceiveWhile<object>(m => m, Quiet, Quiet);
        Pass();
        Assert.Equal(Plan.Models.Count, Expect<ServeSweep>(Plan.Models.Count).Length);
    }

    [Fact]
    public async Task A_unit_is_handed_out_every_second_until_it_is_acknowledged()
    {
        Begin();
        await Report(One, room: 1);
        var handed = NextUnit();
        Assert.Equal((One, First, 1), (handed.Worker, handed.Order.Unit, handed.Order.Attempt));
        for (var second = 0; second < 3; second++)
        {
            await NoUnit();
            Pass();
            var again = NextUnit();
            Assert.Equal((One, First, 1), (again.Worker, again.Order.Unit, again.Order.Attempt));
            await Report(Two, room: 0, new UnitProgress(First, 1, 0.5)); // another's word is no acknowledgement
        }
        await Report(One, room: 0, new UnitProgress(First, 1, 0.5));
        Pass();
        await NoUnit();
        Assert.Single(Claims());
    }

    [Fact]
    public async Task Units_of_a_worker_that_is_silent_are_handed_to_another()
    {
        Begin();
        await Report(One, room: 1);
        NextUnit();
        await Report(One, room: 0, new UnitProgress(First, 1, 0.5));
        await Report(Two, room: 1);
        Assert.Equal((Two, Second), Handed(NextUnit()));
        await Report(Two, room: 0, new UnitProgress(Second, 1, null));
        Pass(SweepDispatch.Silence.TotalSeconds);
        await Report(Two, room: 0, new UnitProgress(Second, 1, null));
        await NoUnit(); // ten seconds are not yet over
        Pass(0.1);
        await Report(Two, room: 1, new UnitProgress(Second, 1, null));
        Assert.Equal((Two, First), Handed(NextUnit()));
    }

    [Fact]
    public async Task A_unit_that_failed_rests_before_it_is_tried_again()
    {
        Begin();
        foreach (var (attempt, rest) in new[] { (1, 1.0), (2, 4.0) })
        {
            await Report(One, room: 1, new UnitProgress(First, attempt - 1, 1)); // an attempt that is over
            Assert.Equal((First, attempt), (NextUnit().Order.Unit, Claims().Count(c => c.Unit == First)));
            sweep.Tell(Outcome(First, attempt, "no memory"));
            Assert.Equal(attempt, Expect<OutcomeTaken>(1).Single().Attempt);
            await Report(One, room: 1);
            Assert.Equal(Second, NextUnit().Order.Unit); // the other one has its turn
            await Report(One, room: 0, new UnitProgress(Second, 1, null));
            await Report(One, room: 0); // and is given back
            Pass(rest - 0.1);
            await NoUnit();
            Pass(0.2);
        }
        await Report(One, room: 1);
        NextUnit();
        sweep.Tell(Outcome(First, 3, "no memory"));
        Expect<OutcomeTaken>(1);
        Assert.Single(Events<UnitSetAside>());
    }

    [Fact]
    public async Task An_outcome_that_comes_twice_is_answered_twice_and_recorded_once()
    {
        Begin();
        await Report(One, room: 1);
        NextUnit();
        for (var time = 0; time < 2; time++)
        {
            sweep.Tell(Outcome(First, 1));
            Assert.Equal(new(Key.Id, "s", First, 1), Expect<OutcomeTaken>(1).Single());
        }
        Assert.Single(Events<UnitCompleted>());
    }

    [Fact]
    public async Task What_comes_while_the_journal_is_slow_is_recorded_next_at_once_and_answered_only_then()
    {
        Begin();
        await Report(One, room: 2);
        Assert.Equal([First, Second], Expect<RunUnit>(2).Select(r => r.Order.Unit));
        var (slow, writes) = (new TaskCompletionSource(), Journal.Writes.Count);
        Journal.Held = slow.Task;
        foreach (var unit in new[] { First, Second, First }) sweep.Tell(Outcome(unit, 1));
        sweep.Tell(new SweepOrder("s", new PauseSweep()), TestActor);
        Assert.Empty(models.ReceiveWhile<object>(m => m, Quiet, Quiet).OfType<OutcomeTaken>());
        ExpectNoMsg(Quiet);
        Pass(); // who watches sees what is recorded
        var shown = (SweepSeen)seen.FishForMessage(m => m is SweepSeen { State.Status: SweepStatus.Running }, Soon);
        Assert.DoesNotContain(seen.ReceiveWhile<object>(m => m, Quiet, Quiet).Prepend(shown).OfType<SweepSeen>(),
            s => s.State.Unit(First)?.Status == UnitStatus.Completed);
        slow.SetResult();
        Assert.Equal([First, Second, First], Expect<OutcomeTaken>(3).Select(t => t.Unit));
        Assert.Equal(new("s", SweepStatus.Paused, true, null), ExpectMsg<SweepAnswer>(Soon));
        Assert.Equal(2, Journal.Writes.Count - writes); // the first outcome, and all that came while it waited
        Assert.Equal(2, Events<UnitCompleted>().Length);
    }

    [Fact]
    public async Task It_goes_on_from_the_events_and_learns_from_reports_who_has_which_unit()
    {
        Begin();
        await Report(One, room: 1);
        NextUnit();
        await Restart();
        await Report(One, room: 1, new UnitProgress(First, 1, 0.5)); // it has the unit, and room for another
        Assert.Equal(Second, NextUnit().Order.Unit);
        Assert.Equal(2, Claims().Length);
        Assert.Equal([1L], Journal.ReadFrom);
    }

    [Fact]
    public async Task It_goes_on_from_a_snapshot_and_reads_only_what_came_after()
    {
        Begin();
        await Keep(EncodedSnapshot.Of("sweep-s", Journal.Written.Count, State()));
        Give(new PauseSweep());
        await Restart();
        Assert.Equal(new("s", SweepStatus.Paused, false, null), Give(new PauseSweep()));
        Assert.Equal([(long)Journal.Written.Count], Journal.ReadFrom);
    }

    [Fact]
    public async Task A_snapshot_is_of_what_is_recorded()
    {
        Begin();
        var results = Enumerable.Range(0, 600).Select(i => new InterventionResult($"{i}", i, double.NaN, 1)).ToArray();
        var before = 0;
        foreach (var unit in new[] { First, Second })
        {
            before = Journal.Written.Count;
            await Report(One, room: 1);
            sweep.Tell(Outcome(unit, 1) with { Results = results });
            Expect<OutcomeTaken>(1);
        }
        SelectedSnapshot? kept = null;
        for (var left = 500; kept is null && left > 0; left--) // it is kept beside what the actor does
        {
            await Task.Delay(10);
            kept = (await Store.Ask<LoadSnapshotResult>(new LoadSnapshot("sweep-s", SnapshotSelectionCriteria.Latest,
                long.MaxValue), Soon)).Snapshot;
        }
        var (at, state) = (kept!.Metadata.SequenceNr, (EncodedSnapshot)kept.Snapshot);
        Assert.InRange(at, before + 600, Journal.Written.Count);
        Assert.Equal(Text.Of(SweepDecider.Evolve(SweepState.None, Events<SweepEvent>().Take((int)at))),
            Text.Of(state.TryDecode("sweep-s", at)!));
    }

    [Theory]
    [InlineData("sweep-state/99")]
    [InlineData(null)]
    public async Task A_snapshot_that_is_of_no_use_is_passed_over(string? manifest)
    {
        Begin();
        var good = EncodedSnapshot.Of("sweep-s", Journal.Written.Count, State());
        var bytes = good.Bytes;
        bytes[bytes.Length / 2] ^= 1;
        await Keep(new(manifest ?? good.Manifest, bytes));
        await Restart();
        await Back();
        Assert.Equal(new("s", SweepStatus.Running, false, null), Give(new StartSweep()));
        Assert.Equal([1L], Journal.ReadFrom);
        told.ExpectNoMsg(Quiet); // nothing is wrong with the sweep
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_comes_back_from_a_write_that_failed_and_tells_once_why(bool written)
    {
        Begin();
        await Report(One, room: 1);
        NextUnit();
        (Journal.Write, Journal.WritesAllTheSame) = (new IOException("no room"), written);
        for (var time = 0; time < 3; time++)
        {
            sweep.Tell(Outcome(First, 1)); // its sender repeats it
            await Down();
            Assert.Empty(models.ReceiveWhile<object>(m => m, Quiet, Quiet).OfType<OutcomeTaken>());
            await Back();
            if (written) break; // all is recorded, and there is nothing to fail at
        }
        var stopped = told.ExpectMsg<SweepStopped>(Soon);
        Assert.Equal(("s", "no room"), (stopped.Sweep, stopped.Reason.Message));
        told.ExpectNoMsg(Quiet);
        seen.FishForMessage(m => m is SweepSeen { Works: false }, Soon);
        Journal.Write = null;
        sweep.Tell(Outcome(First, 1));
        Assert.Equal(First, Expect<OutcomeTaken>(1).Single().Unit);
        Assert.Single(Events<UnitCompleted>());
        await Report(One, room: 1);
        Assert.Equal(Second, NextUnit().Order.Unit);
        seen.FishForMessage(m => m is SweepSeen { Works: true }, Soon);
        Journal.Write = new IOException("no room");
        sweep.Tell(Outcome(Second, 1));
        told.ExpectMsg<SweepStopped>(Soon); // it had worked meanwhile: this is news
    }

    [Theory]
    [InlineData(JournalFault.Corrupt)]
    [InlineData(JournalFault.Unknown)]
    public async Task One_whose_journal_cannot_be_read_is_left_alone(JournalFault fault)
    {
        Begin();
        Watch(sweep);
        Journal.Read = stored => fault == JournalFault.Unknown ? stored with { Manifest = "sweep-planned/99" }
            : stored with { Bytes = [.. stored.Bytes.Select(b => b == (byte)'7' ? (byte)'8' : b)] };
        new ActorSelection(sweep, "actor").Tell(PoisonPill.Instance);
        await Down();
        Pass(2);
        var stopped = told.ExpectMsg<SweepStopped>(Soon);
        Assert.Equal(fault, ((JournalException)stopped.Reason).Fault);
        ExpectTerminated(sweep, Soon);
    }

    private IActorRef Sweep() => Sys.ActorOf(SweepActor.Supervised("s", Experiment.All.ToDictionary(k => k.Name,
        k => (StageKind)k), "test", models.Ref, e => e, Time, () => nodes));

    private IActorRef Store => Persistence.Instance.Apply(Sys).SnapshotStoreFor(null);

    private SweepAnswer Give(SweepCommand command)
    {
        sweep.Tell(new SweepOrder("s", command), TestActor);
        return ExpectMsg<SweepAnswer>(Soon);
    }

    private void Begin()
    {
        Give(new PlanSweep(Plan, "test"));
        Give(new StartSweep());
    }

    private async Task Report(string worker, int room, params UnitProgress[] units)
    {
        sweep.Tell(new ModelReport("s", worker, "sound", room, units));
        await Handled(sweep); // it goes by way of the supervisor, and the clock does not
        await Handled(new ActorSelection(sweep, "actor"));
    }

    private static UnitOutcome Outcome(string unit, int attempt, string? error = null) => new("s", One, unit, attempt,
        error is null ? SimulatedModels.Results(unit) : null, Plan.Model("sound").Fingerprint, "test", 1, error, false);

    private RunUnit NextUnit() => Expect<RunUnit>(1).Single();

    private static (string, string) Handed(RunUnit run) => (run.Worker, run.Order.Unit);

    // The next messages of a kind to model actors; others may come between.
    private T[] Expect<T>(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (T)models.FishForMessage(m => m is T, Soon))];

    private async Task NoUnit()
    {
        await Handled(new ActorSelection(sweep, "actor"));
        Assert.Empty(models.ReceiveWhile<object>(m => m, Quiet, Quiet).OfType<RunUnit>());
    }

    private T[] Events<T>()
    {
        lock (Journal.Written)
        {
            return [.. Journal.Written.Select((stored, i) => stored.Decode("sweep-s", i + 1)).OfType<T>()];
        }
    }

    private UnitClaimed[] Claims() => Events<UnitClaimed>();

    private SweepState State() => SweepDecider.Evolve(SweepState.None, Events<SweepEvent>());

    private async Task Keep(EncodedSnapshot snapshot)
    {
        var last = new SnapshotMetadata("sweep-s", Journal.Written.Count, DateTime.UtcNow);
        await Store.Ask<SaveSnapshotSuccess>(new SaveSnapshot(last, snapshot), Soon);
    }

    private async Task Restart()
    {
        await sweep.GracefulStop(Soon);
        sweep = Sweep();
    }

    private Task Down() => Child(child => child is null || child.Equals(ActorRefs.Nobody));

    private async Task Back()
    {
        await Down();
        Pass(60);
        await Child(child => child is not null);
    }

    private async Task Child(Func<IActorRef?, bool> reached)
    {
        for (var left = 500; left > 0; left--)
        {
            var answer = await sweep.Ask<BackoffSupervisor.CurrentChild>(BackoffSupervisor.GetCurrentChild.Instance,
                Soon);
            if (reached(answer.Ref)) return;
            await Task.Delay(10);
        }
        Assert.Fail("not reached");
    }
}
