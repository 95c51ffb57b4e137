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

/// <summary>Where sweeps are recorded, for those who read. Every call may throw
/// <see cref="JournalException"/>.</summary>
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

    /// <summary>Its server does not answer; it may be up again soon.</summary>
    Unreachable,

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
