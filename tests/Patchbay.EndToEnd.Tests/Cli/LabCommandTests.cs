using System.Text.Json;
using System.Xml.Linq;
using Patchbay.Lab.Training;
using Patchbay.Tasks;

namespace Patchbay.Cli.Tests;

public sealed class LabCommandTests
{
    [Fact]
    public void A_curve_tells_the_last_losses_and_scores_and_draws_a_line_for_each()
    {
        using var folder = new TemporaryFolder();
        WriteLog(folder.Path, 20);
        var run = PbmRun.Of("lab", "curve", folder.Path, "--out", folder.File("curve.svg"), "--json");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var summary = JsonDocument.Parse(run.Out).RootElement.GetProperty("runs")[0];
        Assert.Equal(20, summary.GetProperty("steps").GetInt32());
        Assert.Equal(10, summary.GetProperty("seconds").GetDouble(), 1e-9);
        Assert.Equal(2000, summary.GetProperty("tokens").GetInt32());
        Assert.Equal(0.05, summary.GetProperty("losses").GetProperty("object").GetDouble(), 1e-9);
        Assert.Equal(0.2, summary.GetProperty("scores").GetProperty("7 boxes").GetProperty("accuracy").GetDouble(),
            1e-9);
        Assert.Equal("easy 1, hard 11", string.Join(", ", summary.GetProperty("stages").EnumerateArray()
            .Select(s => $"{s.GetProperty("name")} {s.GetProperty("step")}")));
        Assert.Equal(["object", "7 boxes", "easy", "hard"], new[] { "object", "7 boxes", "easy",
            "hard" }.Intersect(Texts(folder.File("curve.svg"))));
    }

