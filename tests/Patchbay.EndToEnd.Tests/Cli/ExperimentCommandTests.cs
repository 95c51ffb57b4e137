using System.Text.Json;
using Patchbay.Cli.Commands;

namespace Patchbay.Cli.Tests;

public sealed class ExperimentCommandTests
{
    private static readonly string Models = BesideProject.Inside("models")!;

    [Fact]
    public void An_experiment_is_a_sweep_of_a_study_of_its_own_and_its_results_are_told()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["experiment", "circuit", Path.Combine(Models, "tiny-base"), "--circuit", "A=5.1 5.6; B=3.0",
            "--prompts", "14", "--means", "14", "--random", "1", "--subsets", "1",
            "--task-prompts", "7", "--threads", "1", "--data", folder.File("data"), "--json"];
        var run = PbmRun.Of(command);
        Assert.Equal(ExitCode.Ok, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal("circuit-tiny-base-1", document.RootElement.GetProperty("sweep").GetString());
        var results = document.RootElement.GetProperty("results").EnumerateArray()
            .ToDictionary(r => r.GetProperty("item").GetString()!, r => r.GetProperty("score").GetDouble());
        Assert.InRange(results["model"], 0.2, 1);
        Assert.Contains("random-00", results.Keys);
        var study = File.ReadAllText(Path.Combine(folder.File("data"), "experiments", "circuit-tiny-base.yaml"));
        Assert.DoesNotContain("path-patching", study, StringComparison.Ordinal); // the circuit is given
        Assert.Contains("circuit: \"A=5.1 5.6; B=3.0\"", study, StringComparison.Ordinal);
        var listed = PbmRun.Of("sweep", "list", "--data", folder.File("data"), "--json");
        Assert.Contains("circuit-tiny-base-1", listed.Out, StringComparison.Ordinal);
        var report = PbmRun.Of("sweep", "report", "circuit-tiny-base-1", "--data", folder.File("data"), "--out",
            folder.File("report"));
        Assert.Equal(ExitCode.Ok, report.Code);
        Assert.True(File.Exists(Path.Combine(folder.File("report"), "report.html")));
    }

    [Fact]
    public void What_an_experiment_needs_comes_before_it()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("experiment", "attention", Path.Combine(Models, "tiny-base"), "--prompts", "7",
            "--task-prompts", "7", "--receivers", "2", "--candidates", "3", "--threads", "1", "--data",
            folder.File("data"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("correct_object", run.Out, StringComparison.Ordinal);
        var study = File.ReadAllText(Path.Combine(folder.File("data"), "experiments", "attention-tiny-base.yaml"));
        Assert.Contains("- path-patching: {receivers: \"2\", circuit: \"3\"}", study, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("experiment", "accuracy", "tiny-base")]
    [InlineData("model", "inspect", "tiny-base")]
    public void A_name_of_the_catalogue_in_place_of_a_folder_is_understood_but_not_taken(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of([.. arguments, .. arguments[0] == "experiment" ? ["--data", folder.File("data")]
            : (string[])[]]);
        Assert.Equal((ExitCode.NotFound, "error: there is no checkpoint folder or file tiny-base; did you mean "
            + $"{Path.Combine(Models, "tiny-base")}?\n"), (run.Code, run.Error));
    }

    [Theory]
    [InlineData("found 'many'", "knockout", "MODEL", "--prompts", "many")]
    [InlineData("--base", "cmap", "MODEL")]
    [InlineData("'dance' is no command", "dance", "MODEL")]
    public void What_is_wrong_is_a_sentence_and_exit_code_2(string expected, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of(["experiment", .. arguments.Select(a => a == "MODEL" ? Path.Combine(Models, "tiny-base")
            : a), "--data", folder.File("data")]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }
}
