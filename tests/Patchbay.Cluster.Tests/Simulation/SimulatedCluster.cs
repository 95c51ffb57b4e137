using Patchbay.Cluster.Dispatch;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Simulation;

/// <summary>
/// A whole cluster in one thread, driven by a <see cref="SimulatedCase"/>: one sweep, up to three nodes with their
/// brokers and model actors, with lost, late, repeated and reordered messages, a journal that fails before or after it
/// has recorded, nodes that die anywhere and come back, units that fail or hang, and an operator who pauses, resumes
/// and retries. After a while nothing goes wrong any more, and the sweep must end.
/// </summary>
internal sealed class SimulatedCluster
{
    private const double LimitSeconds = 6000;
    private static readonly Dictionary<string, StageKind> Kinds =
        Experiment.All.ToDictionary(k => k.Name, k => (StageKind)k);

    private readonly Random random;
    private readonly PriorityQueue<Action, (double, int)> agenda = new();
    private readonly SimulatedMachine[] machines;
    private readonly SimulatedCase made;
    private readonly SweepPlan plan;
    private readonly List<SweepEvent> events = [];
    private SweepCore? core; // null while the sweep's actor is down
    private readonly Queue<Step> waiting = []; // decided, not recorded
    private readonly Dictionary<(string Unit, int Attempt), int> runs = [];
    private readonly HashSet<(string Unit, int Attempt)> settled = []; // attempts whose outcome is recorded
    private int count, born;
    private string? problem;

    public SimulatedCluster(SimulatedCase made)
    {
        this.made = made;
        random = new Random(made.Seed);
        plan = SimulatedPlan.Make(made.Poisoned, made.Batches);
        machines = [.. Enumerable.Range(0, made.Nodes).Select(_ =>
            new SimulatedMachine(this, made.Slots, made.TightMemory))];
    }

    public double Now { get; private set; }

    public TimeSpan Time => TimeSpan.FromSeconds(Now);

    private bool Calm => Now >= made.Chaos;

    public double Chance() => random.NextDouble();

    /// <summary>A probability of something going wrong, while anything may.</summary>
    public double Fault(double probability) => Calm ? 0 : probability;

    public void After(double seconds, Action action) => agenda.Enqueue(action, (Now + seconds, count++));

    public string NewWorker(string actor) => $"node#{actor}#{born++}";

    /// <summary>A worker begins a unit.</summary>
    public void Runs(UnitOrder order) =>
        runs[(order.Unit, order.Attempt)] = runs.GetValueOrDefault((order.Unit, order.Attempt)) + 1;

    /// <summary>Something is as it must never be.</summary>
    public void Wrong(string what) => problem ??= what;

    /// <summary>Sends a message to the sweep's actor.</summary>
    public void ToSweep(ISweepMessage message) => Deliver(() =>
    {
        if (core is not null) Record(core.Next(message, Time));
    });

    /// <summary>Runs it to the end; what is wrong, or null.</summary>
    public string? Run()
    {
        events.AddRange([new SweepPlanned(plan, "simulated"), new SweepStarted()]);
        BeginSweep();
        TickSweep();
        foreach (var machine in machines) TickMachine(machine);
        After(20 * Chance(), Operate);
        while (agenda.TryDequeue(out var action, out var when) && when.Item1 < LimitSeconds)
        {
            Now = Math.Max(Now, when.Item1);
            if (Calm && core?.State.Ended == true && waiting.Count == 0) break;
            action();
            if (problem is not null) return problem;
        }
        return problem ?? Check();
    }

    private void Deliver(Action message)
    {
        if (made.Chaos == 0)
        {
            After(0.02, message); // in order, as Akka.NET delivers between two actors
            return;
        }
        if (Chance() < Fault(0.04)) return;
        After(Chance() < Fault(0.05) ? 45 * Chance() : 0.05 * Chance(), message);
        if (Chance() < Fault(0.04)) After(20 * Chance(), message);
    }

    // A model's actor lives on one machine at a time; what is sent while it moves is lost.
    private void ToModel(IModelMessage message)
    {
        if (message is OutcomeTaken taken && !IsSettled(taken))
            problem ??= $"attempt {taken.Attempt} of {taken.Unit} was answered before it was recorded";
        Deliver(() =>
        {
            var home = machines.FirstOrDefault(m => m.Hosts(message.Model)) ?? machines[random.Next(machines.Length)];
            home.Tell(message);
        });
    }

    // Recorded, or of no use: the unit is done, or the sweep.
    private bool IsSettled(OutcomeTaken taken) => settled.Contains((taken.Unit, taken.Attempt))
        || settled.Contains((taken.Unit, 0)) || settled.Contains(("", 0));

    private void Append(IEnumerable<SweepEvent> happened)
    {
        foreach (var one in happened)
        {
            events.Add(one);
            if (one is UnitFailed failed) settled.Add((failed.Unit, failed.Attempt));
            else if (one is UnitCompleted completed) settled.Add((completed.Unit, 0));
            else if (one is SweepCancelled or SweepCompleted) settled.Add(("", 0));
            else if (one is SweepRetried) settled.Remove(("", 0));
        }
    }

    private void BeginSweep()
    {
        waiting.Clear();
        core = new SweepCore("s", Kinds, "simulated");
        foreach (var happened in events) core.Recover(happened);
    }

    // As Akka.Persistence records: what is decided while something is being recorded is recorded next, all at once.
    private void Record(Step step)
    {
        waiting.Enqueue(step);
        if (step.Events.Count == 0 && waiting.Count == 1) Take();
        else if (waiting.Count == 1) Write();
    }

