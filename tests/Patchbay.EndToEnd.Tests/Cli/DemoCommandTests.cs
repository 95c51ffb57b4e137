using System.Text.Json;
using System.Xml.Linq;

namespace Patchbay.Cli.Tests;

public sealed class DemoCommandTests
{
    // Of a machine that has fonts, or has none.
    private static string FontNote { get; } = FontFactAttribute.Fonts is not null ? ""
        : "note: pictures are written as SVG only, not as PNG: there is no font in "
            + $"{string.Join(", ", PictureFonts.Folders)}; install one, such as the package fonts-dejavu-core\n";

    [Fact]
    public void The_demo_compares_four_models_and_writes_scores_a_picture_and_a_report()
    {
        using var folder = new TemporaryFolder();
        StandIns.WriteQuartet(folder.File("models"));
        var run = PbmRun.Of("demo", "--models", folder.File("models"), "--out", folder.File("out"), "--prompts", "14",
            "--questions", "70", "--threads", "1", "--json");
        Assert.Equal((ExitCode.Ok, FontNote), (run.Code, run.Error));
        var document = JsonDocument.Parse(run.Out).RootElement;
        var models = document.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal(["tiny-base", "tiny-chat", "tiny-goat", "tiny-float"],
            models.Select(m => m.GetProperty("name").GetString()));
        Assert.All(models, m => Assert.Equal(70, m.GetProperty("accuracy").GetProperty("count").GetInt32()));
        var overlap = document.GetProperty("overlap").EnumerateArray().ToArray();
        Assert.Equal(3 * 4, overlap.Length);
        Assert.All(overlap, o => Assert.Equal("tiny-base", o.GetProperty("base").GetString()));
        // Nearly the same weights rank their heads nearly alike.
        Assert.InRange(overlap[0].GetProperty("rank_correlation").GetDouble(), 0.5, 1);

        var scores = JsonDocument.Parse(File.ReadAllText(folder.File("out/scores.json"))).RootElement;
        Assert.Equal(14, scores.GetProperty("task").GetProperty("prompts").GetInt32());
        Assert.All(scores.GetProperty("models").EnumerateArray(), m =>
            Assert.Equal(["A", "B", "C", "D"], m.GetProperty("groups").EnumerateObject().Select(g => g.Name)));
        Assert.Equal(1 + 4 * 4 * 12, File.ReadLines(folder.File("out/scores.csv")).Count());
        var picture = XDocument.Load(folder.File("out/heatmaps.svg"));
        Assert.Equal(4 * 4 * 12, picture.Descendants().Count(e => e.Name.LocalName == "rect" && e.Elements().Any()));
        Assert.Equal(FontFactAttribute.Fonts is not null, File.Exists(folder.File("out/heatmaps.png")));
        var report = File.ReadAllText(folder.File("out/report.html"));
        Assert.All(models, m => Assert.Contains(m.GetProperty("name").GetString()!, report, StringComparison.Ordinal));
    }

    [Fact]
    public void It_takes_the_project_s_own_models_which_track_entities_by_nearly_the_same_value_fetchers()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("demo", "--out", folder.File("out"), "--prompts", "35", "--questions", "140", "--json");
        Assert.Equal((ExitCode.Ok, FontNote), (run.Code, run.Error));
        var document = JsonDocument.Parse(run.Out).RootElement;
        Assert.All(document.GetProperty("models").EnumerateArray(), m =>
            // a guess is right in one of seven
            Assert.InRange(m.GetProperty("accuracy").GetProperty("right").GetInt32() / 140.0, 2.0 / 7, 0.95));
        Assert.InRange(document.GetProperty("overlap")[0].GetProperty("rank_correlation").GetDouble(), 0.5, 1);
        Assert.Contains("mean over", PbmRun.Of("demo", "--out", folder.File("out"), "--prompts", "2", "--questions",
            "2").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void On_screen_it_has_accuracies_with_intervals_maps_side_by_side_and_overlaps()
    {
        using var folder = new TemporaryFolder();
        StandIns.WriteQuartet(folder.File("models"));
        var run = PbmRun.Of("demo", "--models", folder.File("models"), "--out", folder.File("out"), "--prompts", "7",
            "--questions", "7");
        Assert.Contains("95 % interval", run.Out, StringComparison.Ordinal);
        Assert.Contains(run.Out.Split('\n'), line => line.Contains("tiny-base  accuracy", StringComparison.Ordinal)
            && line.Contains("tiny-float  accuracy", StringComparison.Ordinal));
        Assert.Contains("precision", run.Out, StringComparison.Ordinal);
        Assert.Contains("written: " + folder.File("out/heatmaps.svg"), run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("models/tiny-base"));
        var missing = PbmRun.Of("demo", "--models", folder.File("models"), "--out", folder.File("out"));
        Assert.Equal(ExitCode.NotFound, missing.Code);
        Assert.Contains("there is no " + folder.File("models/tiny-chat"), missing.Error, StringComparison.Ordinal);
        Assert.Single(missing.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal(ExitCode.NotFound, PbmRun.Of("demo", "--models", folder.File("nowhere")).Code);
        Assert.False(Directory.Exists(folder.File("out")));
    }
}
