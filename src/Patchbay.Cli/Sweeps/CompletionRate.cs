namespace Patchbay.Cli.Sweeps;

/// <summary>How fast a count grows, from when it was seen to grow. Only what was seen lately counts: groups of heads differ in how
/// long a unit takes, and a sweep may have been stopped for a night.</summary>
internal sealed class CompletionRate
{
    private const int Kept = 64; // observations at most
    private const int Least = 3; // observations kept however old: units may take an hour each
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private readonly LinkedList<(DateTimeOffset At, int Count)> seen = new();

    /// <summary>Tells the count as it is at a time, in the order of times.</summary>
    public void Observe(DateTimeOffset at, int count)
    {
        if (seen.Last is { } last && (count < last.Value.Count || at < last.Value.At)) Forget(); // another sweep, or a clock set back
        if (seen.Last is { } same && same.Value.Count == count) return;
        seen.AddLast((at, count));
        while (seen.Count > Kept || (seen.Count > Least && seen.First!.Value.At < at - Window)) seen.RemoveFirst();
    }

    /// <summary>Forgets all, as when work pauses.</summary>
    public void Forget() => seen.Clear();

    /// <summary>Growth per second, or null where too little was seen. Without news it sinks as time goes by: had the next one come
    /// this very moment, it would be no more than that.</summary>
    public double? PerSecond(DateTimeOffset now)
    {
        if (seen.Count < 2) return null;
        var (from, first) = seen.First!.Value;
        var (to, last) = seen.Last!.Value;
        var step = (double)(last - first) / (seen.Count - 1);
        var rate = Math.Min((last - first) / Math.Max((to - from).TotalSeconds, 1e-3),
            (last - first + step) / Math.Max((now - from).TotalSeconds, 1e-3));
        return rate;
    }
}
