using System.Text.Json;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Cli.Tests.Sweeps;

namespace Patchbay.Cli.Tests;

public sealed class ReportCommandTests
{
    private static PbmRun Report(MadeSweep sweep, params string[] arguments) =>
        sweep.Pbm(open => new SweepReportCommand(open), ["report", .. arguments]);

    private static PbmRun ReportWithFonts(MadeSweep sweep, string[] folders, params string[] arguments) =>
        sweep.Pbm(open => new SweepReportCommand(open, folders), ["report", .. arguments]);

    private static PbmRun Compare(MadeSweep sweep, params string[] arguments) =>
        sweep.Pbm(open => new SweepCompareCommand(open), ["compare", .. arguments]);

    [Fact]
    public void A_report_is_a_page_a_text_its_pictures_and_data()
    {
        using var folder = new TemporaryFolder();
        var run = Report(new MadeSweep(tags: ["paper", "seed-2"]).RunAll(), "tiny-1", "--out", folder.File("out"),
            "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        var document = JsonDocument.Parse(run.Out).RootElement;
        var files = document.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToArray();
        Assert.All(files, file => Assert.True(File.Exists(file), file));
        Assert.Equal(Directory.EnumerateFiles(folder.File("out"), "*", SearchOption.AllDirectories).Order(),
            files.Order());
        var html = File.ReadAllText(document.GetProperty("html").GetString()!);
        foreach (var fact in new[] { "fingerprint-of-tiny-goat", "2026-03-04 12:00:00 UTC",
            "entity-tracking, 7 boxes, 300 prompts", "<dt>tags</dt><dd>paper, seed-2</dd>",
            "1:04 from start to last event", "node-1 (1 process, 32 units)" })
            Assert.Contains(fact, html, StringComparison.Ordinal);
        Assert.Contains("tiny-base", File.ReadAllText(document.GetProperty("markdown").GetString()!),
            StringComparison.Ordinal);
    }

    [FontFact]
    public void Every_picture_is_a_png_too()
    {
        using var folder = new TemporaryFolder();
        var run = Report(new MadeSweep().RunAll(), "tiny-1", "--out", folder.File("out"), "--json");
        var files = JsonDocument.Parse(run.Out).RootElement.GetProperty("files").EnumerateArray()
            .Select(f => f.GetString()!).ToArray();
        var svg = files.Where(f => f.EndsWith(".svg", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(svg);
        Assert.Equal(svg.Select(f => Path.ChangeExtension(f, ".png")), files[^svg.Length..]); // written last
    }

    [FontFact]
    public void A_png_that_cannot_be_written_costs_no_other()
    {
        using var folder = new TemporaryFolder();
        var sweep = new MadeSweep().RunAll();
        Assert.Equal(ExitCode.Ok, Report(sweep, "tiny-1", "--out", folder.File("out")).Code);
        var pictures = Directory.GetFiles(folder.File("out/figures"), "*.png").Order().ToArray();
        foreach (var picture in pictures) File.Delete(picture);
        Directory.CreateDirectory(Path.Combine(pictures[0], "in the way"));
        var run = Report(sweep, "tiny-1", "--out", folder.File("out"));
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains($"{pictures[0]} could not be written", run.Error, StringComparison.Ordinal);
        Assert.All(pictures[1..], picture => Assert.True(File.Exists(picture), picture));
    }

    [Fact]
    public void Without_a_font_there_is_no_png_and_a_note_says_what_to_install()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("Broken.ttf"), "no font");
        var run = ReportWithFonts(new MadeSweep().RunAll(), [folder.Path, folder.File("none")], "tiny-1", "--out",
            folder.File("out"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal("note: pictures are written as SVG only, not as PNG: there is no font in "
            + $"{folder.Path}, {folder.File("none")}; install one, such as the package fonts-dejavu-core\n", run.Error);
        Assert.NotEmpty(Directory.GetFiles(folder.File("out/figures"), "*.svg"));
        Assert.Empty(Directory.GetFiles(folder.File("out/figures"), "*.png"));
    }

    [Fact]
    public void An_unfinished_sweep_is_reported_only_where_that_is_asked_for_and_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        var sweep = new MadeSweep().Run(5);
        var refused = Report(sweep, "tiny-1", "--out", folder.File("out"));
        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("tiny-base/path-patching/A has 3 of 8 units", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("out")));
        var run = Report(sweep, "tiny-1", "--out", folder.File("out"), "--partial");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("note: not complete", run.Error, StringComparison.Ordinal);
        Assert.Contains("The sweep is not complete", File.ReadAllText(folder.File("out/report.html")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_that_is_not_there_is_named()
    {
        var sweep = new MadeSweep().RunAll();
        Assert.Equal((ExitCode.NotFound, "error: there is no sweep 'tiny-9': there is tiny-1\n"),
            (Report(sweep, "tiny-9").Code, Report(sweep, "tiny-9").Error));
        Assert.Equal(ExitCode.NotFound, Compare(sweep, "tiny-1", "tiny-9").Code);
        Assert.Equal(ExitCode.BadInput, Compare(sweep, "tiny-1", "tiny-1", "--out", "compared.pdf").Code);
    }

    [Fact]
    public void A_comparison_is_printed_and_written()
    {
        using var folder = new TemporaryFolder();
        var journal = new MemoryJournal();
        new MadeSweep("tiny-1", journal: journal).RunAll();
        var sweep = new MadeSweep("tiny-2", models: ["tiny-base", "tiny-float"], journal: journal).RunAll();
        var run = Compare(sweep, "tiny-1", "tiny-2", "--out", folder.File("compared.md"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Matches(@"accuracy +tiny-base +0\.531 +0\.531 +0\.000 .*not significant", run.Out);
        Assert.Contains("note: in one sweep only and not compared: tiny-goat, tiny-float", run.Error,
            StringComparison.Ordinal);
        Assert.Contains("note: the same checkpoint in both: tiny-base", run.Error, StringComparison.Ordinal);
        var text = File.ReadAllText(folder.File("compared.md"));
        Assert.All(System.Text.RegularExpressions.Regex.Matches(text, @"\]\(([^)]+)\)").Select(m => m.Groups[1].Value),
            file => Assert.True(File.Exists(folder.File(file)), file));
        var pictures = Directory.GetFiles(folder.File("figures"), "*.svg").Select(f => Path.ChangeExtension(f, ".png"));
        if (FontFactAttribute.Fonts is not null) Assert.All(pictures, file => Assert.True(File.Exists(file), file));
        Assert.Equal(ExitCode.Ok, Compare(sweep, "tiny-1", "tiny-2", "--out", folder.File("compared.html")).Code);
        Assert.DoesNotContain("href=\"data", File.ReadAllText(folder.File("compared.html")), StringComparison.Ordinal);

        var overlap = JsonDocument.Parse(Compare(sweep, "tiny-1", "tiny-2", "--json").Out)
            .RootElement.GetProperty("overlaps")[0];
        Assert.Equal(("A", 1.0), (overlap.GetProperty("group").GetString(), overlap.GetProperty("overlap")
            .GetProperty("rank_correlation").GetDouble()));
    }
}
