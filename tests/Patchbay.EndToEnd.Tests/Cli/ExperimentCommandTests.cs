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
        string[] command = ["experiment", "circuit", Path.Combine(Models, "tiny-base"), "--circuit", "A=4.1 4.2; B=3.0",
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
        Assert.Contains("circuit: \"A=4.1 4.2; B=3.0\"", study, StringComparison.Ordinal);
        var listed = PbmRun.Of("sweep", "list", "--data", folder.File("data"), "--json");
        Assert.Contains("circuit-tiny-base-1", listed.Out, StringComparison.Ordinal);
        var report = PbmRun.Of("sweep", "report", "circuit-tiny-base-1", "--data", folder.File("data"), "--out",
            folder.File("report"));
        Assert.Equal(ExitCode.Ok, report.Code);
        Assert.True(File.Exists(Path.Combine(folder.File("report"), "report.html")));
    }

    [Fact]
    public void Elimination_tells_its_circuit_and_how_faithful_it_is_and_is_in_the_report()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("experiment", "prune", Path.Combine(Models, "tiny-base"), "--prompts", "21",
            "--means", "21", "--search-prompts", "14", "--tolerance", "0.2", "--random", "2", "--pieces", "2",
            "--threads", "1", "--data", folder.File("data"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("faithfulness", run.Out, StringComparison.Ordinal);
        Assert.Contains("pos_detector", run.Out, StringComparison.Ordinal);
        var study = File.ReadAllText(Path.Combine(folder.File("data"), "experiments", "prune-tiny-base.yaml"));
        Assert.DoesNotContain("path-patching", study, StringComparison.Ordinal); // all heads are there without it
        var report = PbmRun.Of("sweep", "report", "prune-tiny-base-1", "--data", folder.File("data"), "--out",
            folder.File("report"));
        Assert.Equal(ExitCode.Ok, report.Code);
        Assert.Contains("Circuits by elimination", File.ReadAllText(folder.File("report/report.html")),
            StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("report/figures/prune-tiny-base.svg")));
    }

    [Fact]
    public void Exact_rotary_frequencies_go_with_float64_alone()
    {
        using var folder = new TemporaryFolder();
        PbmRun Ask(string dtype) => PbmRun.Of("experiment", "accuracy", Path.Combine(Models, "tiny-base"), "--prompts",
            "7", "--dtype", dtype, "--rotary", "float64", "--threads", "1", "--data", folder.File("data"));
        var refused = Ask("float32");
        Assert.Equal((ExitCode.BadInput, "error: --rotary: expected float32, or float64 with dtype float64 alone, "
            + "found float64 with float32"), (refused.Code, refused.Error.Trim()));
        Assert.Equal(ExitCode.Ok, Ask("float64").Code);
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

    [Fact]
    public void Heads_that_are_named_need_no_path_patching()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("experiment", "activation-patching", Path.Combine(Models, "tiny-base"), "--heads",
            "4.1 4.2@last", "--prompts", "7", "--task-prompts", "7", "--threads", "1", "--data", folder.File("data"));
        Assert.Equal(ExitCode.Ok, run.Code);
        var study = File.ReadAllText(
            Path.Combine(folder.File("data"), "experiments", "activation-patching-tiny-base.yaml"));
        Assert.DoesNotContain("path-patching", study, StringComparison.Ordinal);
        var export = PbmRun.Of("sweep", "export", "activation-patching-tiny-base-1", "--data", folder.File("data"),
            "--format", "npy", "--out", folder.File("npy"));
        Assert.Equal(ExitCode.Ok, export.Code);
        Assert.Contains("nothing to write as npy", export.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_of_a_circuit_that_is_given_are_patched()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("experiment", "activation-patching", Path.Combine(Models, "tiny-base"), "--circuit",
            "A=4.1 4.2; C=3.2", "--prompts", "7", "--task-prompts", "7", "--threads", "1", "--data",
            folder.File("data"), "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        foreach (var item in new[] { "A right", "C change", "circuit right" })
            Assert.Contains($"\"item\": \"{item}\"", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_a_grid_is_exported_as_one()
    {
        using var folder = new TemporaryFolder();
        string[] own = ["--prompts", "7", "--task-prompts", "7", "--threads", "1", "--data", folder.File("data")];
        var model = Path.Combine(Models, "tiny-base");
        Assert.Equal(ExitCode.Ok, PbmRun.Of(["experiment", "knockout", model, "--pairs",
            "last>query_label,last>correct_object", .. own]).Code);
        Assert.Equal(ExitCode.Ok, PbmRun.Of(["experiment", "attention", model, "--circuit", "A=4.1 3.2", .. own]).Code);
        foreach (var sweep in new[] { "knockout-tiny-base-1", "attention-tiny-base-1" })
            Assert.Equal(ExitCode.Ok, PbmRun.Of("sweep", "export", sweep, "--data", folder.File("data"), "--format",
                "npy", "--out", folder.File("npy")).Code);
        Assert.Contains("'shape': (2, 5)", Npy("tiny-base.knockout.scores.npy"), StringComparison.Ordinal);
        Assert.Contains("'shape': (5, 4)", Npy("tiny-base.attention.A-correct_object.stderr.npy"),
            StringComparison.Ordinal);

        string Npy(string name) => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(folder.File($"npy/{name}")));
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
    [InlineData("group A of the circuit has head 99.1, but the model has 5 layers of 4 heads", "attention", "MODEL",
        "--circuit", "A=99.1")]
    [InlineData("group B of the circuit has head 0.8, but", "circuit", "MODEL", "--circuit", "A=4.1; B=0.8")]
    [InlineData("--heads: tiny-base: expected heads of a model that has 5 layers of 4 heads, found 6.1",
        "activation-patching", "MODEL", "--heads", "6.1@last")]
    [InlineData("heads with their position", "activation-patching", "MODEL", "--heads", "4.1")]
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
