using Patchbay.Journal;
using Patchbay.Sweeps;
using Xunit.Abstractions;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Real processes, killed in earnest.</summary>
[Collection(nameof(KillTests))]
public sealed class KillTests(ITestOutputHelper output)
{
    private const string Sweep = "killed-1";

    /// <summary>The quartet, with so many prompts that a unit takes longer than the test takes to notice it.</summary>
    private const string Study = """
        name: killed
        models: [tiny-base, tiny-chat, tiny-goat, tiny-float]
        task: {kind: entity-tracking, boxes: 7, prompts: 150}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 300}
          - path-patching: {groups: [A, B, C, D], receivers: [6, 6, 6, 6]}
        """;

    /// <summary>Every experiment, small.</summary>
    private const string Everything = """
        name: killed
        models: [tiny-base, tiny-goat]
        task: {kind: entity-tracking, boxes: 7, prompts: 40}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 28}
          - path-patching: {receivers: [4, 4, 4, 4]}
          - minimality: {prompts: 14, means: 20}
          - circuit: {prompts: 14, means: 20, random: 2, subsets: 2}
          - attribution: {steps: 2}
          - dcm: {triples: 32, triples-at-once: 8}
          - functionality: {seeds: 2, triples: 14}
          - cmap: {heads: circuit, prompts: 14}
          - activation-patching: {prompts: 14}
          - knockout: {prompts: 14}
          - attention: {prompts: 14}
          - targeted-tuning: {sets: [A, circuit], steps: 3, prompts: 14}
        """;

    [Fact]
    public void A_sweep_killed_at_30_random_instants_ends_in_the_same_bytes_and_runs_no_recorded_unit_again() =>
        Killed30Times(null);

    [PostgresFact]
    public void A_sweep_killed_at_30_random_instants_ends_in_the_same_bytes_with_its_journal_in_PostgreSQL()
    {
        using var server = new PostgresServer();
        Killed30Times(server.NewDatabase());
    }

    private void Killed30Times(string? database)
    {
        using var folder = new TemporaryFolder();
        Home calm = folder.PathOf("calm"), killed = new(folder.PathOf("killed"), database);
        var study = WriteStudy(folder, Study);
        Ended(Pbm.Run(calm, "study", "run", study));
        KillAgainAndAgain(killed, study, 30, calm.Completed(Sweep).Length);
        SameExports(folder, calm, killed);
        Assert.Equal(0, Pbm.Run(killed, "journal", "verify").Code);
    }

    [Fact]
    public void Every_experiment_killed_again_and_again_ends_in_the_same_results() => EveryExperimentKilled(null);

    [PostgresFact]
    public void Every_experiment_killed_again_and_again_ends_in_the_same_results_in_PostgreSQL()
    {
        using var server = new PostgresServer();
        EveryExperimentKilled(server.NewDatabase());
    }

    [PostgresFact]
    public void A_database_that_is_killed_and_started_again_costs_no_result()
    {
        using var server = new PostgresServer();
        using var folder = new TemporaryFolder();
        Home calm = folder.PathOf("calm"), home = new(folder.PathOf("data"), server.NewDatabase());
        var study = WriteStudy(folder, Study);
        Ended(Pbm.Run(calm, "study", "run", study));
        using var pbm = Pbm.Start(home, "study", "run", study);
        pbm.Until("killed-1");
        for (var kill = 1; kill <= 3; kill++)
        {
            var least = 5 * kill;
            WaitFor(() => pbm.HasExited || home.Completed(Sweep).Length >= least);
            Assert.False(pbm.HasExited, "it ended early");
            server.Kill();
            if (kill == 2)
            {
                pbm.Until("cannot be reached");
                var read = Pbm.Run(home, "sweep", "list");
                Assert.True(read.Code == 1 && read.Error.Contains("cannot be reached", StringComparison.Ordinal),
                    read.ToString());
            }
            server.Start();
        }
        Ended(pbm.Finish());
        Assert.Equal(home.Completed(Sweep).Distinct(), home.Completed(Sweep));
        NothingAfterItsCompletion(home);
        SameExports(folder, calm, home);
        Ended(Pbm.Run(home, "journal", "verify"));
    }

    private void EveryExperimentKilled(string? database)
    {
        using var folder = new TemporaryFolder();
        Home calm = folder.PathOf("calm"), killed = new(folder.PathOf("killed"), database);
        var study = WriteStudy(folder, Everything);
        Ended(Pbm.Run(calm, "study", "run", study));
        KillAgainAndAgain(killed, study, 8, calm.Completed(Sweep).Length);
        SameExports(folder, calm, killed);
        Assert.Equal(Results(calm), Results(killed));
        Assert.True(Results(calm).Length > 500);
    }

