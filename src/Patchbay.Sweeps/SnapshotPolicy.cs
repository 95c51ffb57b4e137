namespace Patchbay.Sweeps;

/// <summary>When a sweep's state is worth keeping.</summary>
public static class SnapshotPolicy
{
    /// <summary>Whether a snapshot is due: so many events since the last that reading them would take a twentieth of
    /// reading all.</summary>
    /// <param name="sequence">Number of the last event.</param>
    /// <param name="snapshot">Number of the last event that the last snapshot holds.</param>
    public static bool IsDue(long sequence, long snapshot) => sequence - snapshot > Math.Max(1000, sequence / 20);
}
