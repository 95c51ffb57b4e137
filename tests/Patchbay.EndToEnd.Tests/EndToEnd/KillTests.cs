using Patchbay.Journal;
using Patchbay.Sweeps;
using Xunit.Abstractions;
using static Patchbay.EndToEnd.Tests.Killing;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Real processes, killed in earnest.</summary>
[Collection(nameof(KillTests))]
public sealed class KillTests(ITestOutputHelper output)
{
    private readonly Killing killing = new(output);

    [Fact]
    public void A_sweep_killed_at_random_instants_ends_in_the_same_bytes_and_runs_no_recorded_unit_again() =>
        killing.KilledManyTimes(null);

    [SoakFact]
    public void Every_experiment_killed_again_and_again_ends_in_the_same_results() =>
        killing.EveryExperimentKilled(null);

    [Fact]
    public void A_second_process_watches_the_first_notices_its_death_and_goes_on_in_its_place()
    {
        using var folder = new TemporaryFolder();
        Home shared = folder.PathOf("shared");
        using var first = Pbm.Start(shared, "study", "run", WriteStudy(folder, Study));
        first.Until("killed-1");
        using var second = Pbm.Start(shared, "sweep", "resume", "killed-1");
        second.Until("runs sweep killed-1");
        Pbm.WaitFor(() => shared.Completed(Sweep).Length > 5);
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
        SameExports(folder, Undisturbed, shared);
    }

    [SharedFact]
    public void A_sweep_whose_process_was_killed_is_listed_as_interrupted_and_not_as_running()
    {
        using var folder = new TemporaryFolder();
        Home data = folder.PathOf("data");
        using var run = Pbm.Start(data, "study", "run",
            SharedFolder.PathOf("bugs", "killed_sweep_stays_running", "study.yaml"));
        run.Until("small-1");
        Pbm.WaitFor(() => data.Completed("small-1").Length > 1);
        run.Kill();
        Pbm.WaitFor(() => Pbm.Run(data, "sweep", "list").Out.Contains("interrupted", StringComparison.Ordinal));
        Assert.DoesNotContain("running", Pbm.Run(data, "sweep", "list").Out, StringComparison.Ordinal);
        Ended(Pbm.Run(data, "sweep", "resume", "small-1"));
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
        Pbm.WaitFor(() => data.Completed(Sweep).Length > 3);
        first.Signal(signal);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var ended = first.Finish(30);
        output.WriteLine($"ended after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.True(ended.Code == 130 && ended.Out.Contains("goes on with the next pbm", StringComparison.Ordinal),
            ended.ToString());
        var done = data.Completed(Sweep).Length;
        using var node = Pbm.Start(data, "node", "run", "--port", "0");
        Pbm.WaitFor(() => data.Completed(Sweep).Length > done + 3);
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
        Pbm.WaitFor(() => data.Completed(Sweep).Length > 3);
        pbm.Interrupt();
        var stopped = pbm.Finish(60);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("pbm sweep resume killed-1", stopped.Out, StringComparison.Ordinal);
        using (var journal = SqlJournal.Open(data.Journal))
            Assert.Equal(SweepStatus.Paused, journal.Recover("killed-1").State.Status);
        Assert.Equal(0, Pbm.Run(data, "sweep", "cancel", "killed-1").Code);
        Assert.Equal(2, Pbm.Run(data, "sweep", "resume", "killed-1").Code);
    }
}
