using System.Collections.Immutable;

namespace Patchbay.Sweeps;

/// <summary>
/// The rules of a sweep: what a command leads to, and what an event changes. Pure: no clock, no input or output, no
/// chance. Reading it is reading the rules; every host follows it.
/// </summary>
public static class SweepDecider
{
    /// <summary>What happens when <paramref name="command"/> meets <paramref name="state"/>.</summary>
    public static Decision Decide(SweepCommand command, SweepState state) => (command, state.Status) switch
    {
        (PlanSweep c, SweepStatus.None) => Plan(c),
        (PlanSweep c, _) when state.Plan!.StudyText == c.Plan.StudyText => Decision.Nothing,
        (PlanSweep, _) => Decision.Refused("there is a sweep of this name already, of another study"),
        (_, SweepStatus.None) => Decision.Refused("there is no such sweep"),

        (StartSweep, SweepStatus.Planned) => Decision.Of(new SweepStarted()),
        (StartSweep, SweepStatus.Cancelled) => Decision.Refused("it was cancelled: run its study again"),
        (StartSweep, _) => Decision.Nothing,

        (PauseSweep, SweepStatus.Running) => Decision.Of(new SweepPaused()),
        (PauseSweep, SweepStatus.Paused) => Decision.Nothing,
        (PauseSweep, SweepStatus.Planned) => Decision.Refused("it has not been started"),
        (PauseSweep, _) => Decision.Refused($"it has ended ({Text(state.Status)})"),

        (ResumeSweep, SweepStatus.Paused) => Decision.Of(new SweepResumed()),
        (ResumeSweep, SweepStatus.Planned) => Decision.Of(new SweepStarted()),
        (ResumeSweep, SweepStatus.Running or SweepStatus.Completed) => Decision.Nothing, // nothing is left to do
        (ResumeSweep, SweepStatus.CompletedWithFailures) => Decision.Refused("it has ended with failures: retry it"),
        (ResumeSweep, _) => Decision.Refused($"it has ended ({Text(state.Status)})"),

        (CancelSweep, SweepStatus.Planned or SweepStatus.Running or SweepStatus.Paused) =>
            Decision.Of(new SweepCancelled()),
        (CancelSweep, SweepStatus.Cancelled) => Decision.Nothing,
        (CancelSweep, _) => Decision.Refused($"it has ended ({Text(state.Status)})"),

        (RetrySweep, SweepStatus.Cancelled) => Decision.Refused("it was cancelled: run its study again"),
        (RetrySweep, _) => Retry(state),

        (BeginStage c, SweepStatus.Running) => Begin(c, state),
        (BeginStage, _) => Decision.Nothing,

        (ClaimUnit c, SweepStatus.Running) when state.Unit(c.Unit) is { Status: UnitStatus.Pending } unit =>
            Decision.Of(new UnitClaimed(c.Unit, unit.Failures + 1, c.Node)),
        (ClaimUnit, _) => Decision.Nothing,

        // What was under way when a sweep was paused is still recorded; what comes after its end is not.
        (CompleteUnit c, SweepStatus.Running or SweepStatus.Paused) => Complete(c, state),
        (CompleteUnit, _) => Decision.Nothing,

        (FailUnit c, SweepStatus.Running or SweepStatus.Paused) => Fail(c, state),
        (FailUnit, _) => Decision.Nothing,

        _ => throw new ArgumentException($"no rule for {command.GetType().Name}"),
    };

