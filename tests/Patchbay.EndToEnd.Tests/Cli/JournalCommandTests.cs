using System.Text.Json;
using Patchbay.Cli.Arguments;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Tests;

public sealed class JournalCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string File => DataFolder.JournalFile(folder.Path);

    [Fact]
    public void A_sound_journal_is_verified_and_a_damaged_one_fails()
    {
        Fill();
        var run = PbmRun.Of("journal", "verify", "--data", folder.Path);
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("1 sweep, 1 artifact, all as it was written", run.Out, StringComparison.Ordinal);

        var bytes = System.IO.File.ReadAllBytes(File);
        bytes[bytes.AsSpan().IndexOf("\"hash\":\""u8) + 9] ^= 1;
        System.IO.File.WriteAllBytes(File, bytes);
        run = PbmRun.Of("journal", "verify", "--data", folder.Path, "--json");
        Assert.Equal(ExitCode.Failed, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.False(document.RootElement.GetProperty("sound").GetBoolean());
        Assert.Equal(1, document.RootElement.GetProperty("sweeps")[0].GetProperty("damaged").GetInt32());
        Assert.Single(document.RootElement.GetProperty("problems").EnumerateArray());
    }

    [Fact]
    public void An_export_is_imported_into_another_folder()
    {
        Fill();
        var lines = folder.File("journal.jsonl");
        Assert.Equal($"events: 2, artifacts: 1, written to {lines}",
            PbmRun.Of("journal", "export", "--data", folder.Path, "--out", lines).Out.Trim());
        Assert.Equal(System.IO.File.ReadAllText(lines), PbmRun.Of("journal", "export", "--data", folder.Path).Out);
        using var other = new TemporaryFolder();
        var data = other.File("new folder");
        Assert.Equal("events: 2 added, 0 known; artifacts: 1 added, 0 known",
            PbmRun.Of("journal", "import", lines, "--data", data).Out.Trim());
        Assert.Equal("events: 0 added, 2 known; artifacts: 0 added, 1 known",
            PbmRun.Of("journal", "import", lines, "--data", data).Out.Trim());
        Assert.Equal(System.IO.File.ReadAllText(lines), PbmRun.Of("journal", "export", "--data", data).Out);
        Assert.Equal(ExitCode.BadInput, PbmRun.Of("journal", "export", "--data", data, "--json").Code);
        Assert.Equal(ExitCode.BadInput, PbmRun.Of("journal", "import", folder.File("bad.jsonl", "{}\n"), "--data", data)
            .Code);
        Assert.Equal(ExitCode.NotFound, PbmRun.Of("journal", "import", folder.File("absent.jsonl"), "--data", data)
            .Code);
    }

    [Fact]
    public void A_journal_that_is_not_there_or_none_is_told_in_a_sentence()
    {
        var run = PbmRun.Of("journal", "verify", "--data", folder.Path);
        Assert.Equal((ExitCode.NotFound, $"error: there is no journal {File}"), (run.Code, run.Error.Trim()));
        System.IO.File.WriteAllText(File, new string('x', 5000));
        run = PbmRun.Of("journal", "verify", "--data", folder.Path);
        Assert.Equal((ExitCode.BadInput,
            $"error: {File} is no journal and no database at all: name another file or folder"),
            (run.Code, run.Error.Trim()));
    }

    [Fact]
    public void The_benchmark_leaves_nothing_behind()
    {
        var run = PbmRun.Of("bench", "cluster", "--data", folder.Path, "--results", "1000", "--seconds", "1", "--units",
            "20", "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(4, document.RootElement.GetProperty("recoveries").GetArrayLength());
        Assert.True(document.RootElement.GetProperty("appends")[0].GetProperty("per_second").GetDouble() > 1);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private void Fill()
    {
        using var journal = SqlJournal.Open(File);
        var plan = new SweepPlan("goats", "study: goats\n", 20, new("entity-tracking", 300, 7),
            new("float32", "cpu", 1, 1L << 30),
            [new("base", "models/base", null, "abc", 4, 8, 1000)],
                [new("base/path-patching/A", "path-patching", "base", JsonRecord.Empty, [])]);
        Assert.True(journal.TryAppend("goats", 0, [new SweepPlanned(plan, "0.1.0"), new SweepStarted()],
            DateTimeOffset.UnixEpoch));
        journal.Artifacts.Put([1, 2, 3]);
    }
}
