using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal.Tests;

public sealed class SqliteJournalTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string File => folder.PathOf("journal.db");

    [Fact]
    public void Two_snapshots_are_kept_and_a_damaged_one_is_passed_over()
    {
        using var journal = SqlJournal.Open(File);
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
        SqlJournal.Open(File).Dispose();
        Assert.Equal(columns, Sql(
            $"SELECT group_concat(name || ' ' || type || ' ' || \"notnull\", ', ') FROM pragma_table_info('{table}')"));
    }

    [Fact]
    public void The_first_event_of_a_sweep_is_tagged_for_Akka()
    {
        using (var journal = SqlJournal.Open(File)) journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon);
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