    /// <summary>The state after an event.</summary>
    public static SweepState Evolve(SweepState state, SweepEvent happened) => happened switch
    {
        SweepPlanned e => new(SweepStatus.Planned, e.Plan, e.Code,
            e.Plan.Stages.ToImmutableDictionary(s => s.Id, StageState.New, StringComparer.Ordinal)),
        SweepStarted or SweepResumed => state with { Status = SweepStatus.Running },
        SweepPaused => state with { Status = SweepStatus.Paused },
        SweepCancelled => state with { Status = SweepStatus.Cancelled },
        SweepCompleted e => state with
        {
            Status = e.Failures == 0 ? SweepStatus.Completed
            : SweepStatus.CompletedWithFailures
        },
        SweepRetried e => e.Units.Aggregate(state, Forgive) with
        {
            Status = state.Ended ? SweepStatus.Running : state.Status,
        },
        StageBegun e => WithStage(state, e.Stage, s => s with
        {
            Status = StageStatus.Running,
            Inputs = e.Inputs,
            Order = [.. e.Units],
            Units = e.Units.ToImmutableDictionary(u => u, _ => UnitState.New, StringComparer.Ordinal),
        }),
        StageCompleted e => WithStage(state, e.Stage, s => s with { Status = StageStatus.Completed }),
        UnitClaimed e => WithUnit(state, e.Unit, u => u with { Claims = u.Claims + 1 }),
        InterventionRecorded e => WithUnit(state, e.Unit, u =>
            u with
            {
                Results = u.Results.Add(new(e.Item, e.Score, e.Error, e.Samples)
                { Head = e.Head, Position = e.Position, Detail = e.Detail }),
            }),
        UnitCompleted e => Count(WithUnit(state, e.Unit, u => u with
        {
            Status = UnitStatus.Completed,
            Error = null,
            Seconds = e.Seconds
        }),
            e.Unit, completed: 1, setAside: 0, state.Unit(e.Unit)!.Results.Length, e.Seconds),
        UnitFailed e => WithUnit(state, e.Unit, u => u with { Failures = u.Failures + 1, Error = e.Error }),
        UnitSetAside e => Count(WithUnit(state, e.Unit, u => u with { Status = UnitStatus.SetAside }), e.Unit,
            completed: 0, setAside: 1),
        _ => throw new ArgumentException($"no rule for {happened.GetType().Name}"),
    };

    /// <summary>The state after many events.</summary>
    public static SweepState Evolve(SweepState state, IEnumerable<SweepEvent> events) =>
        events.Aggregate(state, Evolve);

    /// <summary>A status as people read it: "completed with failures".</summary>
    public static string Text(SweepStatus status) => status == SweepStatus.CompletedWithFailures
        ? "completed with failures"
        : status.ToString().ToLowerInvariant();

