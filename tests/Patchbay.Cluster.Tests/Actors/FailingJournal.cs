using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Journal;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>What is wrong with the journal of an actor system, as a test has it.</summary>
internal sealed class JournalFaults
{
    private static readonly ConcurrentDictionary<ActorSystem, JournalFaults> All = [];

    /// <summary>Every write fails with it, while it is not null.</summary>
    public Exception? Write { get; set; }

    /// <summary>Whether a write that fails has written all the same.</summary>
    public bool WritesAllTheSame { get; set; }

    /// <summary>Every write waits for it first.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    /// <summary>How many events each write had.</summary>
    public List<int> Writes { get; } = [];

    /// <summary>Changes what is read.</summary>
    public Func<EncodedEvent, EncodedEvent> Read { get; set; } = stored => stored;

    /// <summary>Events that were written, with those of writes that failed after writing.</summary>
    public List<EncodedEvent> Written { get; } = [];

    /// <summary>From which events on it was read, one for each reading.</summary>
    public List<long> ReadFrom { get; } = [];

    /// <summary>Those of a system.</summary>
    public static JournalFaults Of(ActorSystem system) => All.GetOrAdd(system, _ => new());
}

/// <summary>A journal in memory that fails when a test says so.</summary>
internal sealed class FailingJournal : MemoryJournal
{
    private readonly JournalFaults faults = JournalFaults.Of(Context.System);

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages,
        CancellationToken cancellationToken)
    {
        AtomicWrite[] writes = [.. messages];
        await faults.Held;
        if (faults.Write is { } fault && !faults.WritesAllTheSame) throw fault;
        lock (faults.Written)
        {
            faults.Writes.Add(writes.Sum(w => w.Size));
            faults.Written.AddRange(writes.SelectMany(w => (IEnumerable<IPersistentRepresentation>)w.Payload)
                .Select(p => (EncodedEvent)p.Payload));
        }
        var written = await base.WriteMessagesAsync(writes, cancellationToken);
        return faults.Write is { } late ? throw late : written;
    }

    public override Task ReplayMessagesAsync(IActorContext context, string persistenceId, long fromSequenceNr,
        long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback)
    {
        lock (faults.ReadFrom) faults.ReadFrom.Add(fromSequenceNr);
        return base.ReplayMessagesAsync(context, persistenceId, fromSequenceNr, toSequenceNr, max, stored =>
            recoveryCallback(stored.WithPayload(faults.Read((EncodedEvent)stored.Payload))));
    }
}
