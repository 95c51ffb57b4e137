using Patchbay.Sweeps;

namespace Patchbay.Node.Tests.Simulation;

/// <summary>
/// A whole cluster in one thread, driven by a <see cref="SimulatedCase"/>: up to three nodes on one journal, with lost,
/// late, repeated and reordered messages, a journal that fails, processes that die anywhere and come back, clocks that
/// jump, and an operator who pauses, resumes and retries. After a while nothing goes wrong any more, and the sweep must
/// end.
/// </summary>
internal sealed class SimulatedWorld
{
    private const double LimitSeconds = 4000;
    private const string Sweep = "simulated-1";

    private readonly Random random;
    private readonly PriorityQueue<Action, (double, int)> agenda = new();
    private readonly SimulatedNode?[] nodes;
    private readonly bool cancels;
    private readonly double chaos; // seconds during which things go wrong
    private readonly SweepPlan plan;
    private int count, born, evolved;
    private SweepState state = SweepState.None;
    private string? problem;

    public SimulatedWorld(SimulatedCase made)
    {
        random = new Random(made.Seed);
        (cancels, chaos) = (made.Cancels, made.Chaos);
        (Mortal, TightMemory) = (made.Mortal, made.TightMemory);
        nodes = new SimulatedNode?[made.Nodes];
        plan = SimulatedPlan.Make(made.Poisoned, made.Batches);
    }

    public SharedRecords Records { get; } = new();

    public double Now { get; private set; }

    /// <summary>Whether only one model fits into memory at a time.</summary>
    public bool TightMemory { get; }

    /// <summary>Whether processes die.</summary>
    public bool Mortal { get; }

    private bool Calm => Now > chaos;

    private List<RecordedEvent> Events => Records.Of(Sweep);

    public double Chance() => random.NextDouble();

    /// <summary>A probability of something going wrong, while anything may.</summary>
    public double Fault(double probability) => Calm ? 0 : probability;

    public void At(double time, Action action) => agenda.Enqueue(action, (time, count++));

    /// <summary>Lets another node act in the middle of what one does.</summary>
    public void Interleave()
    {
        if (Chance() < Fault(0.05)) nodes[random.Next(nodes.Length)]?.Tick();
    }

    /// <summary>Sends a message through the network.</summary>
    public void Deliver(Action message)
    {
        if (Chance() < Fault(0.04)) return;
        At(Now + (Chance() < Fault(0.05) ? 45 * Chance() : 0.05 * Chance()), message);
        if (Chance() < Fault(0.04)) At(Now + 20 * Chance(), message);
    }

    /// <summary>Runs it to the end; what is wrong, or null.</summary>
    public string? Run()
    {
        Command(new PlanSweep(plan, "simulated"));
        Command(new StartSweep());
        for (var i = 0; i < nodes.Length; i++) Live(i);
        At(20 * Chance(), Operate);
        while (agenda.TryDequeue(out var action, out var when) && when.Item1 < LimitSeconds)
        {
            Now = Math.Max(Now, when.Item1);
            if (Calm && State().Ended && nodes.All(n => n is not null)) break;
            action();
            if (problem is not null) return problem;
        }
        return problem ?? Check();
    }

    /// <summary>Notes that a node has seen a state, which must be one that a replay passes through.</summary>
    public void Seen(string sweep, SweepState state)
    {
        if (Chance() > 0.02) return; // a replay each time would take most of the test's time
        var recorded = state.InOrder.Sum(s => s.Results.Count());
        var done = state.InOrder.Sum(s => s.Completed);
        var replay = SweepState.None;
        foreach (var happened in Records.Of(sweep))
        {
            if (Text.Of(replay) == Text.Of(state)) return;
            replay = SweepDecider.Evolve(replay, happened.Event);
        }
        if (Text.Of(replay) != Text.Of(state)) problem =
            $"a node saw a state ({done} units, {recorded} results) that no replay passes through";
    }

    /// <summary>The state after all events.</summary>
    private SweepState State()
    {
        for (; evolved < Events.Count; evolved++) state = SweepDecider.Evolve(state, Events[evolved].Event);
        return state;
    }

