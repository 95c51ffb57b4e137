using Patchbay.Sweeps;

namespace Patchbay.Node.Tests.Simulation;

/// <summary>The process dies in the middle of what it does.</summary>
internal sealed class SimulatedCrash : Exception;

/// <summary>What all nodes of a simulation share: events, snapshots and leases.</summary>
internal sealed class SharedRecords
{
    public Dictionary<string, List<RecordedEvent>> Events { get; } = [];
    public Dictionary<string, RecoveredSweep> Snapshots { get; } = [];
    public Dictionary<(string Sweep, string Unit), Lease> Leases { get; } = [];

    public List<RecordedEvent> Of(string sweep) => Events.TryGetValue(sweep, out var list) ? list : Events[sweep] = [];
}

/// <summary>A journal in memory that fails as a real one does: busy before anything happened, or an answer lost after
/// it did, or the process dead on either side of it.</summary>
internal sealed class SimulatedJournal(SharedRecords records, Func<double> chance, Func<double> fault,
    Action interleave) : ISweepJournal
{
    public IReadOnlyList<string> Sweeps() => Faulty(() => (IReadOnlyList<string>)[.. records.Events.Keys]);

    public RecoveredSweep Recover(string sweep, Action<DateTimeOffset, SweepState>? seen = null) => Faulty(() =>
    {
        var start = records.Snapshots.GetValueOrDefault(sweep) ?? new RecoveredSweep(SweepState.None, 0);
        var rest = records.Of(sweep).Skip((int)start.Sequence).ToArray();
        return new RecoveredSweep(SweepDecider.Evolve(start.State, rest.Select(r => r.Event)), start.Sequence
            + rest.Length);
    });

    public IReadOnlyList<RecordedEvent> Read(string sweep, long after, int most = int.MaxValue) =>
        Faulty(() => (IReadOnlyList<RecordedEvent>)[.. records.Of(sweep).Skip((int)after).Take(most)]);

    public bool TryAppend(string sweep, long after, IReadOnlyList<SweepEvent> events, DateTimeOffset at,
        LeaseChanges? leases = null) => Faulty(() =>
    {
        var list = records.Of(sweep);
        if (list.Count != after) return false;
        foreach (var happened in events) list.Add(new(list.Count + 1, at, happened));
        foreach (var unit in leases?.Claimed ?? []) records.Leases[(sweep, unit)] = new(unit, leases!.Node,
            leases.Until);
        foreach (var unit in leases?.Released ?? []) records.Leases.Remove((sweep, unit));
        return true;
    });

    public void SaveSnapshot(string sweep, RecoveredSweep state, DateTimeOffset at) =>
        Faulty(() => records.Snapshots[sweep] = state);

    public IReadOnlyList<Lease> Leases(string sweep) =>
        Faulty(() => (IReadOnlyList<Lease>)[.. records.Leases.Where(l => l.Key.Sweep == sweep).Select(l => l.Value)]);

    public void Renew(string node, DateTimeOffset until) => Faulty(() =>
    {
        foreach (var (key, lease) in records.Leases.Where(l => l.Value.Node == node)
            .ToArray()) records.Leases[key] = lease with { Until = until };
        return true;
    });

    public void Release(IReadOnlyList<string> nodes) => Faulty(() =>
    {
        foreach (var key in records.Leases.Where(l => nodes.Contains(l.Value.Node)).Select(l => l.Key)
            .ToArray()) records.Leases.Remove(key);
        return true;
    });

    private T Faulty<T>(Func<T> action)
    {
        interleave();
        var p = fault();
        if (chance() < p) throw new JournalException(JournalFault.Busy, "simulated: busy");
        if (chance() < p / 4) throw new SimulatedCrash();
        var result = action();
        if (chance() < p / 2) throw new JournalException(JournalFault.Other, "simulated: the answer was lost");
        if (chance() < p / 4) throw new SimulatedCrash();
        return result;
    }
}
