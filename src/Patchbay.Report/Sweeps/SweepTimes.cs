namespace Patchbay.Report;

/// <summary>When things happened to a sweep.</summary>
/// <param name="Started">When it was first started, or null.</param>
/// <param name="Last">When its last event was recorded, or null.</param>
internal sealed record SweepTimes(DateTimeOffset? Started, DateTimeOffset? Last)
{
    /// <summary>The times of a sweep in a journal. It is started right after it was planned; not all events are
    /// read.</summary>
    public static SweepTimes Of(ISweepJournal journal, string sweep, RecoveredSweep recovered) => new(
        Of(journal.Read(sweep, 0, most: 2)).Started, Of(journal.Read(sweep, recovered.Sequence - 1)).Last);

    /// <summary>The times of a sweep's events.</summary>
    public static SweepTimes Of(IReadOnlyList<RecordedEvent> events) =>
        new(events.FirstOrDefault(e => e.Event is SweepStarted)?.At, events.Count > 0 ? events[^1].At : null);
}
