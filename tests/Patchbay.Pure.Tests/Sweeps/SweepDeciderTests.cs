using static Patchbay.Sweeps.Tests.Given;

namespace Patchbay.Sweeps.Tests;

public sealed class SweepDeciderTests
{
    private static readonly BeginStage BeginB = new(B, new(Inputs, ["three"]));

    private static readonly Dictionary<string, SweepEvent[]> Given = new()
    {
        ["none"] = [],
        ["planned"] = Tests.Given.Planned,
        ["running"] = Tests.Given.Running,
        ["paused"] = Tests.Given.Paused,
        ["cancelled"] = Tests.Given.Cancelled,
        ["completed"] = Tests.Given.Completed,
        ["failures"] = Tests.Given.CompletedWithFailures,
    };

    private static readonly Dictionary<string, SweepCommand> Commands = new()
    {
        ["plan"] = new PlanSweep(Plan, "1.0"),
        ["start"] = new StartSweep(),
        ["pause"] = new PauseSweep(),
        ["resume"] = new ResumeSweep(),
        ["cancel"] = new CancelSweep(),
        ["retry"] = new RetrySweep(),
        ["begin"] = new BeginStage(A, new(JsonRecord.Empty, ["one", "two"])),
        ["claim"] = new ClaimUnit(Second, "n"),
        ["complete"] = Complete(Second),
        ["fail"] = Fail(Second, 1),
    };

    /// <summary>Every command in every state: the events it leads to, "-" for nothing, "!" for a refusal.</summary>
    [Theory]
    [InlineData("plan", "SweepPlanned", "-", "-", "-", "-", "-", "-")]
    [InlineData("start", "!", "SweepStarted", "-", "-", "!", "-", "-")]
    [InlineData("pause", "!", "!", "SweepPaused", "-", "!", "!", "!")]
    [InlineData("resume", "!", "SweepStarted", "-", "SweepResumed", "!", "-", "!")]
    [InlineData("cancel", "!", "SweepCancelled", "SweepCancelled", "SweepCancelled", "-", "!", "!")]
    [InlineData("retry", "!", "-", "-", "-", "!", "!", "SweepRetried")]
    [InlineData("begin", "!", "-", "-", "-", "-", "-", "-")]
    [InlineData("claim", "!", "-", "UnitClaimed", "-", "-", "-", "-")]
    [InlineData("complete", "!", "-", "InterventionRecorded UnitCompleted", "InterventionRecorded UnitCompleted", "-",
        "-", "-")]
    [InlineData("fail", "!", "-", "UnitFailed", "UnitFailed", "-", "-", "-")]
    public void Every_command_in_every_state(string command, params string[] expected)
    {
        foreach (var (state, then) in Given.Keys.Zip(expected))
        {
            var decision = SweepDecider.Decide(Commands[command], State(Given[state]));
            var found = decision.Refusal is not null ? "!" : decision.Events.Count == 0 ? "-"
                : string.Join(' ', decision.Events.Select(e => e.GetType().Name));
            Assert.Equal($"{command} when {state}: {then}", $"{command} when {state}: {found}");
        }
    }

    [Fact]
    public void A_stage_begins_when_those_it_needs_are_complete_and_not_before()
    {
        When(FirstStageDone, BeginB, new StageBegun(B, Inputs, [Third]));
        When(Running, BeginB);
        Refused(Running, new BeginStage("m/z", new(JsonRecord.Empty, [])), "no stage m/z");
        Refused(FirstStageDone, new BeginStage(B, new(JsonRecord.Empty, ["same", "same"])), "told apart");
    }

    [Fact]
    public void The_last_unit_completes_its_stage_and_the_last_stage_the_sweep()
    {
        var result = new InterventionRecorded(Second, "0.0", -0.5, 0.1, 10, 20, Fingerprint, "1.0", 2);
        When([.. Running, .. Done(First)], Complete(Second), result, new UnitCompleted(Second, "n", 2),
            new StageCompleted(A));
        When([.. FirstStageDone, new StageBegun(B, Inputs, [Third])], Complete(Third), result with { Unit = Third },
            new UnitCompleted(Third, "n", 2),
            new StageCompleted(B), new SweepCompleted(0));
    }

    [Fact]
    public void A_stage_without_units_is_complete_as_it_begins() =>
        When(FirstStageDone, new BeginStage(B, new(Inputs, [])), new StageBegun(B, Inputs, []), new StageCompleted(B),
            new SweepCompleted(0));

