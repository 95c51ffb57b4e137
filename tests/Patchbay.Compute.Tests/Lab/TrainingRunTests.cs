using Patchbay.Lab.Data;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class TrainingRunTests
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Name = "test",
        Model = new(2, 2, 16, 32, 48),
        Data = [new("entities", 2), new("arithmetic"), new("conversations")],
        Seed = 7,
        Steps = 12,
        TokensPerStep = 300,
        EvaluateEvery = 5,
        Questions = 20,
        WarmUp = 3,
        CheckpointEvery = 4,
    };

    [Theory]
    [InlineData("scratch")]
    [InlineData("all")]
    [InlineData("lora")]
    [InlineData("heads")]
    public void Interrupted_training_goes_on_to_the_same_bits(string method)
    {
        set_num_threads(1);
        using var folder = new TemporaryFolder();
        string? start = null;
        var recipe = Recipe;
        if (method != "scratch")
        {
            start = Train(folder.PathOf("start"), Recipe with { Steps = 3 });
            recipe = Recipe with { Model = null, FineTuning = new(method, Rank: 2, Heads: ["0.1", "1.0"]) };
        }
        var whole = Train(folder.PathOf("whole"), recipe, start);
        // Interrupted twice: politely after step 2, which saves; and by a crash after step 8, whose last saved state is
        // step 5's.
        Assert.Throws<OperationCanceledException>(() => Train(folder.PathOf("parts"), recipe, start, stopAfter: 2));
        Assert.Throws<IOException>(() => Train(folder.PathOf("parts"), recipe, start, crashAfter: 8));
        var parts = Train(folder.PathOf("parts"), recipe, start);

        foreach (var file in Directory.GetFiles(whole))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(parts, Path.GetFileName(file))));
        foreach (var step in new[] { "step-000004", "step-000008", "step-000012" })
        {
            foreach (var file in Directory.GetFiles(folder.PathOf($"whole/checkpoints/{step}"), "*.safetensors"))
                Assert.Equal(File.ReadAllBytes(file),
                    File.ReadAllBytes(folder.PathOf($"parts/checkpoints/{step}/{Path.GetFileName(file)}")));
        }
        static IEnumerable<string> Log(string path) => TrainingLog.Read(Path.Combine(path, TrainingLog.FileName))
            .Select(e => TrainingLog.Line(e with { Seconds = null }));
        Assert.Equal(Log(folder.PathOf("whole")), Log(folder.PathOf("parts")));
    }

    [Fact]
    public void Two_threads_train_to_the_bits_of_one()
    {
        using var folder = new TemporaryFolder();
        var one = Train(folder.PathOf("one"), Recipe);
        var two = Train(folder.PathOf("two"), Recipe, threads: 2);
        foreach (var file in new[] { "model/model.safetensors", "state.safetensors" })
            Assert.Equal(File.ReadAllBytes(folder.PathOf($"one/{file}")),
                File.ReadAllBytes(folder.PathOf($"two/{file}")));
        Assert.NotEqual(one, two);
    }

    [Fact]
    public void The_state_of_an_earlier_version_is_refused_in_a_sentence()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Train(folder.PathOf("run"), Recipe with { Steps = 1 });
        SafetensorsWriter.Write(folder.PathOf("run/state.safetensors"),
            [zeros([3], device: CPU).ToWrite("values"), zeros([3], device: CPU).ToWrite("mean"),
                zeros([3], device: CPU).ToWrite("square")]);
        var refusal = Assert.Throws<InvalidDataException>(() =>
            TrainingRun.Open(folder.PathOf("run"), Recipe with { Steps = 1 }));
        Assert.Contains("begin anew", refusal.Message, StringComparison.Ordinal);
    }

    private static string Train(
        string folder, TrainingRecipe recipe, string? start = null, int stopAfter = -1, int crashAfter = -1,
            int threads = 1)
    {
        using var run = TrainingRun.Open(folder, recipe, start, threads);
        using var stop = new CancellationTokenSource();
        run.Run(entry =>
        {
            if (entry.Step == stopAfter) stop.Cancel();
            if (entry.Step == crashAfter) throw new IOException("a crash");
        }, stop.Token);
        return run.ModelFolder;
    }

    [Fact]
    public void A_run_s_models_are_checkpoints_with_tokenizers()
    {
        using var folder = new TemporaryFolder();
        Train(folder.PathOf("run"), Recipe);
        foreach (var path in new[] { "run/model", "run/checkpoints/step-000004" })
        {
            using var checkpoint = Checkpoint.Open(folder.PathOf(path));
            Assert.Equal(path == "run/model" ? "float16" : "float32", checkpoint.Config.StoredDtype);
            Assert.Equal(54, TokenizerLoader.Open(folder.PathOf(path))!.Encode(
                "The document is in Box X, the pot is in Box T, the map is in Box D, the cup is in Box A, the bell is "
                    + "in Box B, the drum is in Box C, the egg is in Box E. Box X contains the").Length);
        }
        var log = TrainingLog.Read(folder.PathOf("run/log.jsonl"));
        Assert.Equal([0, 5, 10, 12], log.Where(e => e.Scores is not null).Select(e => e.Step));
        Assert.Equal(LabData.EvaluationsOf(LabVocabulary.Quartet).Order(), log[0].Scores!.Keys.Order());
        Assert.Equal(Enumerable.Range(1, 12).Select(s => (long)s), log.Where(e => e.Loss is not null)
            .Select(e => e.Step));
    }

    [Fact]
    public void A_run_that_stopped_early_stays_stopped_though_a_crash_kept_its_model_from_being_written()
    {
        using var folder = new TemporaryFolder();
        var recipe = Recipe with { Data = [new("conversations")], StopAt = new("7 boxes", 0), CheckpointEvery = 0 };
        var model = Train(folder.PathOf("run"), recipe);
        var bytes = File.ReadAllBytes(Path.Combine(model, "model.safetensors"));
        Directory.Delete(model, recursive: true);
        Train(folder.PathOf("run"), recipe);
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(model, "model.safetensors")));
        Assert.Equal(5, TrainingLog.Read(folder.PathOf("run/log.jsonl"))[^1].Step);
    }

    [Theory]
    [InlineData("ioi"), InlineData("greater-than")]
    public void A_run_on_people_and_years_has_their_vocabulary_tokenizer_and_evaluations(string kind)
    {
        using var folder = new TemporaryFolder();
        var recipe = Recipe with { Data = [new(kind)], Steps = 2 };
        var model = Train(folder.PathOf("run"), recipe);
        using var checkpoint = Checkpoint.Open(model);
        Assert.Equal(LabVocabulary.PeopleAndYears.Size, checkpoint.Config.Vocabulary);
        Assert.Equal(LabVocabulary.PeopleAndYears.Size, TokenizerLoader.Open(model)!.VocabularySize);
        var log = TrainingLog.Read(folder.PathOf("run/log.jsonl"));
        Assert.Equal(["greater-than", "ioi"], log[0].Scores!.Keys.Order());

        var tuning = recipe with { Model = null, FineTuning = new(), Data = [new("arithmetic")] };
        Assert.Contains($"has {LabVocabulary.PeopleAndYears.Size} tokens, expected 382",
            Assert.Throws<InvalidDataException>(() => TrainingRun.Open(folder.PathOf("tuned"), tuning, model)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Training_learns()
    {
        using var folder = new TemporaryFolder();
        Train(folder.PathOf("run"), Recipe with
        {
            Data = [new("conversations")],
            Steps = 80,
            TokensPerStep = 600,
            LearningRate = 1e-2
        });
        var steps = TrainingLog.Read(folder.PathOf("run/log.jsonl")).Where(e => e.Loss is not null).ToList();
        Assert.True(steps[^1].Loss < 0.6 * steps[0].Loss, $"{steps[0].Loss} -> {steps[^1].Loss}");
    }

    [Fact]
    public void A_folder_of_another_recipe_and_impossible_recipes_are_refused()
    {
        using var folder = new TemporaryFolder();
        Train(folder.PathOf("run"), Recipe with { Steps = 1 });
        Assert.Contains("another recipe", Assert.Throws<InvalidDataException>(() =>
            TrainingRun.Open(folder.PathOf("run"), Recipe)).Message, StringComparison.Ordinal);
        foreach (var (wrong, field) in new[]
        {
            (Recipe with { Steps = 0 }, "steps"), (Recipe with { Model = null }, "model"),
                (Recipe with { Data = [new("poems")] }, "poems"),
            (Recipe with { Model = null, FineTuning = new("heads") }, "heads"),
                (Recipe with { StopAt = new("8 boxes", 1) }, "8 boxes"),
            (Recipe with { LearningRate = double.NaN }, "learning_rate"),
                (Recipe with { Data = [new("ioi"), new("entities")] }, "one vocabulary, found ioi, entities"),
            (Recipe with { Data = [new("ioi")], StopAt = new("7 boxes", 1) }, "expected ioi, greater-than"),
        })
        {
            Assert.Contains(field, wrong.Problem()!, StringComparison.Ordinal);
            Assert.Throws<InvalidDataException>(() => TrainingRun.Open(folder.PathOf("other"), wrong,
                wrong.FineTuning is null ? null : folder.PathOf("run/model")));
        }
    }

    [Fact]
    public void Recipes_are_read_as_they_are_written_and_mistakes_are_named()
    {
        using var folder = new TemporaryFolder();
        foreach (var recipe in LabRecipes.Names.Select(LabRecipes.Find))
        {
            File.WriteAllText(folder.PathOf("r.json"), recipe.ToJson());
            Assert.Equal(recipe.ToJson(), TrainingRecipe.Read(folder.PathOf("r.json")).ToJson());
            Assert.Null(recipe.Problem());
        }
        File.WriteAllText(folder.PathOf("r.json"), Recipe.ToJson()
            .Replace("\"steps\": 12", "\"steps\": \"twelve\"", StringComparison.Ordinal));
        Assert.Contains("$.steps", Assert.Throws<InvalidDataException>(() =>
            TrainingRecipe.Read(folder.PathOf("r.json"))).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.PathOf("r.json"), Recipe.ToJson()
            .Replace("warm_up", "warmup", StringComparison.Ordinal));
        Assert.Contains("warmup", Assert.Throws<InvalidDataException>(() =>
            TrainingRecipe.Read(folder.PathOf("r.json"))).Message, StringComparison.Ordinal);
    }
}
