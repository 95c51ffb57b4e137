using System.Text;
using Patchbay.Sweeps;

namespace Patchbay.Journal.Tests;

/// <summary>What a journal does in either database.</summary>
public sealed class SqlJournalTests(SqlJournalTests.Server server) : IClassFixture<SqlJournalTests.Server>, IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>The databases that are here; of PostgreSQL a notice says where it is not.</summary>
    public static TheoryData<string> Databases { get; } = PostgresServer.Programs is null ? ["SQLite"]
        : ["SQLite", "PostgreSQL"];

    public void Dispose() => folder.Dispose();

    [PostgresFact]
    public void PostgreSQL_is_here() => Assert.Equal(2, Databases.Count);

    private JournalPlace NewPlace(string database) => database == "SQLite"
        ? JournalPlace.Of(folder.PathOf($"{Guid.NewGuid():N}.db"))
        : JournalPlace.OfDatabase(server.Value.NewDatabase(), "--journal", mayHoldPassword: false);

    [Theory]
    [MemberData(nameof(Databases))]
    public void Every_kind_of_event_is_read_back_as_it_was_written(string database)
    {
        var place = NewPlace(database);
        using (var journal = SqlJournal.Open(place)) Assert.True(journal.TryAppend("a", 0, Some.EveryEvent,
            Some.Noon.AddTicks(1)));
        using var again = SqlJournal.Open(place, readOnly: true);
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
    public void A_plan_without_tags_is_written_as_before_there_were_any_and_with_tags_read_with_them()
    {
        var without = EventCodec.Encode("sweep-a", 1, new SweepPlanned(Some.Plan, "0.1.0"));
        Assert.DoesNotContain("tags", Encoding.UTF8.GetString(without), StringComparison.Ordinal);
        Assert.Null(Planned(without).Tags);
        var with = new SweepPlanned(Some.Plan with { Tags = ["paper", "seed-2"] }, "0.1.0");
        Assert.Equal(["paper", "seed-2"], Planned(EventCodec.Encode("sweep-a", 1, with)).Tags);
        var state = SweepDecider.Evolve(SweepState.None, with);
        var stored = new StoredSnapshot(1, SnapshotCodec.Manifest, SnapshotCodec.Encode("sweep-a", 1, state));
        Assert.Equal(["paper", "seed-2"], SnapshotCodec.TryDecode("sweep-a", stored)!.Plan!.Tags);

        static SweepPlan Planned(byte[] bytes) => ((SweepPlanned)EventCodec.Decode("sweep-planned/2", bytes)).Plan;
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public void Recovery_gives_what_the_events_make(string database)
    {
        var place = NewPlace(database);
        using var journal = SqlJournal.Open(place);
        Assert.Equal(new(SweepState.None, 0), journal.Recover("a"));
        journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
        var recovered = journal.Recover("a");
        Assert.Equal(Some.EveryEvent.Count, recovered.Sequence);
        Assert.Equal(Some.Text(SweepDecider.Evolve(SweepState.None, Some.EveryEvent)), Some.Text(recovered.State));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public void Whatever_happens_recovery_with_snapshots_equals_a_replay(string database)
    {
        for (var seed = 1; seed <= 5; seed++) RecoveryEqualsReplay(NewPlace(database), seed);
    }

    private static void RecoveryEqualsReplay(JournalPlace place, int seed)
    {
        var random = new Random(seed);
        using var journal = SqlJournal.Open(place);
        using var other = SqlJournal.Open(place);
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

    [Theory]
    [MemberData(nameof(Databases))]
    public void Of_two_appends_after_the_same_event_one_succeeds(string database)
    {
        var place = NewPlace(database);
        using var one = SqlJournal.Open(place);
        using var two = SqlJournal.Open(place);
        Assert.True(one.TryAppend("a", 0, [new SweepPlanned(Some.Plan, "1")], Some.Noon));
        Assert.False(two.TryAppend("a", 0, [new SweepPlanned(Some.Plan, "2")], Some.Noon));
        Assert.False(two.TryAppend("a", 2, [new SweepStarted()], Some.Noon));
        Assert.Equal("1", two.Recover("a").State.Code);
        Assert.True(two.TryAppend("a", 1, [new SweepStarted()], Some.Noon));
        Assert.Equal(2, one.Recover("a").Sequence);
        Assert.Single(one.Read("a", 1));
        Assert.Empty(one.Read("a", 2));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Of_many_processes_that_append_at_once_each_number_goes_to_one(string database)
    {
        var place = NewPlace(database);
        const int Last = 101;
        using (var journal = SqlJournal.Open(place)) journal.TryAppend("a", 0, [new SweepPlanned(Some.Plan, "1")],
            Some.Noon);
        var won = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(() =>
        {
            using var journal = SqlJournal.Open(place);
            var wins = 0;
            for (var last = 1L; last < Last; last += journal.Read("a", last).Count)
                if (journal.TryAppend("a", last, [new SweepStarted()], Some.Noon)) wins++;
            return wins;
        })));
        using var read = SqlJournal.Open(place, readOnly: true);
        Assert.Equal(Last, read.Recover("a").Sequence);
        Assert.Equal(Last - 1, won.Sum());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Many_processes_may_make_the_same_journal_at_once(string database)
    {
        var place = NewPlace(database);
        using var start = new Barrier(6);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Factory.StartNew(() =>
        {
            start.SignalAndWait();
            using var journal = SqlJournal.Open(place);
            for (var i = 0; i < 3; i++) Assert.True(journal.TryAppend($"{n}-{i}", 0, Some.EveryEvent, Some.Noon));
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        using var read = SqlJournal.Open(place, readOnly: true);
        Assert.Equal(6 * 3, read.Sweeps().Count);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public void Sweeps_are_listed_oldest_first_and_do_not_mix(string database)
    {
        var place = NewPlace(database);
        using var journal = SqlJournal.Open(place);
        foreach (var sweep in new[] { "z", "a", "m" }) journal.TryAppend(sweep, 0, [new SweepPlanned(Some.Plan, sweep)],
            Some.Noon);
        journal.TryAppend("z", 1, [new SweepStarted()], Some.Noon);
        Assert.Equal(["z", "a", "m"], journal.Sweeps());
        Assert.Equal(SweepStatus.Running, journal.Recover("z").State.Status);
        Assert.Equal(SweepStatus.Planned, journal.Recover("a").State.Status);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public void Those_that_are_running_are_found_without_reading_all(string database)
    {
        var place = NewPlace(database);
        using var journal = SqlJournal.Open(place);
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

    [Theory]
    [MemberData(nameof(Databases))]
    public void An_export_is_imported_into_either_database_and_gives_the_same_export(string database)
    {
        using var source = SqlJournal.Open(NewPlace("SQLite"));
        source.TryAppend("a", 0, Some.EveryEvent, Some.Noon.AddTicks(3));
        source.TryAppend("b", 0, Some.EveryEvent, Some.Noon);
        foreach (var length in new[] { 0, 77, ArtifactStore.ChunkBytes * 2 + 1 })
            source.Artifacts.Put(Enumerable.Range(0, length).Select(i => (byte)(i * 31 / 7)).ToArray());
        using var written = new StringWriter();
        JournalExport.Export(source, written);
        using var other = SqlJournal.Open(NewPlace(database));
        for (var time = 0; time < 2; time++)
        {
            var result = JournalImport.Import(other, new StringReader(written.ToString()));
            Assert.Equal((time == 0 ? 2 * Some.EveryEvent.Count : 0, time == 0 ? 3 : 0),
                ((int)result.Events, (int)result.Artifacts));
            using var again = new StringWriter();
            JournalExport.Export(other, again);
            Assert.Equal(written.ToString(), again.ToString());
        }
        var report = JournalVerifier.Verify(other);
        Assert.Empty(report.Problems);
        Assert.Equal((2, 3), (report.Sweeps.Count, report.Artifacts));
        Assert.Equal(Some.Text(source.Recover("b").State), Some.Text(other.Recover("b").State));
    }

    [PostgresFact]
    public void What_has_changed_in_a_database_is_found_and_an_event_of_another_is_refused()
    {
        var url = server.Value.NewDatabase();
        var place = JournalPlace.OfDatabase(url, "--journal", mayHoldPassword: false);
        using var journal = SqlJournal.Open(place);
        journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
        server.Value.Sql(url, "UPDATE journal SET message = overlay(message placing '\\x30' from 20) "
            + "WHERE sequence_number = 3");
        Assert.Equal(1, JournalVerifier.Verify(journal).Sweeps.Single().Damaged);
        Assert.Equal(JournalFault.Corrupt, Assert.Throws<JournalException>(() => journal.Recover("a")).Fault);
        server.Value.Sql(url, "DELETE FROM journal WHERE sequence_number = 3");
        Assert.Equal(1, JournalVerifier.Verify(journal).Sweeps.Single().Gaps);
    }

    [PostgresFact]
    public void A_database_that_is_started_anew_is_connected_to_again()
    {
        using var own = new PostgresServer();
        using var journal = SqlJournal.Open(JournalPlace.OfDatabase(own.NewDatabase(), "--journal", false));
        journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
        own.Kill();
        Assert.Equal(JournalFault.Unreachable, Assert.Throws<JournalException>(() => journal.Sweeps()).Fault);
        own.Start();
        Assert.Equal(["a"], journal.Sweeps());
        Assert.Equal(Some.EveryEvent.Count, journal.Recover("a").Sequence);
        Assert.True(journal.TryAppend("b", 0, Some.EveryEvent, Some.Noon));
    }

    [PostgresFact]
    public void One_process_serves_a_journal_and_another_is_told_which()
    {
        var place = JournalPlace.OfDatabase(server.Value.NewDatabase(), "--journal", false);
        using var journal = SqlJournal.Open(place);
        Assert.Null(ServingLock.Holder(place));
        using (ServingLock.Take(place, 1, _ => false))
        {
            Assert.Equal($"patchbay {Environment.MachineName}:{Environment.ProcessId}", ServingLock.Holder(place));
            var e = Assert.Throws<IOException>(() => ServingLock.Take(place, 2, node => node == 3));
            Assert.Contains("serves journal postgres://patchbay@127.0.0.1", e.Message);
        }
        ServingLock.Take(place, 2, _ => false)!.Dispose();
    }

    [PostgresFact]
    public void A_node_of_the_same_cluster_does_not_mind_and_takes_the_lock_over()
    {
        var place = JournalPlace.OfDatabase(server.Value.NewDatabase(), "--journal", false);
        SqlJournal.Open(place).Dispose();
        var first = ServingLock.Take(place, 1, _ => false)!;
        using var second = ServingLock.Take(place, 2, node => node == 1)!;
        first.Dispose();
        Assert.True(SpinWait.SpinUntil(() => ServingLock.Holder(place) is not null, TimeSpan.FromSeconds(10)));
        Assert.Throws<IOException>(() => ServingLock.Take(place, 3, node => node == 1)); // the second has it
        Assert.False(second.Lost.IsCompleted);
    }

    [PostgresFact]
    public void A_fault_of_the_database_is_a_sentence_that_says_what_to_do()
    {
        var url = server.Value.NewDatabase();
        SqlJournal.Open(At(url)).Dispose();
        Says(JournalFault.Unreachable, "cannot be reached", () => SqlJournal.Open(At("postgres://u@127.0.0.1:1/x")));
        Says(JournalFault.Other, "no such database", () => SqlJournal.Open(At(server.Value.At("none"))));
        server.Value.Sql(url, "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
        var reader = At(server.Value.At(url[(url.LastIndexOf('/') + 1)..], "reader"));
        using (var reading = SqlJournal.Open(reader, readOnly: true)) Assert.Empty(reading.Sweeps());
        Says(JournalFault.ReadOnly, "may only be read", () => SqlJournal.CheckWritable(reader));
        var foreign = server.Value.NewDatabase();
        server.Value.Sql(foreign, "CREATE TABLE journal (a int)");
        Says(JournalFault.Unknown, "has a table 'journal' that is not Patchbay's", () => SqlJournal.Open(At(foreign)));
        Assert.Throws<FileNotFoundException>(() => SqlJournal.Open(At(server.Value.NewDatabase()), readOnly: true));
        server.Value.Sql(url, "UPDATE patchbay_journal SET version = 99");
        Says(JournalFault.Unknown, "has version 99, this Patchbay knows up to", () => SqlJournal.Open(At(url)));
    }

    private static JournalPlace At(string url) => JournalPlace.OfDatabase(url, "--journal", mayHoldPassword: false);

    private static void Says(JournalFault fault, string part, Action action)
    {
        var e = Assert.Throws<JournalException>(action);
        Assert.Equal(fault, e.Fault);
        Assert.Contains(part, e.Message);
    }

    /// <summary>A server for all of them, started when the first needs it.</summary>
    public sealed class Server : IDisposable
    {
        private PostgresServer? started;

        internal PostgresServer Value => started ??= new();

        public void Dispose() => started?.Dispose();
    }
}