    private void Write()
    {
        var (writer, count) = (core, waiting.Count);
        After(Calm || Chance() < 0.5 ? 0 : Chance() < 0.05 ? 3 * Chance() : 0.02 * Chance(), () =>
        {
            if (core is not null && core != writer) return;
            if (core is null || Chance() < Fault(0.02))
            {
                // Some of it may be recorded, but nobody is told.
                foreach (var step in waiting.Take(random.Next(count + 1))) Append(step.Events);
                if (core is not null) After(5 * Chance(), BeginSweep);
                core = null;
                return;
            }
            for (var left = count; left > 0; left--) Take();
            if (waiting.Count > 0) Write();
        });
    }

    private void Take()
    {
        var step = waiting.Dequeue();
        Append(step.Events);
        foreach (var message in step.Messages) ToModel(message);
        if (Chance() < 0.02 && Text.Of(step.State) != Text.Of(SweepDecider.Evolve(SweepState.None, events)))
            problem = "the actor's state is not what a replay gives";
    }

    private void Order(SweepCommand command)
    {
        if (core is null) return;
        Record(core.Next(new SweepOrder("s", command), Time));
    }

    private void TickSweep()
    {
        if (core is not null) Record(core.Next(null, Time));
        After(1, TickSweep);
    }

    private void TickMachine(SimulatedMachine machine)
    {
        if (made.Mortal && Chance() < Fault(0.01))
        {
            machine.Die();
            if (machine == machines[0] && core is not null) (core, _) = (null, 0);
            After(20 * Chance(), () =>
            {
                if (core is null) BeginSweep();
                TickMachine(machine);
            });
            return;
        }
        machine.Tick();
        After(1, () => TickMachine(machine));
    }

    private void Operate()
    {
        if (Calm)
        {
            Order(new ResumeSweep());
            if (core?.State.Status == SweepStatus.Paused || core is null) After(1, Operate);
            return;
        }
        Order(random.Next(6) switch
        {
            0 or 1 => new PauseSweep(),
            2 when made.Cancels && Now > 60 => new CancelSweep(),
            3 => new RetrySweep(),
            4 => new StartSweep(),
            _ => new ResumeSweep(),
        });
        After(20 * Chance(), Operate);
    }

    private string? Check()
    {
        var end = SweepDecider.Evolve(SweepState.None, events);
        if (!end.Ended) return $"the sweep has not ended after {Now:0} s: it is {end.Status}, "
            + $"{end.InOrder.Sum(s => s.Completed)} units done, pending {string.Join(' ', end.PendingUnits)}";
        var results = events.OfType<InterventionRecorded>().GroupBy(r => r.Unit).ToDictionary(g => g.Key, g => g
            .Select(r => new InterventionResult(r.Item, r.Score, r.Error, r.Samples) { Head = r.Head }).ToArray());
        var completed = new HashSet<string>();
        var failures = new Dictionary<string, int>();
        foreach (var happened in events)
        {
            if (happened is UnitCompleted done && !completed.Add(done.Unit)) return $"{done.Unit} was completed twice";
            if (happened is UnitFailed broke
                && broke.Attempt != (failures[broke.Unit] = failures.GetValueOrDefault(broke.Unit) + 1))
                return $"attempt {broke.Attempt} of {broke.Unit} was counted twice";
            if (happened is UnitClaimed claim && completed.Contains(claim.Unit))
                return $"{claim.Unit} was claimed after it was completed";
        }
        foreach (var (unit, recorded) in results)
            if (!completed.Contains(unit) || !recorded.SequenceEqual(SimulatedModels.Results(unit)))
                return $"the results of {unit} are not what was measured";
        if (made.Chaos == 0 && WorkTwice() is { } twice) return twice;
        if (end.Status == SweepStatus.Cancelled) return null;
        if (end.InOrder.Any(s => s.Status != StageStatus.Waiting && s.Pending > 0)) return "units are left";
        if (end.InOrder.FirstOrDefault(s => s.Status == StageStatus.Waiting
            && s.Stage.After.All(a => end.Stages[a].Status == StageStatus.Completed)) is { } left)
            return $"stage {left.Stage.Id} could have begun";
        var failed = end.InOrder.Sum(s => s.SetAside);
        return failed > 0 == (end.Status == SweepStatus.CompletedWithFailures) ? null
            : $"{failed} units are set aside, and the sweep is {end.Status}";
    }

    // Where nothing went wrong nothing was done twice either.
    private string? WorkTwice()
    {
        foreach (var claims in events.OfType<UnitClaimed>().GroupBy(c => (c.Unit, c.Attempt)))
            if ((claims.Count(), runs.GetValueOrDefault(claims.Key)) is var found && found != (1, 1))
                return $"{claims.Key} was claimed {found.Item1} times and run {found.Item2} times";
        return null;
    }
}

public sealed class SimulatedClusterTests
{
    [Fact]
    public void No_result_is_lost_or_doubled_and_every_sweep_ends_whatever_goes_wrong() =>
        RandomCases.Check(SimulatedCase.Any, SoakFactAttribute.IsSoak ? 20_000 : 1000,
            made => Assert.Null(new SimulatedCluster(made).Run()), threads: Environment.ProcessorCount);

    [Fact]
    public void Where_nothing_goes_wrong_every_unit_is_claimed_and_run_once() =>
        RandomCases.Check(SimulatedCase.Quiet, 200, made =>
            Assert.Null(new SimulatedCluster(made).Run()));
}
