using System.Data.Common;
using System.Text.Json;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>A journal in a database, which several processes may have open; each opens its own. One instance is used by
/// one thread at a time. What a call has recorded is on the disk when it returns.</summary>
public sealed class SqlJournal : ISweepJournal, IDisposable
{
    /// <summary>Tag of a sweep's first event, in the table that Akka.NET's queries by tag read.</summary>
    internal const string Tag = "sweep";

    private const string IdPrefix = "sweep-";
    private const int SnapshotsKept = 2;
    private readonly string writer = Guid.NewGuid().ToString("N");

    private SqlJournal(JournalDatabase database)
    {
        Database = database;
        Artifacts = new(database);
    }

    /// <summary>How long a call waits while another process writes, unless <c>Open</c> is told
    /// otherwise.</summary>
    public static TimeSpan DefaultBusy { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Where it is.</summary>
    public JournalPlace Place => Database.Place;

    /// <summary>Version of its tables.</summary>
    public int Version => Database.Version;

    /// <summary>Blobs beside the events, named by their SHA-256.</summary>
    public ArtifactStore Artifacts { get; }

    internal JournalDatabase Database { get; }

    /// <summary>Opens a journal. For writing, it is made with its folder where there is none, and one of an older
    /// version is brought to the newest.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="readOnly">Whether nothing is to be changed; then a file and its folder need not be
    /// writable.</param>
    /// <param name="busy">How long a call waits while another process writes; <see cref="DefaultBusy"/> where
    /// null.</param>
    /// <exception cref="FileNotFoundException">It is to be read, and is not there.</exception>
    /// <exception cref="JournalException">It cannot be used.</exception>
    public static SqlJournal Open(JournalPlace place, bool readOnly = false, TimeSpan? busy = null) =>
        new(JournalDatabase.Open(place, readOnly, busy ?? DefaultBusy));

    /// <summary>Opens a journal in a file of SQLite; see the other.</summary>
    public static SqlJournal Open(string file, bool readOnly = false, TimeSpan? busy = null) =>
        Open(JournalPlace.Of(file), readOnly, busy);

    /// <inheritdoc/>
    public IReadOnlyList<string> Sweeps() =>
        Sweeps("SELECT persistence_id FROM journal WHERE sequence_number = 1 ORDER BY ordering");

    /// <summary>Ids of the sweeps that are running, whether or not a process is at them.</summary>
    public IReadOnlyList<string> Running() => [.. Sweeps().Where(sweep => Database.Scalar(
        """
        SELECT manifest FROM journal WHERE persistence_id = @0 AND manifest IN ('sweep-started/1', 'sweep-paused/1',
            'sweep-resumed/1', 'sweep-cancelled/1', 'sweep-retried/1', 'sweep-completed/1')
        ORDER BY sequence_number DESC LIMIT 1
        """, PersistenceId(sweep)) is "sweep-started/1" or "sweep-resumed/1" or "sweep-retried/1")];

    /// <summary>Whether events could be recorded now.</summary>
    /// <exception cref="JournalException">They could not; the message says why.</exception>
    public static void CheckWritable(JournalPlace place)
    {
        using var journal = Open(place, busy: TimeSpan.FromSeconds(1));
        journal.Database.CheckWritable();
    }

    /// <summary>What went wrong with a journal, as a sentence for its operator.</summary>
    /// <param name="reason">As another library had it from the database.</param>
    /// <param name="place">Where the journal is.</param>
    public static JournalException Explain(Exception reason, JournalPlace place)
    {
        for (var cause = reason; cause is not null; cause = cause.InnerException)
        {
            if (cause is JournalException known) return known;
            if (cause is DbException database) return JournalFaults.Of(database, place);
        }
        return new JournalException(JournalFault.Other, $"journal {place} does not work: {reason.Message}", reason);
    }

    /// <inheritdoc/>
    public RecoveredSweep Recover(string sweep, Action<DateTimeOffset, SweepState>? seen = null)
    {
        var last = LastSequence(sweep);
        if (last == 0) return new(SweepState.None, 0);
        var (state, sequence) = NewestSnapshot(sweep, last) ?? new(SweepState.None, 0);
        ReadRows(sweep, sequence, row =>
        {
            state = SweepDecider.Evolve(state, Decode(sweep, sequence + 1, row));
            sequence++;
            seen?.Invoke(new(row.Created, TimeSpan.Zero), state);
        });
        return new(state, sequence);
    }

    /// <inheritdoc/>
    public IReadOnlyList<RecordedEvent> Read(string sweep, long after, int most = int.MaxValue)
    {
        var events = new List<RecordedEvent>();
        ReadRows(sweep, after, row => events.Add(new(
            row.Sequence, new(row.Created, TimeSpan.Zero), Decode(sweep, after + events.Count + 1, row))), most);
        return events;
    }

    /// <summary>A sweep's events but its results, which are most of them, in order.</summary>
    public IReadOnlyList<RecordedEvent> ReadWithoutResults(string sweep)
    {
        var events = new List<RecordedEvent>();
        ReadRows(sweep, 0, row => events.Add(new(row.Sequence, new(row.Created, TimeSpan.Zero),
            Decode(sweep, row.Sequence, row))), only: "AND manifest NOT LIKE 'intervention-recorded/%'");
        return events;
    }

    /// <summary>Records events, all or none. (A sweep that runs is recorded by its actor; this is for what is made:
    /// measurements and tests.)</summary>
    /// <param name="sweep">Id of the sweep.</param>
    /// <param name="after">Number of the last event that the events were decided on.</param>
    /// <param name="events">What happened.</param>
    /// <param name="at">When.</param>
    /// <returns>False where others have recorded something after that number.</returns>
    public bool TryAppend(string sweep, long after, IReadOnlyList<SweepEvent> events, DateTimeOffset at)
    {
        var id = PersistenceId(sweep);
        // Written out before the transaction begins: nobody waits for it.
        byte[][] messages = [.. events.Select((happened, i) => EventCodec.Encode(id, after + i + 1, happened))];
        try
        {
            return Database.Transaction(() =>
            {
                if (LastSequence(sweep) != after) return false;
                for (var i = 0; i < messages.Length; i++)
                    Insert(id, after + i + 1, at.UtcTicks, EventCodec.Manifest(events[i]), messages[i]);
                return true;
            });
        }
        catch (JournalException e) when (JournalFaults.IsTaken(e.InnerException))
        {
            return false; // the Akka.NET host was quicker: it does not take our lock first
        }
    }

    /// <summary>Keeps a state, likewise; older ones are dropped.</summary>
    public void SaveSnapshot(string sweep, RecoveredSweep state, DateTimeOffset at)
    {
        if (state.Sequence == 0) return;
        var id = PersistenceId(sweep);
        var snapshot = SnapshotCodec.Encode(id, state.Sequence, state.State);
        Database.Transaction(() =>
        {
            Database.Execute(
                """
                INSERT INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id)
                VALUES (@0, @1, @2, @3, @4, @5) ON CONFLICT (persistence_id, sequence_number) DO UPDATE
                SET created = excluded.created, snapshot = excluded.snapshot, manifest = excluded.manifest,
                serializer_id = excluded.serializer_id
                """,
                id, state.Sequence, at.UtcTicks, snapshot, SnapshotCodec.Manifest, EventCodec.Identifier);
            Database.Execute(
                """
                DELETE FROM snapshot WHERE persistence_id = @0 AND sequence_number NOT IN
                (SELECT sequence_number FROM snapshot WHERE persistence_id = @0 ORDER BY sequence_number DESC LIMIT @1)
                """,
                id, SnapshotsKept);
        });
    }

    /// <inheritdoc/>
    public void Dispose() => Database.Dispose();

    /// <summary>What the journal calls a sweep.</summary>
    internal static string PersistenceId(string sweep) => IdPrefix + sweep;

    /// <summary>The ids of sweeps, of a query that gives persistence ids.</summary>
    internal IReadOnlyList<string> Sweeps(string query) => [.. Database.Rows(query, row => row.GetString(0))
        .Where(id => id.StartsWith(IdPrefix, StringComparison.Ordinal)).Select(id => id[IdPrefix.Length..])];

    /// <summary>A sweep's events as they lie in the table, in order, unchecked.</summary>
    internal void ReadRows(string sweep, long after, Action<EventRow> read, int most = int.MaxValue,
        string only = "") => Database.Guard(() =>
    {
        using var reader = Database.Command(
            $"""
            SELECT sequence_number, created, manifest, message FROM journal
            WHERE persistence_id = @0 AND sequence_number > @1 {only} ORDER BY sequence_number LIMIT @2
            """,
            PersistenceId(sweep), after, most).ExecuteReader();
        while (reader.Read())
        {
            read(new(reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(2) ? "" : reader.GetString(2),
                Database.Bytes(reader, 3)));
        }
        return true;
    });

    /// <summary>Adds one event; inside a transaction.</summary>
    internal void Insert(string id, long sequence, long created, string manifest, byte[] message)
    {
        var ordering = Database.Command(
            """
            INSERT INTO journal
            (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            VALUES (@0, false, @1, @2, @3, @4, @5, @6) RETURNING ordering
            """,
            created, id, sequence, message, manifest, EventCodec.Identifier, writer).ExecuteScalar()!;
        if (sequence == 1) Database.Execute(
            "INSERT INTO tags (ordering_id, tag, sequence_nr, persistence_id) VALUES (@0, @1, @2, @3)",
            ordering, Tag, sequence, id);
    }

    /// <summary>Number of a sweep's last event; 0 where there is no such sweep.</summary>
    internal long LastSequence(string sweep) =>
        Database.Long("SELECT max(sequence_number) FROM journal WHERE persistence_id = @0", PersistenceId(sweep));

    /// <summary>The event of a row that must have a certain number.</summary>
    internal SweepEvent Decode(string sweep, long expected, EventRow row)
    {
        const string Restore = "restore it from a copy";
        var which = $"event {expected} of sweep {sweep}";
        if (row.Sequence != expected)
            throw new JournalException(JournalFault.Corrupt, $"{which} is missing in journal {Place}: {Restore}");
        if (!EventCodec.Knows(row.Manifest))
            throw new JournalException(JournalFault.Unknown, $"{which} in journal {Place} is of a kind "
                + $"'{row.Manifest}' that this Patchbay does not know: use the one that wrote it, or a newer one");
        if (!EventCodec.Holds(PersistenceId(sweep), row.Sequence, row.Message))
            throw new JournalException(
                JournalFault.Corrupt, $"{which} in journal {Place} is not what was written: {Restore}");
        try
        {
            return EventCodec.Decode(row.Manifest, row.Message);
        }
        catch (JsonException e)
        {
            throw new JournalException(JournalFault.Unknown, $"{which} in journal {Place} is no {row.Manifest} "
                + "as this Patchbay knows it: use the one that wrote it", e);
        }
    }

    /// <summary>A sweep's snapshots, newest first, unchecked.</summary>
    internal IReadOnlyList<StoredSnapshot> Snapshots(string sweep) => Database.Rows(
        """
        SELECT sequence_number, manifest, snapshot FROM snapshot WHERE persistence_id = @0
        ORDER BY sequence_number DESC
        """,
        row => new StoredSnapshot(row.GetInt64(0), row.IsDBNull(1) ? "" : row.GetString(1),
            row.IsDBNull(2) ? [] : row.GetFieldValue<byte[]>(2)), PersistenceId(sweep));

    /// <summary>The newest snapshot that can be used. One that cannot is passed over: the events say the same, only
    /// more slowly.</summary>
    private RecoveredSweep? NewestSnapshot(string sweep, long last)
    {
        foreach (var stored in Snapshots(sweep).Where(stored => stored.Sequence <= last))
        {
            if (SnapshotCodec.TryDecode(PersistenceId(sweep), stored) is { } state) return new(state, stored.Sequence);
        }
        return null;
    }
}

/// <summary>An event as it lies in the table; valid until the next is read.</summary>
/// <param name="sequence">Its number within the sweep.</param>
/// <param name="created">When it was recorded: ticks, UTC, as Akka.Persistence.Sql has it.</param>
/// <param name="manifest">Its kind.</param>
/// <param name="message">Its JSON.</param>
internal readonly ref struct EventRow(long sequence, long created, string manifest, ReadOnlySpan<byte> message)
{
    public long Sequence { get; } = sequence;
    public long Created { get; } = created;
    public string Manifest { get; } = manifest;
    public ReadOnlySpan<byte> Message { get; } = message;
}

/// <summary>A snapshot as it lies in the table.</summary>
internal sealed record StoredSnapshot(long Sequence, string Manifest, byte[] Bytes);
