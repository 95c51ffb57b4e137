using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.EndToEnd.Tests;

/// <summary>What an operator sees when the world is not as it should be: one clear sentence, and nothing recorded is
/// lost.</summary>
[Collection(nameof(FaultTests))]
public sealed class FaultTests : IDisposable
{
    internal const string Stages = """
        task: {kind: entity-tracking, boxes: 7, prompts: 20}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 200}
          - path-patching: {groups: [A, B], receivers: [4]}
        """;

    private readonly TemporaryFolder folder = new();
    private readonly string data;

    public FaultTests()
    {
        data = folder.PathOf("data");
        Directory.CreateDirectory(data);
    }

    private string Journal => Path.Combine(data, "journal.db");

    public void Dispose() => folder.Dispose();

    [MountFact]
    public void A_full_disk_stops_the_sweep_with_a_sentence_and_it_goes_on_when_there_is_room()
    {
        using var disk = new SmallDisk(data, "400k");
        var full = Pbm.Run(data, "study", "run", Study("tiny-base, tiny-chat"));
        full.Says(1, "is full", "nothing that was recorded is lost");
        disk.Remount("size=64m");
        var recorded = Completed();
        Assert.NotEmpty(recorded);
        Assert.Equal(0, Pbm.Run(data, "sweep", "resume", "faults-1").Code);
        Assert.Equal(recorded, Completed()[..recorded.Length]);
        Assert.Equal(Completed().Distinct(), Completed());
        Assert.Equal(0, Pbm.Run(data, "journal", "verify").Code);
    }

    [MountFact]
    public void A_read_only_journal_can_be_read_and_a_command_that_writes_says_so()
    {
        using var disk = new SmallDisk(data, "64m");
        Assert.Equal(0, Pbm.Run(data, "study", "run", Study("tiny-base")).Code);
        disk.Remount("ro");
        Assert.Equal(0, Pbm.Run(data, "sweep", "list").Code);
        Assert.Equal(0, Pbm.Run(data, "journal", "verify").Code);
        Assert.Equal(0, Pbm.Run(data, "sweep", "export", "faults-1", "--format", "csv", "--out",
            folder.PathOf("export")).Code);
        Pbm.Run(data, "sweep", "cancel", "faults-1").Says(1, "may only be read");
        Pbm.Run(data, "study", "run", Study("tiny-base"), "--new").Says(1, "may only be read");
    }

    [Fact]
    public void A_journal_that_another_process_holds_is_waited_for_and_then_named()
    {
        using var run = Pbm.Start(data, "study", "run", Study("tiny-base, tiny-chat"));
        run.Until("faults-1");
        Pbm.WaitFor(() => Completed().Length > 2);
        using (var holder = new SqliteConnection($"Data Source={Journal};Pooling=false"))
        {
            holder.Open();
            Execute(holder, "BEGIN IMMEDIATE");
            Pbm.Run(data, "sweep", "pause", "faults-1").Says(1, "is locked by another process");
            Assert.False(run.HasExited);
            Execute(holder, "ROLLBACK");
        }
        // It was patient, and nothing of it is lost; the order, too, was kept, and is carried out now.
        Pbm.WaitFor(() => Pbm.Run(data, "sweep", "list").Out.Contains("paused", StringComparison.Ordinal));
        Assert.Equal(0, Pbm.Run(data, "sweep", "resume", "faults-1").Code);
        Assert.Equal(0, run.Finish().Code);
        Assert.Equal(Completed().Distinct(), Completed());
    }

