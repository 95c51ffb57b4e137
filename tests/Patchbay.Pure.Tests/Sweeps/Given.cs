using Patchbay.Sweeps;

namespace Patchbay.Sweeps.Tests;

/// <summary>Sweeps as tests need them: one model, stage A of two units, stage B of one after it.</summary>
internal static class Given
{
    public const string A = "m/a", B = "m/b", First = "m/a/one", Second = "m/a/two", Third = "m/b/three",
        Fingerprint = "f1";

    public static JsonRecord Inputs { get; } = new("\"x\"");

    public static SweepPlan Plan { get; } = new("study", "text of the study", 20, new("entity-tracking", 10, 7),
        new("float32", "cpu", 1, 1 << 20),
        [new("m", "/m", null, Fingerprint, 2, 2, 100)],
        [new(A, "kind", "m", JsonRecord.Empty, []), new(B, "kind", "m", JsonRecord.Empty, [A])]);

    public static SweepEvent[] Planned => [new SweepPlanned(Plan, "1.0")];

    public static SweepEvent[] Running => [.. Planned, new SweepStarted(),
        new StageBegun(A, JsonRecord.Empty, [First, Second])];

    public static SweepEvent[] Paused => [.. Running, new SweepPaused()];

    public static SweepEvent[] Cancelled => [.. Running, new SweepCancelled()];

    /// <summary>Stage A complete; B can begin.</summary>
    public static SweepEvent[] FirstStageDone => [.. Running, .. Done(First), .. Done(Second), new StageCompleted(A)];

    public static SweepEvent[] Completed => [.. FirstStageDone, new StageBegun(B, Inputs, [Third]), .. Done(Third),
        new StageCompleted(B), new SweepCompleted(0)];

    /// <summary>One unit of A set aside, so that B can never begin.</summary>
    public static SweepEvent[] CompletedWithFailures => [.. Running, .. Done(First), .. Broken(Second),
        new SweepCompleted(1)];

    public static SweepEvent[] Done(string unit) =>
        [new UnitClaimed(unit, 1, "n"), new InterventionRecorded(unit, "0.0", -0.5, 0.1, 10, 20, Fingerprint, "1.0", 2),
            new UnitCompleted(unit, "n", 2)];

    public static SweepEvent[] Broken(string unit) =>
        [new UnitFailed(unit, 1, "n", "why"), new UnitFailed(unit, 2, "n", "why"), new UnitFailed(unit, 3, "n", "why"),
            new UnitSetAside(unit)];

    public static CompleteUnit Complete(string unit, string fingerprint = Fingerprint) =>
        new(unit, "n", [new("0.0", -0.5, 0.1, 10)], fingerprint, "1.0", 2);

    public static FailUnit Fail(string unit, int attempt, bool permanent = false) =>
        new(unit, attempt, "n", "why", permanent);

    public static SweepState State(params SweepEvent[] events) => SweepDecider.Evolve(SweepState.None, events);

    /// <summary>Given events, when a command comes, then these events follow.</summary>
    public static void When(SweepEvent[] given, SweepCommand command, params SweepEvent[] then)
    {
        var decision = SweepDecider.Decide(command, State(given));
        Assert.Null(decision.Refusal);
        Assert.Equal(then.Select(Text), decision.Events.Select(Text));
        // Whatever a command leads to, the same command again leads to nothing more.
        if (then.Length > 0 && command is not ClaimUnit) Assert.Empty(SweepDecider.Decide(command,
            State([.. given, .. decision.Events])).Events);
    }

    public static void Refused(SweepEvent[] given, SweepCommand command, string because)
    {
        var decision = SweepDecider.Decide(command, State(given));
        Assert.Empty(decision.Events);
        Assert.Contains(because, decision.Refusal, StringComparison.Ordinal);
    }

    private static string Text(SweepEvent e) => e switch
    {
        SweepRetried r => $"retried {string.Join(' ', r.Units)}",
        StageBegun b => $"begun {b.Stage} {b.Inputs.Text} {string.Join(' ', b.Units)}",
        _ => e.ToString(),
    };
}
