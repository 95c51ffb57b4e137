namespace Patchbay.Report;

/// <summary>When things happened to a sweep.</summary>
/// <param name="Started">When it was first started, or null.</param>
/// <param name="Last">When its last event was recorded, or null.</param>
internal sealed record SweepTimes(DateTimeOffset? Started, DateTimeOffset? Last)
{
    /// <summary>The times of a sweep's events.</summary>
    public static SweepTimes Of(IReadOnlyList<RecordedEvent> events) =>
        new(events.FirstOrDefault(e => e.Event is SweepStarted)?.At, events.Count > 0 ? events[^1].At : null);
}
