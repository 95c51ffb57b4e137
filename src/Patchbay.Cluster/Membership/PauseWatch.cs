using System.Diagnostics;

namespace Patchbay.Cluster.Membership;

/// <summary>Notices that this process stood still, as one that was stopped or whose machine slept: the other nodes have
/// gone on without it, and it must not go on as if nothing had been.</summary>
internal sealed class PauseWatch : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private readonly Timer timer;
    private long last = Stopwatch.GetTimestamp();

    /// <summary>Begins to watch.</summary>
    /// <param name="longest">A pause that others do not mind.</param>
    /// <param name="paused">Told each pause that is longer.</param>
    public PauseWatch(TimeSpan longest, Action<TimeSpan> paused) => timer = new(_ =>
    {
        var now = Stopwatch.GetTimestamp();
        var pause = Stopwatch.GetElapsedTime(Interlocked.Exchange(ref last, now), now);
        if (pause > longest) paused(pause);
    }, null, LookEvery, LookEvery);

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();
}
