using Patchbay.Cluster.Operating;

namespace Patchbay.Cli.Sweeps;

/// <summary>A node's journal, read by its API: for who has no way to the database or the file.</summary>
internal sealed class NodeJournal(ControlClient node) : ISweepJournal
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Sweeps() => node.JournalSweeps();

    /// <inheritdoc/>
    public RecoveredSweep Recover(string sweep, Action<DateTimeOffset, SweepState>? seen = null)
    {
        var (state, last) = (SweepState.None, 0L);
        foreach (var recorded in All(sweep, 0))
        {
            (state, last) = (SweepDecider.Evolve(state, recorded.Event), recorded.Sequence);
            seen?.Invoke(recorded.At, state);
        }
        return new(state, last);
    }

    /// <inheritdoc/>
    public IReadOnlyList<RecordedEvent> Read(string sweep, long after, int most = int.MaxValue) =>
        [.. All(sweep, after).Take(most)];

    private IEnumerable<RecordedEvent> All(string sweep, long after)
    {
        while (node.JournalEvents(sweep, after) is { Count: > 0 } events)
        {
            foreach (var stored in events) yield return stored.Read(sweep);
            if (events.Count < StoredEvent.Most) yield break;
            after = events[^1].Sequence;
        }
    }
}