    /// <summary>Runs a study of so many units and kills its process as often as asked, all through it; then lets it
    /// end.</summary>
    private void KillAgainAndAgain(Home data, string study, int kills, int units)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var progress = new List<int>();
        for (var kill = 0; kill < kills; kill++)
        {
            using var pbm = Pbm.Start(data, kill == 0 ? ["study", "run", study] : ["sweep", "resume", "killed-1"]);
            if (kill == 0) pbm.Until("killed-1");
            // A third die as they start, the others in the middle of a unit; the last with a tenth of the sweep to go.
            if (random.Next(3) == 0) Thread.Sleep(random.Next(1000));
            else
            {
                var least = 0.9 * units * (kill + random.NextDouble()) / kills;
                WaitFor(() => pbm.HasExited || data.Completed(Sweep).Length >= least);
                Thread.Sleep(random.Next(100));
            }
            Assert.False(pbm.HasExited, "the sweep was done before all kills: give it more prompts");
            pbm.Kill();
            progress.Add(data.Completed(Sweep).Length);
        }
        output.WriteLine($"units done after each of {progress.Count} kills: {string.Join(' ', progress)}");
        Assert.True(progress[^1] > units / 10, "the kills must be spread over the sweep");
        Ended(Pbm.Run(data, "sweep", "resume", "killed-1"));
        Assert.Equal(data.Completed(Sweep).Distinct(), data.Completed(Sweep));
        NothingAfterItsCompletion(data);
    }

    [Fact]
    public void A_second_process_watches_the_first_notices_its_death_and_goes_on_in_its_place()
    {
        using var folder = new TemporaryFolder();
        Home calm = folder.PathOf("calm"), shared = folder.PathOf("shared");
        var study = WriteStudy(folder, Study);
        Ended(Pbm.Run(calm, "study", "run", study));
        using var first = Pbm.Start(shared, "study", "run", study);
        first.Until("killed-1");
        using var second = Pbm.Start(shared, "sweep", "resume", "killed-1");
        second.Until("runs sweep killed-1");
        WaitFor(() => shared.Completed(Sweep).Length > 5);
        first.Kill();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var noticed = second.Finish(30);
        output.WriteLine($"noticed after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.True(noticed.Code == 1 && noticed.Error.Contains("is interrupted", StringComparison.Ordinal),
            noticed.ToString());
        Assert.Contains("interrupted", Pbm.Run(shared, "sweep", "list").Out, StringComparison.Ordinal);
        Ended(Pbm.Run(shared, "sweep", "resume", "killed-1"));
        Assert.Equal(shared.Completed(Sweep).Distinct(), shared.Completed(Sweep));
        NothingAfterItsCompletion(shared);
        SameExports(folder, calm, shared);
    }

    [Theory]
    [InlineData("-TERM")]
    [InlineData("-HUP")]
    public void A_process_that_the_system_ends_gives_its_units_back_and_the_next_that_serves_the_folder_goes_on(
        string signal)
    {
        using var folder = new TemporaryFolder();
        Home data = folder.PathOf("data");
        using var first = Pbm.Start(data, "study", "run", WriteStudy(folder, Study));
        first.Until("killed-1");
        WaitFor(() => data.Completed(Sweep).Length > 3);
        first.Signal(signal);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var ended = first.Finish(30);
        output.WriteLine($"ended after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.True(ended.Code == 130 && ended.Out.Contains("goes on with the next pbm", StringComparison.Ordinal),
            ended.ToString());
        using var node = Pbm.Start(data, "node", "run", "--port", "0");
        WaitFor(() => Pbm.Run(data, "sweep", "list").Out.Contains("completed", StringComparison.Ordinal));
        node.Interrupt();
        Assert.Equal(0, node.Finish(30).Code);
    }

    [Fact]
    public void Ctrl_C_pauses_a_sweep_and_says_how_to_go_on()
    {
        using var folder = new TemporaryFolder();
        Home data = folder.PathOf("data");
        using var pbm = Pbm.Start(data, "study", "run", WriteStudy(folder, Study));
        pbm.Until("killed-1");
        WaitFor(() => data.Completed(Sweep).Length > 3);
        pbm.Interrupt();
        var stopped = pbm.Finish(60);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("pbm sweep resume killed-1", stopped.Out, StringComparison.Ordinal);
        using (var journal = SqlJournal.Open(data.Journal))
            Assert.Equal(SweepStatus.Paused, journal.Recover("killed-1").State.Status);
        Assert.Equal(0, Pbm.Run(data, "sweep", "cancel", "killed-1").Code);
        Assert.Equal(2, Pbm.Run(data, "sweep", "resume", "killed-1").Code);
    }

    private static string WriteStudy(TemporaryFolder folder, string study)
    {
        var path = folder.PathOf("killed.yaml");
        File.WriteAllText(path, study);
        return path;
    }

    private static void Ended(Outcome outcome) => Assert.True(outcome.Code == 0, outcome.ToString());

    private static void SameExports(TemporaryFolder folder, params Home[] homes)
    {
        foreach (var format in new[] { "json", "csv", "npy" })
        {
            var exports = homes.Select(home =>
            {
                var to = folder.PathOf($"{Path.GetFileName(home.Folder)}-{format}");
                Ended(Pbm.Run(home, "sweep", "export", "killed-1", "--format", format, "--out", to));
                return Directory.GetFiles(to, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                    .SelectMany(f => Lines(f).Select(line => $"{Path.GetRelativePath(to, f)}: {line}")).ToArray();
            }).ToArray();
            Assert.NotEmpty(exports[0]);
            var different = exports[0].Where((line, i) => line != exports[1].ElementAtOrDefault(i)).Take(20);
            Assert.Empty(different);
            Assert.Equal(exports[0].Length, exports[1].Length);
        }
    }

    /// <summary>A file's lines, ends included; of one that is no text its bytes as a number.</summary>
    private static string[] Lines(string file) => Path.GetExtension(file) is ".npy"
        ? [Convert.ToHexString(File.ReadAllBytes(file))] : File.ReadAllText(file).Split('\n');

    /// <summary>Everything recorded but times and machines, unit by unit.</summary>
    private static string[] Results(Home home) => [.. home.Events(Sweep).OfType<InterventionRecorded>()
        .Select(r => $"{r.Unit} {r.Item} {r.Score:R} {r.Error:R} {r.Samples} {r.Detail}")
            .Order(StringComparer.Ordinal)];

    private static void NothingAfterItsCompletion(Home home)
    {
        var done = new HashSet<string>();
        foreach (var happened in home.Events(Sweep))
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
}
