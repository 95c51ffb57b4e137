using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Dispatch;

/// <summary>What follows of a message: events that are recorded together, and what is sent once they, and those of all
/// steps before, are.</summary>
/// <param name="Events">What happened; may be none.</param>
/// <param name="State">The sweep after them.</param>
/// <param name="Messages">What is sent to model actors.</param>
/// <param name="HandOuts">Units claimed by these events.</param>
/// <param name="Taken">The outcome that is answered, or null.</param>
/// <param name="Answer">What the operator is told, or null.</param>
public sealed record Step(IReadOnlyList<SweepEvent> Events, SweepState State, IReadOnlyList<IModelMessage> Messages,
    IReadOnlyList<HandOut> HandOuts, UnitOutcome? Taken, SweepAnswer? Answer);

/// <summary>
/// All that the actor of a sweep decides: <see cref="SweepDecider"/> says what a command leads to,
/// <see cref="SweepDispatch"/> who has which unit, this puts the two together. A step is decided on all steps before
/// it, whether or not they are recorded yet; the actor records their events in order, and then sends what is to be
/// sent. Where that fails, it begins anew from what is recorded, and nobody has heard of the rest. No clock, no input
/// or output, no chance.
/// </summary>
/// <param name="sweep">Id of the sweep.</param>
/// <param name="kinds">The experiments there are, by name.</param>
/// <param name="code">Version of the program.</param>
public sealed class SweepCore(string sweep, IReadOnlyDictionary<string, StageKind> kinds, string code)
{
    // Models without a worker that are asked for at a time: each that is placed is agreed on by all nodes, and what is
    // asked for a hundred times meanwhile only waits in more places.
    private const int AskedAtATime = 128;

    // Of models that have a worker so many are asked a second: all of them, unless they are more.
    private const int ServedASecond = 256;
    private const int MostSeconds = 3; // of silence ten are borne

    private readonly SweepDispatch dispatch = new();
    private int askedUpTo;
    private int repeats;
    private TimeSpan? waitsSince; // MaxValue where it no longer waits

    /// <summary>The sweep after all steps.</summary>
    public SweepState State { get; private set; } = SweepState.None;

    /// <summary>Why this version cannot run it, in a sentence, or null.</summary>
    public string? Fault { get; private set; }

    /// <summary>How much is done of each unit that runs, by its id.</summary>
    public IReadOnlyDictionary<string, double> Shares => dispatch.Shares;

    /// <summary>Nodes that compute, as far as is known.</summary>
    public int Nodes { get; set; } = int.MaxValue;

    /// <summary>What the sweep waits for before its first model is placed, in a sentence, or null.</summary>
    public string? Waiting { get; private set; }

    /// <summary>Takes over a state that was kept.</summary>
    public void Restore(SweepState state) => State = state;

    /// <summary>Takes over an event that is in the journal.</summary>
    public void Recover(SweepEvent happened) => State = SweepDecider.Evolve(State, happened);

    /// <summary>What follows of a message; of time alone where there is none: every second.</summary>
    public Step Next(ISweepMessage? message, TimeSpan now)
    {
        var batch = new Batch(State);
        var messages = new List<IModelMessage>();
        SweepAnswer? answer = null;
        switch (message)
        {
            case null:
                messages.AddRange(Repeats(now));
                dispatch.Expire(now);
                break;
            case SweepOrder order:
                var refusal = batch.Apply(order.Command);
                answer = new(sweep, batch.State.Status, batch.Events.Count > 0, refusal);
                break;
            case ModelReport report:
                dispatch.Expire(now, report.ModelName);
                dispatch.Report(report, State, now);
                break;
            case UnitOutcome outcome: Finish(outcome, batch); break;
        }
        var handOuts = Advance(batch, now, message);
        State = batch.State;
        dispatch.Record(batch.Events, now);
        if (message is UnitOutcome taken && State.Plan is not null)
            messages.Add(new OutcomeTaken(WorkerId.ActorOf(taken.Worker), sweep, taken.Unit, taken.Attempt));
        // Whoever has work from now on is told at once, not with the next second.
        if (batch.Events.Any(e => e is SweepStarted or SweepResumed)) messages.AddRange(Wanted(now));
        else if (batch.Events.OfType<StageBegun>().Select(b => State.Stages[b.Stage].Stage.Model).ToHashSet()
            is { Count: > 0 } begun) messages.AddRange(Wanted(now, begun));
        foreach (var given in handOuts)
        {
            dispatch.Hand(given, now);
            messages.Add(Run(given));
        }
        return new(batch.Events, State, messages, handOuts, message as UnitOutcome, answer);
    }

    // What is said every second: to models that have units to run, to those that have no worker in turn where they are
    // many; and again to workers that did not acknowledge.
    private IReadOnlyList<IModelMessage> Repeats(TimeSpan now) => State.Status != SweepStatus.Running ? [] :
    [
        .. Wanted(now, isRepeat: true),
        .. dispatch.Repeats(now).Where(h => State.Unit(h.Unit)?.Status == UnitStatus.Pending).Select(Run),
    ];