    [Fact]
    public void Several_runs_are_compared_kind_by_kind()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "one", "two" }) WriteLog(Path.Combine(folder.Path, name), 5);
        var run = PbmRun.Of("lab", "curve", folder.File("one"), folder.File("two"), "--out", folder.File("curve.svg"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("two", run.Out, StringComparison.Ordinal);
        var texts = Texts(folder.File("curve.svg"));
        Assert.Contains("loss of object, nats per answer", texts);
        Assert.Equal(3, texts.Count(t => t == "two")); // all predictions, object, 7 boxes
    }

    [Fact]
    public void Only_what_is_to_be_shown_is_drawn()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "one", "two" }) WriteLog(Path.Combine(folder.Path, name), 5);
        Assert.Equal(ExitCode.Ok, PbmRun.Of("lab", "curve", folder.File("one"), folder.File("two"), "--show", "7 boxes",
            "--out", folder.File("curve.svg")).Code);
        Assert.Equal(1, Texts(folder.File("curve.svg")).Count(t => t == "two"));
        Fails(ExitCode.BadInput, "no run has '8 boxes', expected 'object', '7 boxes'", "lab", "curve",
            folder.File("one"), "--show", "8 boxes", "--out", folder.File("curve.svg"));
    }

    [Fact]
    public void A_step_trained_twice_counts_as_it_was_the_last_time()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.File("log.jsonl"), [TrainingLog.Line(new(1, Loss: 5, Tokens: 7)),
            TrainingLog.Line(new(1, Loss: 3, Tokens: 7))]);
        var summary = JsonDocument.Parse(PbmRun.Of("lab", "curve", folder.Path, "--json").Out)
            .RootElement.GetProperty("runs")[0];
        Assert.Equal((3, 7), (summary.GetProperty("loss").GetInt32(), summary.GetProperty("tokens").GetInt32()));
    }

    [Fact]
    public void Dynamics_scores_every_checkpoint_and_writes_picture_table_and_document()
    {
        using var folder = new TemporaryFolder();
        StandIns.WriteRun(folder.Path, 3);
        string[] arguments = ["lab", "dynamics", folder.Path, "--prompts", "10", "--receivers", "3", "--threads", "1"];
        var run = PbmRun.Of([.. arguments, "--json", "--out", folder.File("d.svg"), "--out", folder.File("d.csv"),
            "--out", folder.File("d.json")]);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var steps = JsonDocument.Parse(run.Out).RootElement.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal(["step-000100", "step-000200", "step-000300"],
            steps.Select(s => s.GetProperty("name").GetString()));
        Assert.All(steps, s => Assert.Equal(10, s.GetProperty("accuracy").GetProperty("count").GetInt32()));
        Assert.Equal(3, steps[0].GetProperty("groups").GetProperty("B").GetProperty("receivers").GetArrayLength());
        Assert.Equal(1 + 3 * 4 * 12, File.ReadLines(folder.File("d.csv")).Count());
        Assert.Contains("C  position detector", Texts(folder.File("d.svg")));
        Assert.Equal(run.Out.Trim(), File.ReadAllText(folder.File("d.json")).Trim());
    }

    [Fact]
    public void Dynamics_of_every_second_checkpoint_has_the_last_and_only_the_groups_asked_for()
    {
        using var folder = new TemporaryFolder();
        StandIns.WriteRun(folder.Path, 4);
        var run = PbmRun.Of("lab", "dynamics", folder.Path, "--prompts", "4", "--every", "2", "--groups", "A",
            "--json");
        var steps = JsonDocument.Parse(run.Out).RootElement.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal(["step-000200", "step-000400"], steps.Select(s => s.GetProperty("name").GetString()));
        Assert.Equal(["A"], steps[0].GetProperty("groups").EnumerateObject().Select(g => g.Name));
    }

    [Fact]
    public void What_is_wrong_is_said_in_one_sentence_with_its_exit_code()
    {
        using var folder = new TemporaryFolder();
        StandIns.WriteRun(folder.Path, 1);
        folder.File("log.jsonl", "nonsense\nmore\n");
        Directory.CreateDirectory(folder.File("empty"));
        folder.File("empty/log.jsonl", "");
        Fails(ExitCode.NotFound, "nowhere is no training run", "lab", "curve", "nowhere");
        Fails(ExitCode.BadInput, "log.jsonl, line 1", "lab", "curve", folder.Path);
        Fails(ExitCode.BadInput, "no step was trained", "lab", "curve", folder.File("empty"));
        Fails(ExitCode.BadInput, "not a .svg file", "lab", "curve", folder.Path, "--out", "curve.png");
        Fails(ExitCode.NotFound, "has no checkpoints", "lab", "dynamics", folder.File("empty"));
        Fails(ExitCode.BadInput, "no group 'E'", "lab", "dynamics", folder.Path, "--groups", "E");
        Fails(ExitCode.BadInput, "neither a .json nor a .csv nor a .svg", "lab", "dynamics", folder.Path, "--out",
            "d.png");
        Fails(ExitCode.BadInput, "--every: expected a whole number from 1 to 100000000, found '0'", "lab", "dynamics",
            folder.Path, "--every", "0");
        Fails(ExitCode.BadInput, "'pbm lab' needs a command", "lab");
    }

    private static void Fails(ExitCode code, string part, params string[] arguments)
    {
        var run = PbmRun.Of(arguments);
        Assert.Equal(code, run.Code);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    private static void WriteLog(string folder, int steps)
    {
        Directory.CreateDirectory(folder);
        var entries = Enumerable.Range(1, steps).SelectMany(step =>
        {
            var stage = step <= 10 ? "easy" : "hard";
            LogEntry trained = new(step, stage, 2.0 / step, new Dictionary<string, double> { ["object"] = 1.0 / step },
                Tokens: 100, Seconds: 0.5);
            LogEntry evaluated = new(step, stage, Scores: new Dictionary<string,
                Proportion>
            { ["7 boxes"] = new(step, 100) });
            return step % 5 == 0 ? new[] { trained, evaluated } : [trained];
        });
        File.WriteAllLines(Path.Combine(folder, TrainingLog.FileName), entries.Select(TrainingLog.Line));
    }

    private static string[] Texts(string picture) =>
        [.. XDocument.Load(picture).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];
}
