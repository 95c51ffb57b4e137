using System.Text;
using Patchbay.Sweeps;

namespace Patchbay.Journal.Tests;

/// <summary>Sweeps to record.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Noon = new(2031, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static SweepPlan Plan { get; } = new("goats", "study: \"goats\" # größer\n", ulong.MaxValue,
        new("entity-tracking", 300, 7),
        new("float32", "cpu", 2, 1L << 33),
        [new("base", "models/base", null, "abcdef0123456789", 4, 8, 123456789),
            new("tuned", "models/base", "adapters/tuned", "fedcba9876543210", 4, 8, 123456789)],
        [
            new("base/path-patching/A", "path-patching", "base", new("""{"group":"A","receivers":20}"""), []),
            new("base/path-patching/B", "path-patching", "base", new("""{"group":"B"}"""), ["base/path-patching/A"]),
            new("tuned/accuracy", "accuracy", "tuned", JsonRecord.Empty, []),
        ]);

    /// <summary>One event of every type, in an order that a sweep may have.</summary>
    public static IReadOnlyList<SweepEvent> EveryEvent { get; } =
    [
        new SweepPlanned(Plan, "0.1.0+abc"),
        new SweepStarted(),
        new StageBegun("base/path-patching/A", new("""{"receivers":[]}"""),
            ["base/path-patching/A/layer-00", "base/path-patching/A/layer-01"]),
        new UnitClaimed("base/path-patching/A/layer-00", 1, "node-1"),
        new InterventionRecorded("base/path-patching/A/layer-00", "0.1", 1 / 3.0, double.NaN, 300, ulong.MaxValue,
            "abcdef0123456789", "0.1.0", 0.1)
        { Head = new(0, 1), Position = "last", Detail = new() { Answers = "0110", Size = 3, Kept = true,
            Artifact = "abc" } },
        new InterventionRecorded("base/path-patching/A/layer-00", "0.2", -0.0, double.Epsilon, 300, 20,
            "abcdef0123456789", "0.1.0", double.PositiveInfinity),
        new UnitCompleted("base/path-patching/A/layer-00", "node-1", 12.5),
        new SweepPaused(),
        new SweepResumed(),
        new UnitFailed("base/path-patching/A/layer-01", 1, "node-2", "the device \"cuda:0\" has no memory left"),
        new UnitSetAside("base/path-patching/A/layer-01"),
        new SweepRetried(["base/path-patching/A/layer-01"]),
        new UnitCompleted("base/path-patching/A/layer-01", "node-2", 1e-300),
        new StageCompleted("base/path-patching/A"),
        new SweepCompleted(1),
        new SweepCancelled(),
    ];

    /// <summary>Events that the rules allow, from a seed, in batches as they are decided on.</summary>
    public static IEnumerable<IReadOnlyList<SweepEvent>> Stream(int seed, int commands)
    {
        var random = new Random(seed);
        var state = SweepState.None;
        for (var i = 0; i < commands; i++)
        {
            var events = SweepDecider.Decide(i == 0 ? new PlanSweep(Plan, "0.1.0") : Command(random, state), state)
                .Events;
            state = SweepDecider.Evolve(state, events);
            if (events.Count > 0) yield return events;
        }
    }

    /// <summary>All of a state that can be seen, as text: two that differ anywhere give different texts.</summary>
    public static string Text(SweepState state)
    {
        var text = new StringBuilder($"{state.Status} {state.Code} {state.Plan?.Study} {state.Plan?.StudyText} "
            + $"{state.Plan?.Seed} {state.Plan?.Task} {state.Plan?.Compute}");
        text.AppendJoin(' ', state.Plan?.Models ?? []).Append(state.Plan?.Attempts).Append('\n');
        foreach (var s in state.InOrder)
        {
            text.Append($"{s.Stage.Id} {s.Stage.Kind} {s.Stage.Model} {s.Stage.Parameters.Text} "
                + $"{string.Join(",", s.Stage.After)} ");
            text.Append($"{s.Status} {s.Inputs?.Text ?? "null"} {s.Completed} {s.SetAside} {s.Units.Count}\n");
            foreach (var id in s.Order) text.Append($"{id} {Text(s.Units[id])}\n");
        }
        return text.ToString();
    }

    private static string Text(UnitState u) =>
        $"{u.Status} {u.Failures} {u.Forgiven} {u.Error ?? "null"} {u.Claims} {u.Seconds:R} "
            + string.Join(";", u.Results.Select(r =>
            $"{r.Item} {r.Score:R} {r.Error:R} {r.Samples} {r.Head} {r.Position} {r.Detail}"));

    private static SweepCommand Command(Random random, SweepState state)
    {
        string[] units = [.. state.PendingUnits];
        var unit = units.Length == 0 ? "none" : units[random.Next(units.Length)];
        var stage = state.Beginnable.FirstOrDefault()?.Stage;
        return random.Next(20) switch
        {
            0 => new StartSweep(),
            1 => new PauseSweep(),
            2 or 3 => new ResumeSweep(),
            4 => new RetrySweep(),
            5 when random.Next(40) == 0 => new CancelSweep(),
            < 8 when stage is not null => new BeginStage(stage.Id,
                new(new("\"inputs\""), [.. Enumerable.Range(0, 1 + random.Next(9)).Select(i => $"layer-{i:00}")])),
            < 12 => new ClaimUnit(unit, "node"),
            < 15 => new FailUnit(unit, (state.Unit(unit)?.Failures ?? 0) + 1, "node", $"error {random.Next(3)}",
                random.Next(5) == 0),
            _ => new CompleteUnit(unit, "node", [.. Enumerable.Range(0, random.Next(5))
                .Select(i => new InterventionResult($"{i}", random.NextDouble(), i == 0 ? double.NaN
                : random.NextDouble(), 300)
            { Head = i == 1 ? new(i, 2) : null, Position = i == 2 ? "last" : null, Detail = i == 3
                ? new() { Answers = "01" } : null })],
                unit.StartsWith("tuned", StringComparison.Ordinal) ? "fedcba9876543210" : "abcdef0123456789", "0.1.0",
                    random.NextDouble()),
        };
    }
}