    private IEnumerable<ServeSweep> Wanted(TimeSpan now, HashSet<string>? only = null, bool isRepeat = false)
    {
        if (State.Status != SweepStatus.Running || WaitsForNodes(now)) return [];
        var served = dispatch.Served;
        var wanted = State.InOrder.Where(s => s.Status == StageStatus.Running && s.Pending > 0)
            .Select(s => s.Stage.Model).Distinct().Where(m => only?.Contains(m) != false).ToLookup(served.Contains);
        var inTurn = wanted[false].ToArray();
        var first = askedUpTo;
        if (inTurn.Length > AskedAtATime) askedUpTo = (first + AskedAtATime) % inTurn.Length;
        var every = Math.Clamp(served.Count / ServedASecond, 1, MostSeconds);
        if (isRepeat) repeats++;
        return wanted[true].Where((_, i) => !isRepeat || (i + repeats) % every == 0)
            .Concat(inTurn.Take(AskedAtATime).Select((_, i) => inTurn[(first + i) % inTurn.Length]))
            .SelectMany(name => ModelKey.AllOf(State.Plan!, name))
            .Select(key => new ServeSweep(key.Id, key, sweep, every));
    }

    // Once a unit was handed out, if only by this sweep's actor on a node that is gone since, nodes that come later
    // take what comes later.
    private bool WaitsForNodes(TimeSpan now)
    {
        var compute = State.Plan!.Compute;
        var patience = TimeSpan.FromSeconds(compute.ExpectSeconds ?? PlannedCompute.DefaultExpectSeconds);
        if (waitsSince == TimeSpan.MaxValue || compute.Expect is not { } expected || Nodes >= expected
            || now - (waitsSince ??= now) > patience
            || State.InOrder.Any(s => s.Units.Values.Any(u => u.Claims > 0)))
        {
            (waitsSince, Waiting) = (TimeSpan.MaxValue, null);
            return false;
        }
        Waiting = $"{Nodes} of {expected} nodes are up: the others are waited for, {patience.TotalSeconds:0} s at most";
        return true;
    }

    // A refused result (another fingerprint) is a failure of the unit; trying again is of no use.
    private static void Finish(UnitOutcome outcome, Batch batch)
    {
        var node = WorkerId.NodeOf(outcome.Worker);
        var refusal = outcome.Error;
        if (outcome.Results is { } results)
        {
            refusal = batch.Apply(new CompleteUnit(outcome.Unit, node, results, outcome.Fingerprint, outcome.Code,
                outcome.Seconds));
            if (refusal is null) return;
        }
        var attempt = outcome.Results is null ? outcome.Attempt : (batch.State.Unit(outcome.Unit)?.Failures ?? 0) + 1;
        batch.Apply(new FailUnit(outcome.Unit, attempt, node, refusal!,
            outcome.Permanent || outcome.Results is not null));
    }

    // A sweep may have a thousand models, and each says something every second: what concerns one looks at no other.
    private HandOut[] Advance(Batch batch, TimeSpan now, ISweepMessage? message)
    {
        if (batch.State.Status != SweepStatus.Running || Fault is not null) return [];
        var only = message switch
        {
            ModelReport report => report.ModelName,
            UnitOutcome outcome when !batch.Events.Any(e => e is StageCompleted) =>
                batch.State.Stages.GetValueOrDefault(UnitId.StageOf(outcome.Unit))?.Stage.Model,
            _ => null,
        };
        try
        {
            if (only is null) BeginStages(batch);
        }
        catch (InvalidDataException e)
        {
            Fault = e.Message;
        }
        var handOuts = dispatch.Choose(batch.State, now, only).Where(h => batch.State.Unit(h.Unit) is not null)
            .ToArray();
        foreach (var given in handOuts) batch.Apply(new ClaimUnit(given.Unit, WorkerId.NodeOf(given.Worker)));
        return handOuts;
    }

    private void BeginStages(Batch batch)
    {
        // A stage without units is complete at once, and others may begin.
        for (var begun = true; begun;)
        {
            begun = false;
            foreach (var stage in batch.State.Beginnable.ToArray())
            {
                if (batch.Apply(new BeginStage(stage.Stage.Id, KindOf(stage.Stage).Plan(stage.Stage, batch.State)))
                    is { } refusal) throw new InvalidDataException(refusal);
                begun = true;
            }
        }
    }

    private StageKind KindOf(Stage stage) => kinds.GetValueOrDefault(stage.Kind) ?? throw new InvalidDataException(
        $"Patchbay {code} knows no experiment '{stage.Kind}', only {string.Join(", ", kinds.Keys)}");

    private RunUnit Run(HandOut given)
    {
        var stage = State.Stages[UnitId.StageOf(given.Unit)];
        var attempt = State.Unit(given.Unit)!.Failures + 1;
        return new(WorkerId.ActorOf(given.Worker), given.Worker, new UnitOrder(sweep, given.Unit, attempt, stage.Stage,
            stage.Inputs ?? JsonRecord.Empty, State.Plan!.For(stage.Stage)), ShareOf(stage.Stage.Model));
    }

    private double ShareOf(string model)
    {
        var stages = State.InOrder.Where(s => s.Stage.Model == model).ToArray();
        return stages.Sum(s => s.Status == StageStatus.Completed ? 1
            : s.Order.Length == 0 ? 0 : s.Completed / (double)s.Order.Length) / Math.Max(1, stages.Length);
    }

    // Decisions that are recorded together.
    private sealed class Batch(SweepState state)
    {
        private readonly List<SweepEvent> events = [];

        public SweepState State { get; private set; } = state;

        public List<SweepEvent> Events => events;

        public string? Apply(SweepCommand command)
        {
            var decision = SweepDecider.Decide(command, State);
            events.AddRange(decision.Events);
            State = SweepDecider.Evolve(State, decision.Events);
            return decision.Refusal;
        }
    }
}
