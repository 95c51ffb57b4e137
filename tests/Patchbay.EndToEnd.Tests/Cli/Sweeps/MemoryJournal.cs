using Patchbay.Sweeps;

namespace Patchbay.Cli.Tests.Sweeps;

/// <summary>A journal of this process, for tests that read.</summary>
internal sealed class MemoryJournal : ISweepJournal
{
    private readonly Dictionary<string, List<RecordedEvent>> sweeps = [];

    /// <summary>Called before each read: to change something while somebody watches.</summary>
    public Action? BeforeRead { get; set; }

    public IReadOnlyList<string> Sweeps() => [.. sweeps.Keys];

    public RecoveredSweep Recover(string sweep, Action<DateTimeOffset, SweepState>? seen = null)
    {
        var (state, events) = (SweepState.None, Events(sweep));
        foreach (var e in events)
        {
            state = SweepDecider.Evolve(state, e.Event);
            seen?.Invoke(e.At, state);
        }
        return new(state, events.Count);
    }

    public IReadOnlyList<RecordedEvent> Read(string sweep, long after, int most = int.MaxValue)
    {
        BeforeRead?.Invoke();
        return [.. Events(sweep).Skip((int)after).Take(most)];
    }

    public bool TryAppend(string sweep, long after, IReadOnlyList<SweepEvent> events, DateTimeOffset at)
    {
        var all = Events(sweep);
        if (all.Count != after) return false;
        sweeps[sweep] = [.. all, .. events.Select((e, i) => new RecordedEvent(after + i + 1, at, e))];
        return true;
    }

    private List<RecordedEvent> Events(string sweep) => sweeps.GetValueOrDefault(sweep) ?? [];
}