    private void Live(int i)
    {
        var node = new SimulatedNode(this, $"node-{born++}");
        nodes[i] = node;
        void Tick()
        {
            node.Tick();
            if (node.Dead)
            {
                nodes[i] = null;
                At(Now + 20 * Chance(), () => Live(i));
                return;
            }
            if (Mortal && Chance() < Fault(0.01)) node.Kill();
            if (Chance() < Fault(0.02)) node.ClockError += (Chance() - 0.5) * (Chance() < 0.5 ? 20_000 : 60);
            At(Now + 0.5 + Chance(), Tick);
        }
        At(Now + Chance(), Tick);
    }

    private void Operate()
    {
        if (Calm)
        {
            Command(new ResumeSweep());
            return;
        }
        Command(random.Next(6) switch
        {
            0 or 1 => new PauseSweep(),
            2 when cancels && Now > 60 => new CancelSweep(),
            3 => new RetrySweep(),
            4 => new StartSweep(),
            _ => new ResumeSweep(),
        });
        At(Now + 20 * Chance(), Operate);
    }

    private void Command(SweepCommand command)
    {
        foreach (var happened in SweepDecider.Decide(command, State()).Events) Records.Of(Sweep)
            .Add(new(Events.Count + 1, DateTimeOffset.UnixEpoch, happened));
    }

    private string? Check()
    {
        var end = State();
        if (!end.Ended) return $"the sweep has not ended after {Now:0} s: it is {end.Status}, "
            + $"{end.InOrder.Sum(s => s.Completed)} units done, pending {string.Join(' ', end.PendingUnits)}";
        var results = new Dictionary<string, List<InterventionResult>>();
        var completed = new HashSet<string>();
        var failures = new Dictionary<string, int>();
        foreach (var happened in Events.Select(e => e.Event))
        {
            if (happened is InterventionRecorded r) (results.TryGetValue(r.Unit, out var list) ? list
                : results[r.Unit] = []).Add(new(r.Item, r.Score, r.Error, r.Samples) { Head = r.Head });
            if (happened is UnitCompleted done && !completed.Add(done.Unit)) return $"{done.Unit} was completed twice";
            if (happened is UnitFailed broke
                && broke.Attempt != (failures[broke.Unit] = failures.GetValueOrDefault(broke.Unit)
                + 1)) return $"attempt {broke.Attempt} of {broke.Unit} was counted twice";
            if (happened is UnitClaimed claim
                && completed.Contains(claim.Unit)) return $"{claim.Unit} was claimed after it was completed";
        }
        foreach (var (unit, recorded) in results)
            if (!completed.Contains(unit)
                || !recorded.SequenceEqual(SimulatedModels.Results(
                unit))) return $"the results of {unit} are not what was measured";
        if (Records.Snapshots.TryGetValue(Sweep, out var snapshot)
            && Text.Of(snapshot.State) != Text.Of(SweepDecider.Evolve(SweepState.None,
                Events.Take((int)snapshot.Sequence)
                .Select(e => e.Event)))) return "a snapshot is not what a replay gives";
        return end.Status == SweepStatus.Cancelled ? null : Whole(end);
    }

    /// <summary>All that could be done is done: what is missing was set aside, or needs what was.</summary>
    private static string? Whole(SweepState state)
    {
        if (state.InOrder.FirstOrDefault(s => s.Status == StageStatus.Waiting
            && s.Stage.After.All(a => state.Stages[a].Status == StageStatus.Completed)) is { } left)
            return $"stage {left.Stage.Id} could have begun";
        if (state.InOrder.Any(s => s.Status != StageStatus.Waiting && s.Pending > 0)) return "units are left";
        var failed = state.InOrder.Sum(s => s.SetAside);
        return failed > 0 == (state.Status == SweepStatus.CompletedWithFailures) ? null
            : $"{failed} units are set aside, and the sweep is {state.Status}";
    }
}

/// <summary>A state as text, to compare two.</summary>
internal static class Text
{
    public static string Of(SweepState state) => string.Join('\n',
        state.InOrder.Select(s => string.Join(' ', s.Stage.Id, s.Status, s.Inputs, s.Completed, s.SetAside,
        string.Join(' ', s.Order.Select(id => Of(id, s.Units[id])))))
        .Prepend(state.Status.ToString()));

    private static string Of(string id, UnitState u) =>
        $"{id}:{u.Status},{u.Failures},{u.Forgiven},{u.Claims},{u.Error},{u.Seconds:R},{string.Join(';', u.Results)}";
}
