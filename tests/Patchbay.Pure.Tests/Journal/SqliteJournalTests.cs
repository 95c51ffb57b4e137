using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal.Tests;

public sealed class SqliteJournalTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string File => folder.PathOf("journal.db");

    [Fact]
    public void Every_kind_of_event_is_read_back_as_it_was_written()
    {
        using (var journal = SqliteJournal.Open(File)) Assert.True(journal.TryAppend("a", 0, Some.EveryEvent,
            Some.Noon.AddTicks(1)));
        using var again = SqliteJournal.Open(File, readOnly: true);
        var read = again.Read("a", 0);
        Assert.Equal(Some.EveryEvent.Select(e => e.GetType()), read.Select(e => e.Event.GetType()));
        Assert.Equal(Some.EveryEvent.Select((_, i) => i + 1L), read.Select(e => e.Sequence));
        Assert.All(read, e => Assert.Equal(Some.Noon.AddTicks(1), e.At));
        // Records compare their lists by reference, so the bytes are compared.
        Assert.Equal(Some.EveryEvent.Select((e, i) => EventCodec.Encode("sweep-a", i + 1, e)),
            read.Select(e => EventCodec.Encode("sweep-a", e.Sequence, e.Event)));
        Assert.Equal(typeof(SweepEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(SweepEvent))).ToHashSet(),
            Some.EveryEvent.Select(e => e.GetType()).ToHashSet());
        Assert.Equal(Some.EveryEvent[4], read[4].Event);
        Assert.Equal(Some.EveryEvent[5], read[5].Event);
    }

    [Fact]
    public void Recovery_gives_what_the_events_make()
    {
        using var journal = SqliteJournal.Open(File);
        Assert.Equal(new(SweepState.None, 0), journal.Recover("a"));
        journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
        var recovered = journal.Recover("a");
        Assert.Equal(Some.EveryEvent.Count, recovered.Sequence);
        Assert.Equal(Some.Text(SweepDecider.Evolve(SweepState.None, Some.EveryEvent)), Some.Text(recovered.State));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Whatever_happens_recovery_with_snapshots_equals_a_replay(int seed)
    {
        var random = new Random(seed);
        using var journal = SqliteJournal.Open(File);
        using var other = SqliteJournal.Open(File);
        var state = SweepState.None;
        long last = 0;
        foreach (var events in Some.Stream(seed, 400))
        {
            Assert.True(journal.TryAppend("a", last, events, Some.Noon));
            state = SweepDecider.Evolve(state, events);
            last += events.Count;
            if (random.Next(10) == 0) journal.SaveSnapshot("a", new(state, last), Some.Noon);
            if (random.Next(10) == 0) Assert.Equal(Some.Text(state), Some.Text(other.Recover("a").State));
        }
        Assert.True(last > 30, $"a stream of {last} events says little");
        var recovered = other.Recover("a");
        Assert.Equal(last, recovered.Sequence);
        Assert.Equal(Some.Text(state), Some.Text(recovered.State));
        Assert.Equal(Some.Text(state),
            Some.Text(SweepDecider.Evolve(SweepState.None, other.Read("a", 0).Select(e => e.Event))));
        Assert.Empty(JournalVerifier.Verify(other).Problems);
    }

    [Fact]
    public void Of_two_appends_after_the_same_event_one_succeeds()
    {
        using var one = SqliteJournal.Open(File);
        using var two = SqliteJournal.Open(File);
        Assert.True(one.TryAppend("a", 0, [new SweepPlanned(Some.Plan, "1")], Some.Noon));
        Assert.False(two.TryAppend("a", 0, [new SweepPlanned(Some.Plan, "2")], Some.Noon));
        Assert.False(two.TryAppend("a", 2, [new SweepStarted()], Some.Noon));
        Assert.Equal("1", two.Recover("a").State.Code);
        Assert.True(two.TryAppend("a", 1, [new SweepStarted()], Some.Noon));
        Assert.Equal(2, one.Recover("a").Sequence);
        Assert.Single(one.Read("a", 1));
        Assert.Empty(one.Read("a", 2));
    }

    [Fact]
    public async Task Of_many_processes_that_append_at_once_each_number_goes_to_one()
    {
        const int Last = 101;
        using (var journal = SqliteJournal.Open(File)) journal.TryAppend("a", 0, [new SweepPlanned(Some.Plan, "1")],
            Some.Noon);
        var won = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(() =>
        {
            using var journal = SqliteJournal.Open(File);
            var wins = 0;
            for (var last = 1L; last < Last; last += journal.Read("a", last).Count)
                if (journal.TryAppend("a", last, [new SweepStarted()], Some.Noon)) wins++;
            return wins;
        })));
        using var read = SqliteJournal.Open(File, readOnly: true);
        Assert.Equal(Last, read.Recover("a").Sequence);
        Assert.Equal(Last - 1, won.Sum());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Many_processes_may_make_the_same_journal_at_once(int sweeps)
    {
        using var start = new Barrier(6);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Factory.StartNew(() =>
        {
            start.SignalAndWait();
            using var journal = SqliteJournal.Open(File);
            for (var i = 0; i < sweeps; i++) Assert.True(journal.TryAppend($"{n}-{i}", 0, Some.EveryEvent, Some.Noon));
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        using var read = SqliteJournal.Open(File, readOnly: true);
        Assert.Equal(6 * sweeps, read.Sweeps().Count);
    }

    [Fact]
    public void Sweeps_are_listed_oldest_first_and_do_not_mix()
    {
        using var journal = SqliteJournal.Open(File);
        foreach (var sweep in new[] { "z", "a", "m" }) journal.TryAppend(sweep, 0, [new SweepPlanned(Some.Plan, sweep)],
            Some.Noon);
        journal.TryAppend("z", 1, [new SweepStarted()], Some.Noon);
        Assert.Equal(["z", "a", "m"], journal.Sweeps());
        Assert.Equal(SweepStatus.Running, journal.Recover("z").State.Status);
        Assert.Equal(SweepStatus.Planned, journal.Recover("a").State.Status);
    }

    [Fact]
    public void Those_that_are_running_are_found_without_reading_all()
    {
        using var journal = SqliteJournal.Open(File);
        SweepEvent[] begun = [new SweepPlanned(Some.Plan, "1"), new SweepStarted()];
        journal.TryAppend("runs", 0, begun, Some.Noon);
        journal.TryAppend("paused", 0, [.. begun, new SweepPaused()], Some.Noon);
        journal.TryAppend("resumed", 0, [.. begun, new SweepPaused(), new SweepResumed()], Some.Noon);
        journal.TryAppend("cancelled", 0, [.. begun, new SweepCancelled()], Some.Noon);
        journal.TryAppend("planned", 0, [begun[0]], Some.Noon);
        journal.TryAppend("ended", 0, [.. begun, new SweepCompleted(0)], Some.Noon);
        journal.TryAppend("retried", 0, [.. begun, new SweepCompleted(1), new SweepRetried(["u"])], Some.Noon);
        Assert.Equal(["runs", "resumed", "retried"], journal.Running());
    }

    [Fact]
    public void Two_snapshots_are_kept_and_a_damaged_one_is_passed_over()
    {
        using var journal = SqliteJournal.Open(File);
        var state = SweepState.None;
        for (var i = 0; i < 4; i++)
        {
            journal.TryAppend("a", i, [Some.EveryEvent[i]], Some.Noon);
            state = SweepDecider.Evolve(state, Some.EveryEvent[i]);
            journal.SaveSnapshot("a", new(state, i + 1), Some.Noon);
        }
        Assert.Equal(4, journal.Snapshots("a")[0].Sequence);
        Assert.Equal([4, 3], journal.Snapshots("a").Select(s => s.Sequence));
        Sql("UPDATE snapshot SET snapshot = substr(snapshot, 1, 9) || x'00' || substr(snapshot, 11) WHERE "
            + "sequence_number = 4");
        Assert.Equal(Some.Text(state), Some.Text(journal.Recover("a").State));
        Sql("UPDATE snapshot SET manifest = 'sweep-state/9' WHERE sequence_number = 3");
        Assert.Equal(Some.Text(state), Some.Text(journal.Recover("a").State));
        var check = JournalVerifier.Verify(journal);
        Assert.Equal(2, check.Sweeps.Single().SnapshotsWrong);
        Assert.True(check.Sweeps.Single().Rebuilt);
    }

    [Fact]
    public void A_hundred_thousand_results_are_recovered_within_two_seconds()
    {
        // A million take half a second on two cores (docs/benchmarks.md); this leaves room for a machine that is busy.
        var time = JournalBenchmark.Recover(File, 100_000, snapshot: true, _ => { }, CancellationToken.None);
        Assert.InRange(time.Tail, 0.04 * time.Events, 0.06 * time.Events);
        Assert.InRange(time.Seconds, 0, 2);
    }

    [Fact]
    public void A_snapshot_is_due_after_a_thousand_events_or_a_twentieth()
    {
        Assert.False(SnapshotPolicy.IsDue(1000, 0));
        Assert.True(SnapshotPolicy.IsDue(1001, 0));
        Assert.False(SnapshotPolicy.IsDue(100_000, 95_000));
        Assert.True(SnapshotPolicy.IsDue(100_000, 94_999));
    }

    /// <summary>As Akka.Persistence.Sql 1.5 makes them itself on SQLite, in its default configuration.</summary>
    [Theory]
    [InlineData("journal", "ordering INTEGER 1, created INTEGER 1, deleted Bit 1, persistence_id NVarChar(255) 1, "
        + "sequence_number INTEGER 1, message VarBinary 1, manifest NVarChar(500) 0, identifier INTEGER 0, "
            + "writer_uuid NVarChar(128) 0")]
    [InlineData("tags", "ordering_id INTEGER 1, tag NVarChar(64) 1, sequence_nr INTEGER 1, persistence_id "
        + "NVarChar(255) 1")]
    [InlineData("snapshot", "persistence_id NVarChar(255) 1, sequence_number INTEGER 1, created INTEGER 1, snapshot "
        + "VarBinary 0, manifest NVarChar(500) 0, serializer_id INTEGER 0")]
    public void The_tables_have_the_columns_of_Akka_Persistence_Sql(string table, string columns)
    {
        SqliteJournal.Open(File).Dispose();
        Assert.Equal(columns, Sql(
            $"SELECT group_concat(name || ' ' || type || ' ' || \"notnull\", ', ') FROM pragma_table_info('{table}')"));
    }

    [Fact]
    public void The_first_event_of_a_sweep_is_tagged_for_Akka()
    {
        using (var journal = SqliteJournal.Open(File)) journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
        Assert.Equal("1 sweep 1 sweep-a", Sql("SELECT group_concat(ordering_id || ' ' || tag || ' ' || sequence_nr || "
            + "' ' || persistence_id) FROM tags"));
        Assert.Equal($"9110 {Some.Noon.UtcTicks} 32", Sql("SELECT identifier || ' ' || created || ' ' || "
            + "length(writer_uuid) FROM journal WHERE sequence_number = 1"));
    }

    private string Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString() ?? "";
    }
}