    private static Decision Plan(PlanSweep command)
    {
        var plan = command.Plan;
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var stage in plan.Stages)
        {
            if (stage.After.FirstOrDefault(a => !known.Contains(a)) is { } missing)
                return Decision.Refused($"stage {stage.Id} needs {missing}, which does not come before it");
            if (plan.Models.All(m => m.Name != stage.Model))
                return Decision.Refused($"stage {stage.Id} needs a model {stage.Model}, which is not in the plan");
            if (!known.Add(stage.Id)) return Decision.Refused($"two stages are named {stage.Id}");
        }
        return plan.Stages.Count == 0 ? Decision.Refused("a sweep needs at least one stage")
            : Decision.Of(new SweepPlanned(plan, command.Code));
    }

    private static Decision Retry(SweepState state)
    {
        string[] units = [.. state.InOrder.SelectMany(s => s.Order.Where(u => s.Units[u]
            .Status == UnitStatus.SetAside))];
        return units.Length > 0 ? Decision.Of(new SweepRetried(units))
            : state.Ended ? Decision.Refused("nothing of it failed") : Decision.Nothing;
    }

    private static Decision Begin(BeginStage command, SweepState state)
    {
        if (!state.Stages.TryGetValue(command.Stage, out var stage)) return Decision.Refused(
            $"the sweep has no stage {command.Stage}");
        if (!state.CanBegin(stage)) return Decision.Nothing;
        var keys = command.Plan.Units;
        if (keys.Distinct(StringComparer.Ordinal).Count() != keys.Count || keys.Any(k => k.Contains('/')))
            return Decision.Refused($"the units of stage {command.Stage} are not told apart by their keys");
        return Ending(state, command.Stage, new StageBegun(command.Stage, command.Plan.Inputs,
            [.. keys.Select(k => UnitId.Join(command.Stage, k))]));
    }

    private static Decision Complete(CompleteUnit command, SweepState state)
    {
        // A unit that was set aside meanwhile, by another node's failure, is done all the same.
        if (state.Unit(command.Unit) is not { Status: not UnitStatus.Completed } unit) return Decision.Nothing;
        var planned = state.Plan!.Model(state.Stages[UnitId.StageOf(command.Unit)].Stage.Model);
        if (planned.Fingerprint != command.Fingerprint) return Decision.Refused(
            $"a result of {command.Unit} is of another {planned.Name} (fingerprint {Short(command.Fingerprint)}) than "
                + $"the sweep's ({Short(planned.Fingerprint)})");
        var share = command.Seconds / Math.Max(1, command.Results.Count);
        return Ending(state, UnitId.StageOf(command.Unit),
        [
            .. unit.Status == UnitStatus.SetAside ? new SweepEvent[] { new SweepRetried([command.Unit]) } : [],
            .. command.Results.Select(r => new InterventionRecorded(command.Unit, r.Item, r.Score, r.Error, r.Samples,
                state.Plan.Seed,
                command.Fingerprint, command.Code, share) { Head = r.Head, Position = r.Position, Detail = r.Detail }),
            new UnitCompleted(command.Unit, command.Node, command.Seconds),
        ]);
    }

    private static Decision Fail(FailUnit command, SweepState state)
    {
        if (state.Unit(command.Unit) is not { Status: UnitStatus.Pending } unit || command.Attempt != unit.Failures
            + 1) return Decision.Nothing;
        var failed = new UnitFailed(command.Unit, command.Attempt, command.Node, command.Error);
        var last = command.Permanent || command.Attempt - unit.Forgiven >= state.Plan!.Attempts;
        return last ? Ending(state, UnitId.StageOf(command.Unit), failed, new UnitSetAside(command.Unit))
            : Decision.Of(failed);
    }

    /// <summary>Adds that a stage, or the sweep, is complete, where events of that stage make it so.</summary>
    private static Decision Ending(SweepState state, string stageId, params SweepEvent[] events)
    {
        state = Evolve(state, events);
        var stage = state.Stages[stageId];
        if (stage.Pending > 0) return new(events);
        var all = events.ToList();
        if (stage.Completed == stage.Order.Length)
        {
            all.Add(new StageCompleted(stageId));
            state = Evolve(state, all[^1]);
        }
        if (state.InOrder.All(s => s.Pending == 0) && !state.Beginnable.Any()) all.Add(
            new SweepCompleted(state.InOrder.Sum(s => s.SetAside)));
        return new(all);
    }

    private static SweepState WithStage(SweepState state, string id, Func<StageState, StageState> change) =>
        state with { Stages = state.Stages.SetItem(id, change(state.Stages[id])) };

    private static SweepState WithUnit(SweepState state, string id, Func<UnitState, UnitState> change) =>
        WithStage(state, UnitId.StageOf(id), s => s with { Units = s.Units.SetItem(id, change(s.Units[id])) });

    private static SweepState Count(SweepState state, string unit, int completed, int setAside, int measured = 0,
        double seconds = 0) => WithStage(state, UnitId.StageOf(unit), s => s with
        {
            Completed = s.Completed + completed,
            SetAside = s.SetAside + setAside,
            Measured = s.Measured + measured,
            Seconds = s.Seconds + seconds,
        });

    private static SweepState Forgive(SweepState state, string id) => Count(
        WithUnit(state, id, u => u with { Status = UnitStatus.Pending, Forgiven = u.Failures }), id, completed: 0,
            setAside: -1);

    private static string Short(string fingerprint) => fingerprint[..Math.Min(12, fingerprint.Length)];
}
