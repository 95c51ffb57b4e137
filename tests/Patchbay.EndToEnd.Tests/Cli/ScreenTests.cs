using System.Text.Json;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Cli.Tests.Sweeps;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Tests;

/// <summary>A drawing that fails costs the drawing, never the run or its files.</summary>
public sealed class ScreenTests
{
    [Fact]
    public void A_drawing_that_fails_is_told_of_and_what_comes_after_it_is_drawn()
    {
        var failures = new List<Exception>();
        using var writer = new StringWriter();
        var screen = new Screen(TestConsole.On(writer, ColorSystemSupport.TrueColor, 80), failures.Add);
        screen.Draw(() => new Broken());
        screen.Draw(() => throw new KeyNotFoundException("no such model"));
        screen.Draw(() => new Text("after"));
        Assert.Equal(["broken", "no such model"], failures.Select(f => f.Message));
        Assert.Equal("after", writer.ToString().TrimEnd());
    }

    [Fact]
    public void A_drawing_wider_than_the_console_is_cut()
    {
        using var writer = new StringWriter();
        var screen = new Screen(TestConsole.On(writer, ColorSystemSupport.NoColors, 20), e => Assert.Fail(e.Message));
        screen.Draw(() => new Wide());
        // a wide letter has no half
        Assert.Equal(["0123456789012345678", "second"], writer.ToString().TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_live_view_that_cannot_be_drawn_goes_on_as_plain_lines()
    {
        var sweep = new MadeSweep().Run(3);
        var failures = new List<Exception>();
        using var writer = new StringWriter();
        var watch = new SweepWatch(new Screen(Live(writer), failures.Add), sweep.Id, new WatchClock(),
            TimeProvider.System)
        {
            LookEvery = TimeSpan.FromMilliseconds(1),
            Drawing = state => state.InOrder.Sum(s => s.Completed) < 6 ? new Text("drawn") : new Broken(),
        };
        var state = watch.Follow(() => sweep.Run(2).State, CancellationToken.None);
        Assert.Equal(SweepStatus.Completed, state.Status);
        Assert.Equal("broken", Assert.Single(failures).Message);
        Assert.Contains("drawn", writer.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("tiny-1  completed  32/32 units", writer.ToString().TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_terminal_that_gets_narrower_keeps_what_was_printed_before()
    {
        using var writer = new StringWriter();
        var console = Live(writer);
        var screen = new Screen(console, e => Assert.Fail(e.Message));
        string[] lines = [new('a', 90), "b", "c"];
        string Cut(string line) => line[..Math.Min(line.Length, console.Profile.Width)];
        screen.Live(() => new Text(string.Join('\n', lines.Select(Cut))), () => (console.Profile.Width -= 20) > 30);
        screen.Progress("bar", report =>
        {
            foreach (var width in new[] { 90, 60, 30 })
            {
                console.Profile.Width = width;
                Thread.Sleep(250);
            }
            return 0;
        });
        Assert.DoesNotContain("\e[3J", writer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[2J", writer.ToString(), StringComparison.Ordinal);
        // Three lines of 90 are six of 80: the cursor is in the sixth.
        Assert.Contains("\r\e[5A\e[J", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_live_view_waits_for_fails_as_itself()
    {
        using var writer = new StringWriter();
        var screen = new Screen(Live(writer), e => Assert.Fail(e.Message));
        Assert.Throws<KeyNotFoundException>(() =>
            screen.Live(() => new Text("drawn"), () => throw new KeyNotFoundException("the journal")));
    }

    [Fact]
    public void Work_under_a_progress_bar_ends_whatever_the_window()
    {
        foreach (var width in new[] { 20, 30, 80 })
        {
            using var writer = new StringWriter();
            var console = Live(writer);
            (console.Profile.Width, console.Profile.Height) = (width, 5);
            Assert.Equal(7, new Screen(console, e => Assert.Fail(e.Message))
                .Progress("[a] label that is quite long", report =>
            {
                report("[b] another", 0.5);
                Thread.Sleep(250); // the bars are drawn ten times a second
                return 7;
            }));
        }
    }

    [Fact]
    public void The_demo_s_files_are_there_though_none_of_its_drawings_can_be_drawn()
    {
        using var folder = new TemporaryFolder();
        StandIns.WriteQuartet(folder.File("models"));
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = TestConsole.On(output, ColorSystemSupport.TrueColor, 80);
        console.Pipeline.Attach(new Breaking());
        var code = CommandLine.Run(["demo", "--models", folder.File("models"), "--out", folder.File("out"), "--prompts",
            "7", "--questions", "7"],
            new Terminal(console, Terminal.Create(error)), CancellationToken.None);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("this drawing failed (broken); the results are not affected\n", error.ToString(),
            StringComparison.Ordinal);
        string[] files = ["scores.json", "scores.csv", "results.csv", "results.json", "accuracy.csv", "report.html",
            "report.md", "heatmaps.svg"];
        Assert.All(files, name => Assert.True(File.Exists(folder.File($"out/{name}")), name));
        Assert.Equal(4, JsonDocument.Parse(File.ReadAllText(folder.File("out/scores.json"))).RootElement.GetProperty(
            "models").GetArrayLength());
        Assert.Contains("written: " + folder.File("out/heatmaps.svg"), output.ToString(), StringComparison.Ordinal);
    }

    private static IAnsiConsole Live(TextWriter writer)
    {
        var console = TestConsole.On(writer, ColorSystemSupport.TrueColor, 100);
        (console.Profile.Capabilities.Interactive, console.Profile.Height) = (true, 50);
        return console;
    }

    private sealed class Broken : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            yield return new Segment("begun ");
            throw new InvalidOperationException("broken");
        }
    }

    private sealed class Wide : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            [new("0123456789"), new("012345678模型"), new("x"), Segment.LineBreak, new("second"), Segment.LineBreak];
    }

    /// <summary>Breaks every drawing on its way to the console.</summary>
    private sealed class Breaking : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            [new Broken()];
    }
}
