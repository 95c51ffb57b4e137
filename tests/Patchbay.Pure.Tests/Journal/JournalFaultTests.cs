using System.Text;
using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal.Tests;

public sealed class JournalFaultTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string File => folder.PathOf("journal.db");

    [Fact]
    public void A_journal_that_is_not_there_cannot_be_read()
    {
        var e = Assert.Throws<FileNotFoundException>(() => SqlJournal.Open(File, readOnly: true));
        Assert.Equal($"there is no journal {File}", e.Message);
        Assert.Throws<FileNotFoundException>(() => SqlJournal.Open(folder.PathOf("none/journal.db"),
            readOnly: true));
    }

    [Fact]
    public void A_folder_or_a_text_file_or_somebody_elses_database_is_no_journal_and_stays_as_it_is()
    {
        Assert.Contains("is a folder", Fault(JournalFault.Unknown, () => SqlJournal.Open(folder.Path)));
        System.IO.File.WriteAllText(File, new string('x', 5000));
        Assert.Contains("is no journal and no database at all", Fault(JournalFault.Unknown, () =>
            SqlJournal.Open(File)));
        Assert.Contains("is no journal and no database at all", Fault(JournalFault.Unknown, () =>
            SqlJournal.Open(File, readOnly: true)));
        Assert.Equal(new string('x', 5000), System.IO.File.ReadAllText(File));
        System.IO.File.Delete(File);
        Sql("CREATE TABLE recipe (name TEXT)");
        var before = System.IO.File.ReadAllBytes(File);
        Assert.Contains("is a database, but no journal", Fault(JournalFault.Unknown, () => SqlJournal.Open(File)));
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void A_journal_of_a_later_version_is_refused_with_both_numbers()
    {
        SqlJournal.Open(File).Dispose();
        Sql("PRAGMA user_version = 9");
        foreach (var readOnly in new[] { false, true })
        {
            Assert.Equal($"journal {File} has version 9, this Patchbay knows up to 2: use the Patchbay that wrote it, "
                + "or a newer one",
                Fault(JournalFault.Unknown, () => SqlJournal.Open(File, readOnly)));
        }
    }

    [Fact]
    public void A_journal_of_version_1_is_brought_to_the_newest_with_its_events()
    {
        SqlJournal.Open(File).Dispose();
        using (var journal = SqlJournal.Open(File)) journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
        Sql("DROP TABLE lease; DROP TABLE artifact; DROP TABLE artifact_chunk; PRAGMA user_version = 1");
        Assert.Contains("has version 1 and must be brought to 2", Fault(JournalFault.ReadOnly, () =>
            SqlJournal.Open(File, readOnly: true)));
        using var again = SqlJournal.Open(File);
        Assert.Equal(2, again.Version);
        Assert.Equal(Some.EveryEvent.Count, again.Recover("a").Sequence);
        Assert.True(again.TryAppend("a", Some.EveryEvent.Count, [new SweepStarted()], Some.Noon));
        Assert.Equal([1], again.Artifacts.Get(again.Artifacts.Put([1])));
    }

    [Fact]
    public void A_database_that_only_Akka_has_used_becomes_a_journal()
    {
        SqlJournal.Open(File).Dispose();
        Sql("DROP TABLE lease; DROP TABLE artifact; DROP TABLE artifact_chunk; PRAGMA user_version = 0; PRAGMA "
            + "application_id = 0");
        using var journal = SqlJournal.Open(File);
        Assert.True(journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon));
    }

    [Fact]
    public void A_changed_byte_in_an_event_or_an_event_in_anothers_place_is_found()
    {
        Record("a", Some.EveryEvent);
        Sql("UPDATE journal SET message = CAST(replace(CAST(message AS TEXT), '\"samples\":300', '\"samples\":301') "
            + "AS BLOB) WHERE sequence_number = 5");
        Assert.Equal($"event 5 of sweep a in journal {File} is not what was written: "
            + "restore it from a copy", Fault(JournalFault.Corrupt, Read));
        var check = Verify();
        Assert.Equal((1, 0, false), (check.Sweeps[0].Damaged, check.Sweeps[0].Gaps, check.Sweeps[0].Rebuilt));
        Assert.Single(check.Problems);

        Sql("UPDATE journal SET sequence_number = 105 WHERE sequence_number = 8; UPDATE journal SET sequence_number = "
            + "8 WHERE sequence_number = 9; UPDATE journal SET sequence_number = 9 WHERE sequence_number = 105");
        Assert.Equal(3, Verify().Sweeps[0].Damaged);
    }

    [Fact]
    public void A_missing_event_is_found()
    {
        Record("a", Some.EveryEvent);
        Sql("DELETE FROM journal WHERE sequence_number IN (1, 6, 7)");
        using (var journal = SqlJournal.Open(File, readOnly: true))
            Assert.Contains("event 1 of sweep a is missing", Fault(JournalFault.Corrupt, () => journal.Recover("a")));
        var check = Verify();
        Assert.Equal(3, check.Sweeps[0].Gaps);
        Assert.Equal(["sweep a lacks event 1", "sweep a lacks events 6 to 7"], check.Problems);
    }

    [Fact]
    public void A_unit_recorded_as_done_twice_is_found()
    {
        Record("a", [.. Some.EveryEvent.Take(7), Some.EveryEvent[6]]);
        var check = Verify();
        Assert.Equal(1, check.Sweeps[0].CompletedTwice);
        Assert.Contains("unit base/path-patching/A/layer-00 of sweep a is recorded as done a second time by event 8",
            check.Problems);
    }

    [Fact]
    public void An_event_of_an_unknown_kind_is_refused()
    {
        Record("a", Some.EveryEvent);
        Sql("UPDATE journal SET manifest = 'unit-completed/2' WHERE sequence_number = 7");
        Assert.Contains("event 7 of sweep a in journal " + File
            + " is of a kind 'unit-completed/2' that this Patchbay does not know", Fault(JournalFault.Unknown, Read));
        Assert.Equal(1, Verify().Sweeps[0].Damaged);
    }

    [Fact]
    public void Damaged_pages_are_found_and_told_in_one_sentence()
    {
        for (var i = 0; i < 40; i++) Record($"s{i}", Some.EveryEvent);
        using (var stream = System.IO.File.OpenWrite(File))
        {
            // From the ninth page on, whatever table or index it is of.
            for (var page = 8; page < stream.Length / 4096; page++)
            {
                stream.Position = page * 4096;
                stream.Write(Encoding.ASCII.GetBytes(new string('#', 200)));
            }
        }
        using var journal = SqlJournal.Open(File, readOnly: true);
        var message = Fault(JournalFault.Corrupt, () =>
        {
            for (var i = 0; i < 40; i++) journal.Read($"s{i}", 0);
        });
        Assert.Equal($"journal {File} is damaged: restore it from a copy or an export", message);
        Assert.NotEmpty(JournalVerifier.Verify(journal).Problems);
    }

    [Fact]
    public void A_journal_locked_by_another_connection_is_busy()
    {
        using var journal = SqlJournal.Open(File, busy: TimeSpan.FromMilliseconds(20));
        using (var other = new SqliteConnection($"Data Source={File};Pooling=false"))
        {
            other.Open();
            using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN EXCLUSIVE";
            begin.ExecuteNonQuery();
            Assert.Contains("is locked by another process", Fault(JournalFault.Busy, () =>
                journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon)));
            Assert.Empty(journal.Read("a", 0)); // readers do not wait for a writer
        }
        Assert.True(journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon));
    }

    [Fact]
    public void A_full_journal_loses_nothing_and_goes_on_when_there_is_room()
    {
        using var journal = SqlJournal.Open(File);
        journal.Database.ExecuteScript("PRAGMA max_page_count = 60");
        var last = FillUp(journal);
        journal.Database.ExecuteScript("PRAGMA max_page_count = 100000");
        Assert.True(journal.TryAppend("a", last, [new SweepStarted()], Some.Noon));
        Assert.Equal(last + 1, journal.Read("a", 0).Count);
        Assert.Empty(JournalVerifier.Verify(journal).Problems);
    }

    [MountFact]
    public void A_full_disk_loses_nothing()
    {
        var place = folder.PathOf("small");
        using var mount = Mount.Memory(place, 2048);
        var file = Path.Combine(place, "journal.db");
        long last;
        using (var journal = SqlJournal.Open(file))
        {
            last = FillUp(journal);
            Assert.Equal(last, journal.Read("a", 0).Count);
        }
        using var again = SqlJournal.Open(file, readOnly: true);
        Assert.Equal(last, again.Recover("a").Sequence);
        Assert.Empty(JournalVerifier.Verify(again).Problems);
    }

    [MountFact]
    public void A_journal_in_a_folder_that_may_only_be_read_is_read_and_not_written()
    {
        var source = folder.PathOf("source");
        Directory.CreateDirectory(source);
        var place = folder.PathOf("read only");
        using (var journal = SqlJournal.Open(Path.Combine(source, "j?#%.db"))) journal.TryAppend("a", 0,
            Some.EveryEvent, Some.Noon);
        using var mount = Mount.ReadOnly(source, place);
        AssertReadable(Path.Combine(place, "j?#%.db"));
        Assert.Contains("may only be read", Fault(JournalFault.ReadOnly, () =>
            SqlJournal.Open(Path.Combine(place, "new.db"))));
        Assert.Contains("cannot be made", Fault(JournalFault.ReadOnly, () =>
            SqlJournal.Open(Path.Combine(place, "new", "new.db"))));
    }

    [MountFact]
    public void A_journal_that_was_not_closed_is_read_where_it_may_not_be_written()
    {
        var source = folder.PathOf("source");
        Directory.CreateDirectory(source);
        var place = folder.PathOf("read only");
        using (var journal = SqlJournal.Open(File))
        {
            journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
            // What a crash leaves: the events are in the log beside the journal.
            foreach (var ending in new[] { "", "-wal" }) System.IO.File.Copy(File + ending,
                Path.Combine(source, "journal.db" + ending));
        }
        using var mount = Mount.ReadOnly(source, place);
        AssertReadable(Path.Combine(place, "journal.db"));
    }

    [Fact]
    public void What_is_opened_to_be_read_cannot_be_written()
    {
        Record("a", Some.EveryEvent);
        using var journal = SqlJournal.Open(File, readOnly: true);
        Assert.Contains("may only be read", Fault(JournalFault.ReadOnly, () =>
            journal.TryAppend("b", 0, Some.EveryEvent, Some.Noon)));
    }

    private static void AssertReadable(string file)
    {
        using (var journal = SqlJournal.Open(file, readOnly: true))
        {
            Assert.Equal(file, journal.Place.File);
            Assert.Equal(Some.EveryEvent.Count, journal.Recover("a").Sequence);
            Assert.Empty(JournalVerifier.Verify(journal).Problems);
            Assert.Contains("may only be read", Fault(JournalFault.ReadOnly,
                () => journal.TryAppend("b", 0, Some.EveryEvent, Some.Noon)));
        }
        Assert.Contains("may only be read", Fault(JournalFault.ReadOnly, () => SqlJournal.Open(file)));
    }

    /// <summary>Appends until the journal is full; the number of the last event that was recorded.</summary>
    private static long FillUp(SqlJournal journal)
    {
        long last = 0;
        var message = Fault(JournalFault.Full, () =>
        {
            for (var i = 0; i < 100_000; i++)
            {
                SweepEvent happened = i == 0 ? Some.EveryEvent[0] : new SweepStarted();
                Assert.True(journal.TryAppend("a", last, [happened, new SweepPaused()], Some.Noon));
                last += 2;
            }
        });
        Assert.Contains("is full: free some space on it and try again, nothing that was recorded is lost", message);
        Assert.True(last > 0);
        Assert.Equal(last, journal.Recover("a").Sequence);
        return last;
    }

    private static string Fault(JournalFault fault, Action work)
    {
        var e = Assert.Throws<JournalException>(work);
        Assert.Equal(fault, e.Fault);
        Assert.DoesNotContain('\n', e.Message);
        return e.Message;
    }

    private void Record(string sweep, IReadOnlyList<SweepEvent> events)
    {
        using var journal = SqlJournal.Open(File);
        Assert.True(journal.TryAppend(sweep, 0, events, Some.Noon));
    }

    private void Read()
    {
        using var journal = SqlJournal.Open(File, readOnly: true);
        journal.Read("a", 0);
    }

    private JournalReport Verify()
    {
        using var journal = SqlJournal.Open(File, readOnly: true);
        return JournalVerifier.Verify(journal);
    }

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