    [Fact]
    public void A_damaged_page_is_found_and_named()
    {
        Assert.Equal(0, Pbm.Run(data, "study", "run", Study("tiny-base")).Code);
        var bytes = File.ReadAllBytes(Journal);
        // an event's text ends before it; pages that are no longer used hold copies
        var manifest = "intervention-recorded/2"u8;
        for (var at = bytes.AsSpan().IndexOf(manifest); at >= 0; at = bytes.AsSpan(at + 1)
            .IndexOf(manifest) is >= 0 and var next ? at + 1 + next : -1)
            bytes[at - 30] ^= 0x15;
        File.WriteAllBytes(Journal, bytes);
        var verified = Pbm.Run(data, "journal", "verify");
        Assert.Equal(1, verified.Code);
        Assert.Contains("problem: ", verified.Out, StringComparison.Ordinal);
        Pbm.Run(data, "sweep", "show", "faults-1").Says(1, "pbm journal verify");
        new Random(1).NextBytes(bytes.AsSpan(bytes.Length / 4096 / 2 * 4096, 4096)); // a whole page of rubbish
        File.WriteAllBytes(Journal, bytes);
        Assert.Equal(1, Pbm.Run(data, "journal", "verify").Code);
        Pbm.Run(data, "sweep", "show", "faults-1").Says(1, "pbm journal verify");
    }

    [Fact]
    public void A_checkpoint_that_changes_under_a_running_sweep_is_refused_and_a_retry_goes_on_when_it_is_back()
    {
        var model = folder.PathOf("mine");
        Directory.CreateDirectory(model);
        foreach (var file in Directory.GetFiles(Path.Combine(Pbm.Root, "models", "tiny-base"))) File.Copy(file,
            Path.Combine(model, Path.GetFileName(file)));
        var weights = Path.Combine(model, "model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        using var run = Pbm.Start(data, "study", "run", Study($"tiny-chat, {{name: mine, path: {model}}}"));
        run.Until("faults-1");
        Pbm.WaitFor(() => Completed().Any(u => u.StartsWith("mine/", StringComparison.Ordinal)));
        var changed = (byte[])bytes.Clone();
        changed[^1] ^= 1;
        File.WriteAllBytes(weights, changed);
        var ended = run.Finish();
        Assert.Equal(1, ended.Code);
        Assert.Contains("completed with failures", ended.Out, StringComparison.Ordinal);
        var shown = Pbm.Run(data, "sweep", "show", "faults-1", "--json");
        Assert.True(shown.Out.Contains("has changed since the sweep was planned", StringComparison.Ordinal),
            shown.ToString());
        var recorded = Completed();
        Assert.Contains("tiny-chat/path-patching/B/layer-00", recorded);
        Assert.Equal(1, Pbm.Run(data, "sweep", "retry", "faults-1").Code); // still another checkpoint
        File.WriteAllBytes(weights, bytes);
        Assert.Equal(0, Pbm.Run(data, "sweep", "retry", "faults-1").Code);
        Assert.Equal(recorded, Completed()[..recorded.Length]);
    }

    [Theory]
    [InlineData("PRAGMA user_version = 99", "has version 99, this Patchbay knows up to")]
    [InlineData("PRAGMA application_id = 7", "no journal of Patchbay")]
    public void A_journal_of_an_unknown_version_is_refused(string change, string sentence)
    {
        SqlJournal.Open(Journal).Dispose();
        using (var connection = new SqliteConnection($"Data Source={Journal};Pooling=false"))
        {
            connection.Open();
            Execute(connection, change);
        }
        Pbm.Run(data, "sweep", "list").Says(2, sentence);
        Pbm.Run(data, "study", "run", Study("tiny-base")).Says(2, sentence);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(Journal, string.Concat(Enumerable.Repeat("these are notes, and no database at all. ", 200)));
        Pbm.Run(data, "sweep", "list").Says(2, "is no journal and no database at all");
    }

    [Fact]
    public void A_study_with_mistakes_is_refused_with_all_of_them_at_once()
    {
        var study = folder.PathOf("bad.yaml");
        File.WriteAllText(study, "name: Bad Name\nmodels: [tiny-bace]\ntask: {prompts: 0}\nsead: 3\nstages:\n  - "
            + "path-paching\n");
        var refused = Pbm.Run(data, "study", "validate", study);
        Assert.Equal(2, refused.Code);
        foreach (var part in new[] { "7 mistakes", "line 1: field 'name'", "line 2: field 'models[0]'",
            "did you mean 'tiny-base'?", "line 3: field 'task.prompts'", "line 4: field 'sead'", "did you mean 'seed'?",
            "line 6: ", "did you mean 'path-patching'?" })
            Assert.Contains(part, refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Journal));
    }

