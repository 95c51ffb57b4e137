namespace Patchbay.Sweeps;

/// <summary>An event as the journal holds it.</summary>
/// <param name="Sequence">Its number within the sweep, from 1, without gaps.</param>
/// <param name="At">When it was recorded.</param>
/// <param name="Event">What happened.</param>
public sealed record RecordedEvent(long Sequence, DateTimeOffset At, SweepEvent Event);

/// <summary>A sweep as it stands in the journal.</summary>
/// <param name="State">Its state.</param>
/// <param name="Sequence">Number of its last event; 0 where there is no such sweep.</param>
public sealed record RecoveredSweep(SweepState State, long Sequence);

/// <summary>A node's right to run a unit.</summary>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Node">Whose it is.</param>
/// <param name="Until">When it lapses unless it is renewed.</param>
public sealed record Lease(string Unit, string Node, DateTimeOffset Until)
{
    /// <summary>How long a lease lasts.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    /// <summary>Whether it still holds. One that ends further ahead than leases last was made before a clock was set
    /// back, and does not: at worst a unit is run twice, and recorded once.</summary>
    public bool HoldsAt(DateTimeOffset now) => now < Until && Until <= now + Duration + Duration;
}

/// <summary>Changes of leases that go with events, in the same transaction.</summary>
/// <param name="Node">Whose.</param>
/// <param name="Claimed">Units that it has from now on.</param>
/// <param name="Released">Units that nobody need hold any more, whoever did.</param>
/// <param name="Until">When the claimed ones lapse.</param>
public sealed record LeaseChanges(string Node, IReadOnlyList<string> Claimed, IReadOnlyList<string> Released,
    DateTimeOffset Until);

/// <summary>
/// Where sweeps are recorded. Several processes may share one: an append names the event that it follows, and of two
/// that follow the same one only one succeeds. Every call may throw <see cref="JournalException"/>; an append that
/// threw may have happened.
/// </summary>
public interface ISweepJournal
{
    /// <summary>Ids of all sweeps, oldest first.</summary>
    IReadOnlyList<string> Sweeps();

    /// <summary>A sweep's state, from its last snapshot and the events since.</summary>
    /// <param name="sweep">Id of the sweep.</param>
    /// <param name="seen">Told the time of each event since the snapshot, and the state after it.</param>
    RecoveredSweep Recover(string sweep, Action<DateTimeOffset, SweepState>? seen = null);

    /// <summary>A sweep's events after a number, in order; no more than <paramref name="most"/> of them.</summary>
    IReadOnlyList<RecordedEvent> Read(string sweep, long after, int most = int.MaxValue);

    /// <summary>Records events, all or none.</summary>
    /// <param name="sweep">Id of the sweep.</param>
    /// <param name="after">Number of the last event that the events were decided on.</param>
    /// <param name="events">What happened.</param>
    /// <param name="at">When.</param>
    /// <param name="leases">Changes of leases in the same transaction, or null.</param>
    /// <returns>False where others have recorded something after that number: read it and decide anew.</returns>
    bool TryAppend(string sweep, long after, IReadOnlyList<SweepEvent> events, DateTimeOffset at,
        LeaseChanges? leases = null);

    /// <summary>Keeps a state, so that recovery need not read the events before it; older ones are dropped.</summary>
    void SaveSnapshot(string sweep, RecoveredSweep state, DateTimeOffset at);

    /// <summary>All leases of a sweep's units, lapsed ones too.</summary>
    IReadOnlyList<Lease> Leases(string sweep);

    /// <summary>Renews all leases of a node.</summary>
    void Renew(string node, DateTimeOffset until);

    /// <summary>Gives up all leases of nodes that are known to be gone.</summary>
    void Release(IReadOnlyList<string> nodes);
}

/// <summary>Why a journal does not work.</summary>
public enum JournalFault
{
    /// <summary>Another process holds it; trying again may help.</summary>
    Busy,

    /// <summary>The disk, or the limit of a folder, is full.</summary>
    Full,

    /// <summary>It may not be written to.</summary>
    ReadOnly,

    /// <summary>What it holds is not what was written.</summary>
    Corrupt,

    /// <summary>It was written by a version of Patchbay that this one does not know, or is no journal.</summary>
    Unknown,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>The journal does not work; the message is one sentence that says what to do.</summary>
public sealed class JournalException : IOException
{
    /// <summary>Makes one.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="message">One sentence for the operator.</param>
    /// <param name="inner">The cause, or null.</param>
    public JournalException(JournalFault fault, string message, Exception? inner = null) : base(message, inner) =>
        Fault = fault;

    /// <summary>Why.</summary>
    public JournalFault Fault { get; }
}
