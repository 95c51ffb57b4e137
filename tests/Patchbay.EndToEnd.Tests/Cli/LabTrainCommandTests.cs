using System.Text.Json;
using Patchbay.Lab.Training;

namespace Patchbay.Cli.Tests;

public sealed class LabTrainCommandTests
{
    private static readonly TrainingRecipe Tiny = new()
    {
        Name = "tiny",
        Model = new(1, 2, 16, 32, 48),
        Data = [new("entities")],
        Steps = 4,
        TokensPerStep = 200,
        Questions = 5,
        EvaluateEvery = 2,
    };

    [Fact]
    public void A_model_is_trained_then_fine_tuned_and_every_command_reads_the_result()
    {
        using var folder = new TemporaryFolder();
        var recipe = folder.File("recipe.json", Tiny.ToJson());
        var tune = folder.File("tune.json",
            (Tiny with { Name = "tune", Model = null, FineTuning = new("lora", 2, 4), Data = [new("arithmetic")] })
            .ToJson());
        var trained = PbmRun.Of("lab", "train", recipe, "--out", folder.File("run"), "--seed", "5",
            "--checkpoint-every", "2", "--threads", "2", "--json");
        Assert.Equal((ExitCode.Ok, ""), (trained.Code, trained.Error));
        var result = JsonDocument.Parse(trained.Out).RootElement;
        Assert.Equal((4, 5), (result.GetProperty("steps").GetInt32(), result.GetProperty("seed").GetInt32()));
        Assert.Equal(5, result.GetProperty("scores").GetProperty("7 boxes").GetProperty("count").GetInt32());
        Assert.True(Directory.Exists(folder.File("run/checkpoints/step-000002")));

        var again = PbmRun.Of("lab", "train", recipe, "--out", folder.File("run"), "--seed", "5", "--checkpoint-every",
            "2");
        Assert.Equal(ExitCode.Ok, again.Code);
        Assert.Contains("is done", again.Error, StringComparison.Ordinal);

        var tuned = PbmRun.Of("lab", "finetune", tune, "--from", folder.File("run/model"), "--out",
            folder.File("tuned"));
        Assert.Equal((ExitCode.Ok, ""), (tuned.Code, tuned.Error));
        Assert.Contains("tune step     4", tuned.Out, StringComparison.Ordinal);
        var inspected = PbmRun.Of("model", "inspect", folder.File("tuned/model"));
        Assert.Equal(ExitCode.Ok, inspected.Code);
        Assert.Contains("word", inspected.Out, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(ExitCode.Ok, PbmRun.Of("lab", "curve", folder.File("run"), folder.File("tuned"), "--out",
            folder.File("c.svg")).Code);
        Assert.Equal(ExitCode.Ok, PbmRun.Of("lab", "dynamics", folder.File("run"), "--prompts", "3", "--groups", "A")
            .Code);
    }

    [Fact]
    public void An_interrupted_training_ends_with_130_and_says_how_to_go_on()
    {
        using var folder = new TemporaryFolder();
        var recipe = folder.File("recipe.json", Tiny.ToJson());
        using var interrupted = new CancellationTokenSource();
        interrupted.Cancel();
        var run = PbmRun.Of(interrupted.Token, "lab", "train", recipe, "--out", folder.File("run"));
        Assert.Equal(ExitCode.Interrupted, run.Code);
        Assert.Contains("the same command goes on", run.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, PbmRun.Of("lab", "train", recipe, "--out", folder.File("run")).Code);
    }

    [Fact]
    public void What_is_wrong_is_said_in_one_sentence_with_its_exit_code()
    {
        using var folder = new TemporaryFolder();
        Fails(ExitCode.NotFound, "neither a file nor a built-in recipe", "lab", "train", "nothing", "--out",
            folder.File("a"));
        Fails(ExitCode.BadInput, "--out", "lab", "train", "small");
        Fails(ExitCode.BadInput, "field steps must be at least 1", "lab", "train",
            folder.File("r.json", (Tiny with { Steps = 0 }).ToJson()), "--out", folder.File("a"));
        Fails(ExitCode.BadInput, "is no training recipe", "lab", "train", folder.File("s.json", "{ \"name\": 5 }"),
            "--out", folder.File("a"));
        Fails(ExitCode.BadInput, "starts from a checkpoint", "lab", "train", "goat", "--out", folder.File("a"));
        Fails(ExitCode.NotFound, "nowhere", "lab", "finetune", "goat", "--from", folder.File("nowhere"), "--out",
            folder.File("a"));
        Assert.Equal(ExitCode.Ok, PbmRun.Of("lab", "train", folder.File("r.json", Tiny.ToJson()), "--out",
            folder.File("run")).Code);
        Fails(ExitCode.BadInput, "another recipe", "lab", "train", folder.File("r.json"), "--out", folder.File("run"),
            "--seed", "9");
        Fails(ExitCode.BadInput, "head 3.0 is not in a model", "lab", "finetune",
            folder.File("h.json", (Tiny with { Model = null, FineTuning = new("heads", Heads: ["3.0"]) }).ToJson()),
                "--from", folder.File("run/model"), "--out", folder.File("b"));
        Fails(ExitCode.BadInput, "'x' is no head", "lab", "finetune",
            folder.File("h.json", (Tiny with { Model = null, FineTuning = new("heads", Heads: ["x"]) }).ToJson()),
                "--from", folder.File("run/model"), "--out", folder.File("b"));
    }

    private static void Fails(ExitCode code, string part, params string[] arguments)
    {
        var run = PbmRun.Of(arguments);
        Assert.Equal((code, true), (run.Code, run.Error.Contains(part, StringComparison.Ordinal)));
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Training_s_speed_is_told_against_autograd()
    {
        var run = PbmRun.Of("bench", "train", "--repeats", "1", "--sequences", "2", "--length", "8", "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        var results = JsonDocument.Parse(run.Out).RootElement.GetProperty("results");
        Assert.Equal(3, results.GetArrayLength());
        Assert.True(results[1].GetProperty("gflops").GetDouble() > 0);
    }
}
