using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Tests.Sweeps;

public sealed class SweepWatchTests
{
    private static readonly DateTimeOffset Start = MadeSweep.Start;

    private static WatchClock ClockOf(MadeSweep sweep)
    {
        var clock = new WatchClock();
        sweep.Journal.Recover(sweep.Id, clock.Observe);
        return clock;
    }

    private static string[] Draw(MadeSweep sweep, int width, int height = 60,
        ColorSystemSupport colors = ColorSystemSupport.NoColors)
    {
        using var writer = new StringWriter();
        TestConsole.On(writer, colors, width)
            .Write(SweepDrawing.Draw(sweep.Id, sweep.State, ClockOf(sweep), sweep.Now, height));
        var lines = writer.ToString().TrimEnd().Split('\n');
        if (Environment.GetEnvironmentVariable("PATCHBAY_SHOW") is { Length: > 0 } folder)
            File.AppendAllText(Path.Combine(folder, "watch.txt"), $"--- {width} columns\n{writer}\n");
        if (colors == ColorSystemSupport.NoColors) Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        return lines;
    }

    private static string Line(IEnumerable<string> lines, string start) =>
        lines.First(l => l.StartsWith(start, StringComparison.Ordinal));

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public void A_sweep_that_waits_has_empty_bars_and_no_rates(int width)
    {
        var lines = Draw(new MadeSweep(), width);
        Assert.Equal("tiny-1  running  0/0+ units", lines[0].TrimEnd());
        Assert.Matches(@"^tiny-base +─+ +0/0\+ +waiting", Line(lines, "tiny-base"));
        Assert.Contains(lines, l => l.Contains("no scores yet", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public void A_sweep_under_way_has_bars_rates_and_maps_side_by_side(int width)
    {
        var lines = Draw(new MadeSweep().Run(6), width);
        // 6 units in 12 seconds; 20 are known, and 16 more are guessed for the two stages of B.
        Assert.Matches(@"^tiny-1  running  6/20\+ units  \d+ results/min  about 1:00 left$", lines[0].TrimEnd());
        Assert.Matches(@"^tiny-base +━+─+ +6/10\+ +\d+ +24 s +path-patching/A", Line(lines, "tiny-base"));
        Assert.Matches(@"^tiny-goat +─+ +0/10\+ +accuracy", Line(lines, "tiny-goat"));
        Assert.Contains(lines, l => l.Contains("A  value fetcher: mean relative change", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("tiny-base  4 of 8 units", StringComparison.Ordinal)
            && l.Contains("tiny-goat  0 of 8 units", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public void Failures_are_named_in_full_lines_no_wider_than_the_terminal(int width)
    {
        var sweep = new MadeSweep().Run(5).FailNext("the machine has no memory left: 12.3 GiB are needed and the node "
            + "may take 8 GiB of it, so that the unit cannot be run here");
        var lines = Draw(sweep, width);
        Assert.EndsWith("1 failed", lines[0].TrimEnd(), StringComparison.Ordinal);
        Assert.Matches(@"^tiny-base +━+╍+─+ +5/10\+ +\d+ +[\d:]+ s +1 +path-", Line(lines, "tiny-base"));
        Assert.StartsWith("tiny-base/path-patching/A/layer-03 failed: the machine", Line(lines, "tiny-base/"),
            StringComparison.Ordinal);
        var ended = Draw(sweep.RunAll(), width);
        Assert.Contains("completed with failures", ended[0], StringComparison.Ordinal);
        Assert.Contains("stopped by failures", Line(ended, "tiny-base"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public void A_completed_sweep_has_full_bars_and_marked_heads(int width)
    {
        var lines = Draw(new MadeSweep().RunAll(), width);
        Assert.Equal("tiny-1  completed  32/32 units", lines[0].TrimEnd());
        Assert.Matches(@"^tiny-goat +━+ +16/16 +complete", Line(lines, "tiny-goat"));
        Assert.DoesNotContain('─', Line(lines, "tiny-goat"));
        Assert.Contains(lines, l => l.Contains("B  position transmitter", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("* circuit of 6:", StringComparison.Ordinal));
    }

    [Fact]
    public void Maps_that_are_too_high_are_drawn_two_layers_to_a_line_and_those_without_room_named()
    {
        var sweep = new MadeSweep(models: ["llama-7b", "vicuna-7b", "goat-7b", "float-7b"], layers: 32, heads: 32)
            .Run(11);
        var lines = Draw(sweep, 80, height: 54, ColorSystemSupport.TrueColor);
        Assert.InRange(lines.Length, 44, 53);
        Assert.Contains(lines, l => l.Contains('▀', StringComparison.Ordinal));
        Assert.Contains("goat-7b", string.Join('\n', lines.Skip(20)), StringComparison.Ordinal);
        var fewer = Draw(sweep, 80, height: 36, ColorSystemSupport.TrueColor);
        Assert.InRange(fewer.Length, 26, 35);
        Assert.Contains("no room for goat-7b, float-7b", fewer[^1], StringComparison.Ordinal);
        Assert.InRange(Draw(sweep, 80, height: 24).Length, 8, 23); // without colours there are no halves
        Assert.DoesNotContain(Draw(sweep, 80, height: 200, ColorSystemSupport.TrueColor), l =>
            l.Contains('▀', StringComparison.Ordinal));
    }

    [Fact]
    public void A_rate_counts_what_was_seen_lately_and_sinks_without_news()
    {
        var rate = new CompletionRate();
        Assert.Null(rate.PerSecond(Start));
        for (var i = 0; i <= 10; i++) rate.Observe(Start.AddSeconds(10 * i), i);
        Assert.Equal(0.1, rate.PerSecond(Start.AddSeconds(100))!.Value, 1e-9);
        Assert.Equal(0.1, rate.PerSecond(Start.AddSeconds(105))!.Value, 1e-9); // the next one is not late yet
        Assert.Equal(11 / 300.0, rate.PerSecond(Start.AddSeconds(300))!.Value, 1e-9);
        // What comes at once is one step: a hundred units of a second do not make all that was before be forgotten.
        var burst = new CompletionRate();
        for (var i = 0; i <= 1000; i++) burst.Observe(Start.AddMilliseconds(100 * i), i);
        Assert.Equal(10, burst.PerSecond(Start.AddSeconds(100))!.Value, 0.5);
        burst.Observe(Start.AddSeconds(150), 1001);
        Assert.InRange(burst.PerSecond(Start.AddSeconds(150))!.Value, 5, 10);
        // A night later, three units tell how fast it goes now.
        for (var i = 0; i < 3; i++) rate.Observe(Start.AddHours(8).AddSeconds(2 * i), 11 + i);
        Assert.Equal(0.5, rate.PerSecond(Start.AddHours(8).AddSeconds(4))!.Value, 1e-9);
    }

    [Fact]
    public void Time_left_is_not_taken_from_units_of_another_kind()
    {
        var sweep = new MadeSweep { Pace = 0.1 }.Run(2); // accuracy of one model
        Assert.Null(ClockOf(sweep).Left(sweep.State, sweep.Now));
        sweep.Pace = 60; // the first unit of a stage takes longer
        sweep.Run(1);
        sweep.Pace = 10;
        sweep.Run(1);
        Assert.Null(ClockOf(sweep).Left(sweep.State, sweep.Now));
        sweep.Run(1);
        // Of A five units, eight of the other model's, eight guessed for each B, and accuracy of the other model.
        var left = ClockOf(sweep).Left(sweep.State, sweep.Now)!.Value.TotalSeconds;
        Assert.Equal((5 + 8 + 8 + 8) * 10 + 2 * 0.1, left, 5);
    }

    [Fact]
    public void A_pause_is_no_part_of_a_rate()
    {
        var sweep = new MadeSweep().Run(6);
        sweep.Apply(new PauseSweep());
        var clock = ClockOf(sweep);
        Assert.Null(clock.Left(sweep.State, sweep.Now));
        sweep.Apply(new ResumeSweep());
        clock.Observe(sweep.Now.AddHours(8), sweep.State);
        Assert.Null(clock.Left(sweep.State, sweep.Now.AddHours(8))); // nothing was seen to be done since
    }

    [Fact]
    public void Without_a_terminal_a_watch_says_a_line_at_every_stage_that_completes_and_ends_with_the_sweep()
    {
        var sweep = new MadeSweep();
        sweep.Journal.BeforeRead = () => sweep.Run(3);
        var run = sweep.Pbm(open => new SweepWatchCommand(open), "watch", sweep.Id);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var lines = run.Out.TrimEnd().Split('\n');
        Assert.Equal(6, lines.Count(l => l.Contains(" is complete: ", StringComparison.Ordinal)));
        Assert.Contains("tiny-goat/path-patching/B is complete: 6 units", lines);
        Assert.Equal("tiny-1  completed  32/32 units", lines[^1]);
    }

    [Fact]
    public void Interrupted_a_watch_leaves_the_sweep_alone()
    {
        var sweep = new MadeSweep().Run(3);
        using var interrupted = new CancellationTokenSource();
        interrupted.Cancel();
        var run = sweep.Pbm(open => new SweepWatchCommand(open), interrupted.Token, "watch", sweep.Id);
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.EndsWith("detached; sweep tiny-1 is running: pbm sweep watch tiny-1\n", run.Out,
            StringComparison.Ordinal);
        Assert.Equal(SweepStatus.Running, sweep.State.Status);
    }

    [Fact]
    public void Under_a_terminal_the_view_is_live()
    {
        var sweep = new MadeSweep().Run(3);
        using var writer = new StringWriter();
        var console = TestConsole.On(writer, ColorSystemSupport.TrueColor, 100);
        (console.Profile.Capabilities.Interactive, console.Profile.Height) = (true, 50);
        var watch = new SweepWatch(new Screen(console, e => throw e), sweep.Id, new WatchClock(),
            TimeProvider.System)
        { LookEvery = TimeSpan.FromMilliseconds(1) };
        var state = watch.Follow(() => sweep.Run(8).State, CancellationToken.None);
        Assert.Equal(SweepStatus.Completed, state.Status);
        Assert.Contains("32/32", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_busy_journal_leaves_the_view_as_it_was()
    {
        var sweep = new MadeSweep().Run(3);
        var follower = new SweepFollower(sweep.Journal, sweep.Id, sweep.Journal.Recover(sweep.Id));
        var before = follower.Read();
        sweep.Journal.BeforeRead = () => throw new JournalException(JournalFault.Busy, "another process holds it");
        Assert.Same(before, follower.Read());
        sweep.Journal.BeforeRead = () => throw new JournalException(JournalFault.Corrupt, "it is not what was written");
        Assert.Throws<JournalException>(() => follower.Read());
    }
}
