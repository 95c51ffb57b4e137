using Patchbay.Journal;
using Patchbay.Sweeps;
using Xunit.Abstractions;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Real processes, killed in earnest.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Kills = 30;

    /// <summary>The quartet with few prompts, so that 30 lives of a process are spread over the whole sweep.</summary>
    private const string Study = """
        name: killed
        models: [tiny-base, tiny-chat, tiny-goat, tiny-float]
        task: {kind: entity-tracking, boxes: 7, prompts: 40}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 300}
          - path-patching: {groups: [A, B, C, D], receivers: [6, 6, 6, 6]}
        """;

    [Fact]
    public void A_sweep_killed_at_30_random_instants_ends_in_the_same_bytes_and_runs_no_recorded_unit_again()
    {
        using var folder = new TemporaryFolder();
        var (calm, killed) = (folder.PathOf("calm"), folder.PathOf("killed"));
        var study = WriteStudy(folder);
        Ended(Pbm.Run(calm, "study", "run", study));
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var progress = new List<int>();
        for (var kill = 0; kill < Kills; kill++)
        {
            using var pbm = Pbm.Start(killed, kill == 0 ? ["study", "run", study] : ["sweep", "resume", "killed-1"]);
            if (kill == 0) pbm.Until("killed-1");
            // A third die as they start, the others in the middle of a unit, some units later.
            if (random.Next(3) == 0) Thread.Sleep(random.Next(1500));
            else
            {
                var least = Completed(killed).Length + random.Next(1, 4);
                WaitFor(() => pbm.HasExited || Completed(killed).Length >= least);
                Thread.Sleep(random.Next(150));
            }
            Assert.False(pbm.HasExited, "the sweep was done before all kills: give it more prompts");
            pbm.Kill();
            progress.Add(Completed(killed).Length);
        }
        output.WriteLine($"units done after each of {progress.Count} kills: {string.Join(' ', progress)}");
        Assert.True(progress[^1] > 5, "the kills must be spread over the sweep");
        Ended(Pbm.Run(killed, "sweep", "resume", "killed-1"));
        Assert.Equal(Completed(killed).Distinct(), Completed(killed));
        NothingAfterItsCompletion(killed);
        SameExports(folder, calm, killed);
        Assert.Equal(0, Pbm.Run(killed, "journal", "verify").Code);
    }

    [Fact]
    public void Two_processes_share_a_sweep_and_one_is_killed()
    {
        using var folder = new TemporaryFolder();
        var (calm, shared) = (folder.PathOf("calm"), folder.PathOf("shared"));
        var study = WriteStudy(folder);
        Ended(Pbm.Run(calm, "study", "run", study, "--slots", "1"));
        using var first = Pbm.Start(shared, "study", "run", study, "--slots", "1");
        first.Until("killed-1");
        using var second = Pbm.Start(shared, "sweep", "resume", "killed-1", "--slots", "1");
        WaitFor(() => Nodes(shared).Length == 2);
        var before = Completed(shared).Length;
        WaitFor(() => Completed(shared).Length > before + 5);
        first.Kill();
        Ended(second.Finish());
        Assert.True(Nodes(shared).Length == 2);
        Assert.Equal(Completed(shared).Distinct(), Completed(shared));
        NothingAfterItsCompletion(shared);
        SameExports(folder, calm, shared);
    }

    [Fact]
    public void Ctrl_C_pauses_a_sweep_and_says_how_to_go_on()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        using var pbm = Pbm.Start(data, "study", "run", WriteStudy(folder));
        pbm.Until("killed-1");
        WaitFor(() => Completed(data).Length > 3);
        pbm.Interrupt();
        var stopped = pbm.Finish(60);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("pbm sweep resume killed-1", stopped.Out, StringComparison.Ordinal);
        using (var journal = SqliteJournal.Open(JournalOf(data)))
        {
            Assert.Equal(SweepStatus.Paused, journal.Recover("killed-1").State.Status);
            Assert.Empty(journal.Leases("killed-1"));
        }
        Assert.Equal(0, Pbm.Run(data, "sweep", "cancel", "killed-1").Code);
        Assert.Equal(2, Pbm.Run(data, "sweep", "resume", "killed-1").Code);
    }

    private static string WriteStudy(TemporaryFolder folder)
    {
        var path = folder.PathOf("killed.yaml");
        File.WriteAllText(path, Study);
        return path;
    }

    private static void Ended(Outcome outcome) => Assert.True(outcome.Code == 0, outcome.ToString());

    private static void SameExports(TemporaryFolder folder, params string[] homes)
    {
        foreach (var format in new[] { "json", "csv", "npy" })
        {
            var exports = homes.Select(home =>
            {
                var to = folder.PathOf($"{Path.GetFileName(home)}-{format}");
                Ended(Pbm.Run(home, "sweep", "export", "killed-1", "--format", format, "--out", to));
                return Directory.GetFiles(to, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                    .Select(f => (Path.GetRelativePath(to, f), Convert.ToHexString(File.ReadAllBytes(f)))).ToArray();
            }).ToArray();
            Assert.NotEmpty(exports[0]);
            Assert.Equal(exports[0], exports[1]);
        }
    }

    private static SweepEvent[] Events(string data)
    {
        if (!File.Exists(JournalOf(data))) return [];
        using var journal = SqliteJournal.Open(JournalOf(data));
        return [.. journal.Read("killed-1", 0).Select(e => e.Event)];
    }

    private static string[] Completed(string data) => [.. Events(data).OfType<UnitCompleted>().Select(e => e.Unit)];

    private static string[] Nodes(string data) => [.. Events(data).OfType<UnitCompleted>().Select(e => e.Node).Distinct()];

    private static void NothingAfterItsCompletion(string data)
    {
        var done = new HashSet<string>();
        foreach (var happened in Events(data))
        {
            if (happened is UnitCompleted completed) done.Add(completed.Unit);
            if (happened is UnitClaimed claimed) Assert.DoesNotContain(claimed.Unit, done);
        }
    }

    private static void WaitFor(Func<bool> reached)
    {
        for (var left = 1200; left > 0; left--)
        {
            if (reached()) return;
            Thread.Sleep(50);
        }
        Assert.Fail("not reached within a minute");
    }

    private static string JournalOf(string data) => Path.Combine(data, "journal.db");
}