    [Fact]
    public void A_unit_is_tried_three_times_and_then_set_aside_and_the_rest_goes_on()
    {
        When(Running, Fail(Second, 1), new UnitFailed(Second, 1, "n", "why"));
        SweepEvent[] twice = [.. Running, new UnitFailed(Second, 1, "n", "why"), new UnitFailed(Second, 2, "n", "why")];
        When(twice, Fail(Second, 3), new UnitFailed(Second, 3, "n", "why"), new UnitSetAside(Second));
        SweepEvent[] aside = [.. twice, new UnitFailed(Second, 3, "n", "why"), new UnitSetAside(Second)];
        When(aside, new ClaimUnit(First, "n"), new UnitClaimed(First, 1, "n"));
        When(aside, new ClaimUnit(Second, "n"));
    }

    [Fact]
    public void A_failure_that_is_for_good_sets_the_unit_aside_at_once() =>
        When(Running, Fail(Second, 1, permanent: true), new UnitFailed(Second, 1, "n", "why"),
            new UnitSetAside(Second));

    [Fact]
    public void The_sweep_ends_with_failures_when_only_set_aside_units_and_what_needs_them_are_left() => When(
        [.. Running, .. Done(First), new UnitFailed(Second, 1, "n", "why"), new UnitFailed(Second, 2, "n", "why")],
            Fail(Second, 3),
        new UnitFailed(Second, 3, "n", "why"), new UnitSetAside(Second), new SweepCompleted(1));

    [Fact]
    public void The_same_attempt_fails_only_once()
    {
        When([.. Running, new UnitFailed(Second, 1, "n", "why")], Fail(Second, 1));
        When(Running, Fail(Second, 2));
    }

    [Fact]
    public void A_retry_gives_a_unit_all_its_attempts_again()
    {
        When(CompletedWithFailures, new RetrySweep(), new SweepRetried([Second]));
        SweepEvent[] retried = [.. CompletedWithFailures, new SweepRetried([Second])];
        Assert.Equal(SweepStatus.Running, State(retried).Status);
        When(retried, new ClaimUnit(Second, "n"), new UnitClaimed(Second, 4, "n"));
        When(retried, Fail(Second, 4), new UnitFailed(Second, 4, "n", "why"));
        When([.. retried, .. Done(Second), new StageCompleted(A)], BeginB, new StageBegun(B, Inputs, [Third]));
    }

    [Fact]
    public void A_late_result_is_recorded_once_and_one_of_a_unit_set_aside_meanwhile_too()
    {
        When([.. Running, .. Done(Second)], Complete(Second));
        SweepEvent[] aside = [.. Running, .. Broken(Second)];
        When(aside, Complete(Second), new SweepRetried([Second]), new InterventionRecorded(Second, "0.0", -0.5, 0.1, 10,
            20, Fingerprint, "1.0", 2),
            new UnitCompleted(Second, "n", 2));
    }

    [Fact]
    public void A_result_of_another_checkpoint_is_refused() => Refused(Running, Complete(Second, "f2"),
        "another m (fingerprint f2)");

    [Fact]
    public void A_result_of_a_unit_that_does_not_exist_changes_nothing()
    {
        When(Running, Complete("m/a/nine"));
        When(Running, Complete("nonsense"));
        When(Running, Fail("m/z/one", 1));
    }

    [Fact]
    public void A_plan_that_cannot_be_carried_out_is_refused()
    {
        Refused([], new PlanSweep(Plan with { Stages = [] }, "1.0"), "at least one stage");
        Refused([], new PlanSweep(Plan with { Stages = [Plan.Stages[1]] }, "1.0"), "needs m/a");
        Refused([], new PlanSweep(Plan with { Stages = [Plan.Stages[0], Plan.Stages[0]] }, "1.0"), "two stages");
        Refused([], new PlanSweep(Plan with { Models = [] }, "1.0"), "model m");
        Refused(Tests.Given.Planned, new PlanSweep(Plan with { StudyText = "other" }, "1.0"), "another study");
    }

    [Fact]
    public void While_paused_nothing_is_handed_out_and_the_last_results_still_end_the_sweep()
    {
        SweepEvent[] last = [.. FirstStageDone, new StageBegun(B, Inputs, [Third]), new SweepPaused()];
        When(last, new ClaimUnit(Third, "n"));
        Assert.Equal(SweepStatus.Completed,
            State([.. last, .. SweepDecider.Decide(Complete(Third), State(last)).Events]).Status);
    }

    [Fact]
    public void Results_come_in_the_units_order_whatever_order_they_were_recorded_in()
    {
        var forward = State([.. Running, .. Done(First), .. Done(Second)]).Stages[A].Results;
        var backward = State([.. Running, .. Done(Second), .. Done(First)]).Stages[A].Results;
        Assert.Equal(forward, backward);
        Assert.Equal([First, Second], forward.Select(r => r.Unit));
    }
}
