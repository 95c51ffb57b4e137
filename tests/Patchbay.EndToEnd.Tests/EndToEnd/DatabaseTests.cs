namespace Patchbay.EndToEnd.Tests;

/// <summary>The real `pbm` with its journal in PostgreSQL.</summary>
[Collection(nameof(DatabaseTests))]
public sealed class DatabaseTests : IDisposable
{
    private const string Study = "name: moved\nmodels: [tiny-base]\n" + FaultTests.Stages,
        Twice = "name: moved\nmodels: [tiny-base, tiny-chat]\n" + FaultTests.Stages;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [PostgresFact]
    public void A_journal_moves_from_a_file_to_a_database_where_its_sweep_goes_on()
    {
        using var server = new PostgresServer();
        Home file = folder.PathOf("file"), database = new(folder.PathOf("database"), server.NewDatabase());
        var study = Write(Study);
        Ok(Pbm.Run(file, "study", "run", study));
        using (var begun = Pbm.Start(file, "study", "run", study, "--new"))
        {
            begun.Until("moved-2");
            Pbm.WaitFor(() => file.Completed("moved-2").Length >= 3);
            begun.Kill();
        }
        var lines = folder.PathOf("journal.jsonl");
        Ok(Pbm.Run(file, "journal", "export", "--out", lines));
        Assert.Equal(3, Pbm.Run(database, "sweep", "list").Code); // there is no journal yet
        Ok(Pbm.Run(database, "journal", "import", lines));
        Assert.Contains("interrupted", Ok(Pbm.Run(database, "sweep", "list")), StringComparison.Ordinal);
        foreach (var home in new[] { file, database }) Ok(Pbm.Run(home, "sweep", "resume", "moved-2"));
        Ok(Pbm.Run(database, "journal", "verify"));
        Assert.Equal(Export(file, "moved-1"), Export(database, "moved-1"));
        Assert.Equal(Export(file, "moved-2"), Export(database, "moved-2"));
        Home restored = new(folder.PathOf("restored"), server.Restored(database.Database!)); // from pg_dump
        Ok(Pbm.Run(restored, "journal", "verify"));
        Assert.Equal(Export(file, "moved-2"), Export(restored, "moved-2"));
        Ok(Pbm.Run(database, "sweep", "report", "moved-2", "--out", folder.PathOf("report.html")));
        Ok(Pbm.Run(database, "sweep", "compare", "moved-1", "moved-2"));
        Assert.Contains("completed", Ok(Pbm.Run(new Home(folder.PathOf("elsewhere")), "sweep", "show", "moved-2",
            "--journal", database.Database!)), StringComparison.Ordinal);
    }

    [PostgresFact]
    public void What_is_wrong_with_a_database_is_one_sentence()
    {
        using var server = new PostgresServer();
        var (good, study) = (server.NewDatabase(), Write(Study));
        Ok(Pbm.Run(new(folder.PathOf("a"), good), "study", "run", study));
        Run(server.At("none"), "study", "run", study).Says(1, "has no such database");
        Run("postgres://patchbay@127.0.0.1:1/x", "study", "run", study).Says(1, "cannot be reached");
        Run("postgres://patchbay:hidden@127.0.0.1:1/x", "sweep", "list").Says(1, "cannot be reached");
        Run(null, "sweep", "list", "--journal", "postgres://a:hidden@127.0.0.1/x").Says(2, "holds a password");
        Run(null, "sweep", "list", "--journal", "notes.db").Says(2, "--journal: expected postgres://");
        server.Sql(good, "ALTER DATABASE " + good[(good.LastIndexOf('/') + 1)..]
            + " SET default_transaction_read_only = on");
        Ok(Run(good, "sweep", "list"));
        Ok(Run(good, "journal", "verify"));
        Run(good, "study", "run", study, "--new").Says(1, "may only be read");
    }