    [Fact]
    public void A_prompt_file_is_kept_with_the_sweep_and_one_that_is_too_short_is_refused()
    {
        var prompts = folder.PathOf("boxes.jsonl");
        Assert.Equal(0, Pbm.Run(data, "task", "generate", "--boxes", "7", "--prompts", "24", "--seed", "3", "--out",
            prompts).Code);
        var study = folder.PathOf("file.yaml");
        string Text(int count) => $"name: faults\nmodels: [tiny-base]\nseed: 20\ntask: {{file: boxes.jsonl, prompts: "
            + $"{count}}}\ncompute: {{threads: 1, memory: 2GiB}}\nstages:\n  - path-patching: {{groups: [A], "
                + $"receivers: [4]}}\n";
        File.WriteAllText(study, Text(40));
        foreach (var verb in new[] { "validate", "run" })
        {
            var refused = Pbm.Run(data, "study", verb, study);
            Assert.Equal((2, $"error: {study} has a mistake\n  line 4: field 'task.prompts': expected at most 24, the "
                + $"prompts that {prompts} holds, found '40'"), (refused.Code, refused.Error.TrimEnd()));
        }
        File.WriteAllText(study, Text(20));
        Assert.Equal(0, Pbm.Run(data, "study", "run", study).Code);
        var (first, second) = (folder.PathOf("first"), folder.PathOf("second"));
        Assert.Equal(0, Pbm.Run(data, "sweep", "export", "faults-1", "--format", "csv", "--out", first).Code);
        // The journal alone is enough: on another machine, without the file.
        File.Delete(prompts);
        Directory.Delete(Path.Combine(data, "artifacts"), recursive: true);
        using (var journal = SqlJournal.Open(Journal))
        {
            var plan = journal.Recover("faults-1").State.Plan!;
            Assert.True(journal.TryAppend("faults-2", 0, [new SweepPlanned(plan, "test"), new SweepStarted()],
                DateTimeOffset.UtcNow));
        }
        Assert.Equal(0, Pbm.Run(data, "sweep", "resume", "faults-2").Code);
        Assert.Equal(0, Pbm.Run(data, "sweep", "export", "faults-2", "--format", "csv", "--out", second).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(first, "scores.csv")),
            File.ReadAllBytes(Path.Combine(second, "scores.csv")));
    }

    [Fact]
    public void A_sweep_that_does_not_exist_is_not_found()
    {
        Pbm.Run(data, "sweep", "show", "nine").Says(3, "there is no journal");
        SqlJournal.Open(Journal).Dispose();
        Pbm.Run(data, "sweep", "pause", "nine").Says(3, "there is no sweep 'nine'");
    }

    private string Study(string models)
    {
        var path = folder.PathOf("faults.yaml");
        File.WriteAllText(path, $"name: faults\nmodels: [{models}]\n{Stages}");
        return path;
    }

    private string[] Completed()
    {
        if (!File.Exists(Journal)) return [];
        using var journal = SqlJournal.Open(Journal, readOnly: true);
        return [.. journal.Read("faults-1", 0).Select(e => e.Event).OfType<UnitCompleted>().Select(e => e.Unit)];
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

/// <summary>A file system in memory, as small as a test needs.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string at;

    public SmallDisk(string at, string size)
    {
        this.at = at;
        if (Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", at) != 0) throw new InvalidOperationException(
            "the file system could not be mounted");
    }

    public static bool IsPossible { get; } = Try();

    public void Remount(string option) => Run("mount", "-o", $"remount,{option}", at);

    public void Dispose() => Run("umount", "-l", at);

    private static bool Try()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") return false;
        using var folder = new TemporaryFolder();
        if (Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.Path) != 0) return false;
        Run("umount", folder.Path);
        return true;
    }

    private static int Run(string file, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}

/// <summary>A fact that needs a small file system of its own: skipped with a notice where none may be
/// mounted.</summary>
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute()
    {
        if (!SmallDisk.IsPossible) Skip = "needs to mount a file system, which takes root";
    }
}
