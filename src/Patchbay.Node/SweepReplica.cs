using Patchbay.Sweeps;

namespace Patchbay.Node;

/// <summary>A sweep as a coordinator knows it: the state after the events it has read.</summary>
internal sealed class SweepReplica
{
    private long snapshot;

    private SweepReplica(string id, RecoveredSweep recovered)
    {
        (Id, State, Sequence) = (id, recovered.State, recovered.Sequence);
        snapshot = Sequence;
    }

    public string Id { get; }

    public SweepState State { get; private set; }

    /// <summary>Number of the last event that it knows.</summary>
    public long Sequence { get; private set; }

    /// <summary>Why this version cannot run it, or null.</summary>
    public string? Fault { get; set; }

    public static SweepReplica Open(ISweepJournal journal, string id) => new(id, journal.Recover(id));

    /// <summary>Reads what others have recorded meanwhile.</summary>
    public IReadOnlyList<SweepEvent> CatchUp(ISweepJournal journal)
    {
        var read = journal.Read(Id, Sequence);
        return read.Count == 0 ? [] : Apply([.. read.Select(r => r.Event)]);
    }

    /// <summary>Takes over events that are in the journal.</summary>
    public IReadOnlyList<SweepEvent> Apply(IReadOnlyList<SweepEvent> events)
    {
        State = SweepDecider.Evolve(State, events);
        Sequence += events.Count;
        return events;
    }

    /// <summary>Saves a snapshot when there are many events since the last, so that what follows it is at most a
    /// twentieth.</summary>
    public void SnapshotWhenDue(ISweepJournal journal, Func<long, long, bool> due, DateTimeOffset now)
    {
        if (!due(Sequence, snapshot)) return;
        journal.SaveSnapshot(Id, new(State, Sequence), now);
        snapshot = Sequence;
    }
}

/// <summary>Decisions that will be recorded together.</summary>
internal sealed class SweepBatch(SweepState state)
{
    private readonly List<SweepEvent> events = [];

    /// <summary>The state after them.</summary>
    public SweepState State { get; private set; } = state;

    /// <summary>Their events.</summary>
    public IReadOnlyList<SweepEvent> Events => events;

    /// <summary>Units taken.</summary>
    public IReadOnlyList<UnitClaimed> Claims => [.. events.OfType<UnitClaimed>()];

    /// <summary>Decides on one more command; why it is refused, or null.</summary>
    public string? Apply(SweepCommand command)
    {
        var decision = SweepDecider.Decide(command, State);
        events.AddRange(decision.Events);
        State = SweepDecider.Evolve(State, decision.Events);
        return decision.Refusal;
    }

    /// <summary>Leases taken and given up by these events.</summary>
    public LeaseChanges Leases(string node, DateTimeOffset until) => new(node, [.. Claims.Select(c => c.Unit)],
        [.. events.OfType<UnitCompleted>().Select(e => e.Unit), .. events.OfType<UnitFailed>().Select(e => e.Unit)],
            until);
}