    [PostgresFact]
    public void A_table_that_is_locked_is_waited_for_and_then_named()
    {
        using var server = new PostgresServer();
        Home home = new(folder.PathOf("a"), server.NewDatabase());
        using var run = Pbm.Start(home, "study", "run", Write(Twice));
        run.Until("moved-1");
        Pbm.WaitFor(() => home.Completed("moved-1").Length >= 3);
        var holding = Task.Run(() => server.Sql(home.Database!,
            "BEGIN; LOCK TABLE journal IN EXCLUSIVE MODE; SELECT pg_sleep(120); COMMIT"));
        Thread.Sleep(500);
        Pbm.Run(home, "sweep", "pause", "moved-1").Says(1, "is locked by another process");
        Assert.False(run.HasExited);
        server.Sql(home.Database!,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(%' "
            + "AND pid <> pg_backend_pid()");
        Assert.Throws<AggregateException>(holding.Wait);
        Pbm.WaitFor(() => Ok(Pbm.Run(home, "sweep", "list")).Contains("paused", StringComparison.Ordinal));
        Ok(Pbm.Run(home, "sweep", "resume", "moved-1"));
        Assert.Equal(0, run.Finish().Code);
        Assert.Equal(home.Completed("moved-1").Distinct(), home.Completed("moved-1"));
    }

    [PostgresMountFact]
    public void A_full_disk_of_the_server_stops_the_sweep_with_a_sentence_and_it_goes_on_when_there_is_room()
    {
        using var server = new PostgresServer();
        var place = server.NewFolder("small");
        using var disk = new SmallDisk(place, "2m"); // goes before the server does
        PostgresServer.Own(place);
        Home home = new(folder.PathOf("a"), server.NewDatabase());
        server.Sql("postgres", $"CREATE TABLESPACE small LOCATION '{place}'");
        server.Sql("postgres", $"ALTER DATABASE {home.Database![(home.Database!.LastIndexOf('/') + 1)..]} "
            + "SET default_tablespace = small");
        Patchbay.Journal.SqlJournal.Open(home.Journal).Dispose(); // makes the tables
        Fill(Path.Combine(place, "filler"), but: 128 * 1024);
        Pbm.Run(home, "study", "run", Write(Twice)).Says(1, "is full");
        disk.Remount("size=64m");
        var recorded = home.Completed("moved-1");
        Assert.NotEmpty(recorded);
        Ok(Pbm.Run(home, "sweep", "resume", "moved-1"));
        Assert.Equal(recorded, home.Completed("moved-1")[..recorded.Length]);
        Assert.Equal(home.Completed("moved-1").Distinct(), home.Completed("moved-1"));
        Ok(Pbm.Run(home, "journal", "verify"));
    }

    /// <summary>Fills a disk but for so many bytes.</summary>
    private static void Fill(string path, int but)
    {
        using var file = File.Create(path);
        try
        {
            for (var page = new byte[4096]; ; file.Flush()) file.Write(page);
        }
        catch (IOException)
        {
            file.SetLength(file.Length - but);
        }
    }

    // A password, which is always the same, is never shown.
    private Outcome Run(string? database, params string[] arguments)
    {
        var outcome = Pbm.Run(new(folder.PathOf("other"), database), arguments);
        Assert.DoesNotContain("hidden", outcome.ToString(), StringComparison.Ordinal);
        return outcome;
    }

    private string Write(string study)
    {
        var path = folder.PathOf("moved.yaml");
        File.WriteAllText(path, study);
        return path;
    }

    private string[] Export(Home home, string sweep)
    {
        var to = folder.PathOf($"{Path.GetFileName(home.Folder)}-{sweep}");
        Ok(Pbm.Run(home, "sweep", "export", sweep, "--format", "csv", "--out", to));
        return [.. Directory.GetFiles(to).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
    }

    private static string Ok(Outcome outcome)
    {
        Assert.True(outcome.Code == 0, outcome.ToString());
        return outcome.Out;
    }
}

/// <summary>A fact that needs PostgreSQL on a small file system of its own.</summary>
internal sealed class PostgresMountFactAttribute : FactAttribute
{
    public PostgresMountFactAttribute() => Skip = PostgresServer.Programs is null ? PostgresFactAttribute.Notice
        : SmallDisk.IsPossible ? null : "needs to mount a file system, which takes root";
}
