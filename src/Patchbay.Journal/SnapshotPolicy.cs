namespace Patchbay.Journal;

/// <summary>When a snapshot is worth its write: recovery reads at most 5 % of a sweep's events, and short sweeps need none.</summary>
public static class SnapshotPolicy
{
    private const long AtLeast = 1000;
    private const double Share = 0.05;

    /// <summary>Whether to save one.</summary>
    /// <param name="sequence">Number of the sweep's last event.</param>
    /// <param name="lastSnapshot">Number of the event that the last snapshot follows, 0 where there is none.</param>
    public static bool IsDue(long sequence, long lastSnapshot) => sequence - lastSnapshot > Math.Max(AtLeast, sequence * Share);
}
