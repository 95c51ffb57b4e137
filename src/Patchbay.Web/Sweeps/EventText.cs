namespace Patchbay.Web.Sweeps;

/// <summary>What happened to a sweep, in words.</summary>
internal static class EventText
{
    public static string Of(SweepEvent happened) => happened switch
    {
        SweepPlanned e => $"planned: {SweepText.Count(e.Plan.Stages.Count, "stage")} on "
            + SweepText.Count(e.Plan.Models.Count, "model"),
        SweepStarted => "started",
        SweepPaused => "paused",
        SweepResumed => "resumed",
        SweepCancelled => "cancelled",
        SweepRetried e => $"{SweepText.Count(e.Units.Count, "unit")} to be tried again",
        StageBegun e => $"{e.Stage} began with {SweepText.Count(e.Units.Count, "unit")}",
        UnitClaimed e => $"{e.Unit} was taken{(e.Attempt > 1 ? $" for the {Nth(e.Attempt)} time" : "")}",
        UnitCompleted e => $"{e.Unit} done in {SweepText.Duration(TimeSpan.FromSeconds(e.Seconds))}",
        UnitFailed e => $"{e.Unit} failed: {e.Error}",
        UnitSetAside e => $"{e.Unit} set aside",
        StageCompleted e => $"{e.Stage} is complete",
        SweepCompleted { Failures: 0 } => "completed",
        SweepCompleted e => $"completed, {SweepText.Count(e.Failures, "unit")} set aside",
        _ => happened.GetType().Name,
    };

    private static string Nth(int number) => number switch { 2 => "second", 3 => "third", _ => $"{number}th" };
}
