using Patchbay.Findings;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Tasks;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class QuartetTests
{
    private static TrainingRecipe Tiny(string name, ulong seed)
    {
        var recipe = Quartet.RecipeOf(name, seed) with { Steps = 2, TokensPerStep = 200, Questions = 5, StopAt = null };
        return recipe.Model is null ? recipe : recipe with { Model = new(1, 2, 16, 32, 48) };
    }

    [Fact]
    public void A_quartet_is_trained_shipped_with_cards_and_taken_up_again()
    {
        using var folder = new TemporaryFolder();
        var trained = new List<string>();
        IReadOnlyList<QuartetModel> Train() => Quartet.Train(folder.PathOf("runs"), [1, 2], 1, (name, run) =>
        {
            if (!run.IsDone) trained.Add(name);
            run.Run();
        }, Tiny);
        var made = Train();
        Assert.Equal(10, trained.Count);
        Assert.Equal(Quartet.Trained, made.Where(m => m.Seed == 2).Select(m => m.Name));
        Assert.All(made, m => Assert.Equal((2, 20), (m.Steps, m.Scores["7 boxes"].Count)));
        var scores = made.Select(m => string.Join(" ", m.Scores.OrderBy(s => s.Key).Select(s => s.Value))).ToList();
        Assert.Equal(scores, Train().Select(m => string.Join(" ", m.Scores.OrderBy(s => s.Key).Select(s => s.Value))));
        Assert.Equal(10, trained.Count); // nothing twice

        Quartet.Ship(folder.PathOf("runs"), made, 1, folder.PathOf("models"), "a machine");
        var weights = Quartet.Trained.Select(name =>
        {
            using var checkpoint = Checkpoint.Open(folder.PathOf($"models/{name}"));
            Assert.Contains("seeds", File.ReadAllText(folder.PathOf($"models/{name}/README.md")),
                StringComparison.Ordinal);
            using var loaded = checkpoint.Load(ScalarType.Float32);
            return string.Join(' ', loaded.Layers[0].Query.data<float>().ToArray());
        }).ToArray();
        Assert.Equal(5, weights.Distinct().Count());
        Assert.Equal(made.Select(m => (m.Name, m.Seed, m.Scores["7 boxes"])), Quartet.Results(folder.PathOf("models"))
            .Select(m => (m.Name, m.Seed, m.Scores["7 boxes"])));
        File.WriteAllText(folder.PathOf("models/quartet.json"), "{");
        Assert.Contains("quartet.json", Assert.Throws<InvalidDataException>(() =>
            Quartet.Results(folder.PathOf("models"))).Message, StringComparison.Ordinal);
        Assert.Empty(Quartet.Results(folder.PathOf("runs")));
    }

    [Fact]
    public void Fine_tunes_share_one_recipe_and_see_no_entity_tracking()
    {
        var tunes = Quartet.Trained.Skip(1).Select(name => Quartet.RecipeOf(name, 1)).ToArray();
        Assert.Single(tunes.Select(r => (r with { Name = "", Data = [], FineTuning = null }).ToJson()).Distinct());
        Assert.All(tunes, r => Assert.DoesNotContain(r.Data, d => d.Kind is "entities" or "boxes"));
        Assert.Equal(["all", "lora", "all", "all"], tunes.Select(r => r.FineTuning!.Method));
    }

    [Fact]
    public void Mean_error_and_gain_over_seeds_are_right()
    {
        QuartetModel Of(string name, ulong seed, int right) => new(name, seed, 1, 1, 1, new Dictionary<string,
            Proportion>
        { ["7 boxes"] = new(right, 100) });
        QuartetModel[] models = [Of("tiny-base", 1, 60), Of("tiny-base", 2, 70), Of("tiny-base", 3, 65),
            Of("tiny-chat", 1, 63), Of("tiny-chat", 2, 70), Of("tiny-chat", 3, 71)];
        var accuracy = Quartet.Accuracy(models, "tiny-base", "7 boxes");
        Assert.Equal(0.65, accuracy.Value, 1e-12);
        Assert.Equal(3, accuracy.Samples);
        Assert.Equal(0.05 / Math.Sqrt(3), accuracy.Error, 1e-12);
        var gain = Quartet.Gain(models, "tiny-chat", "7 boxes");
        Assert.Equal((0.03 + 0 + 0.06) / 3, gain.Value, 1e-12);
        Assert.Equal(0.03 / Math.Sqrt(3), gain.Error, 1e-12);
        Assert.True(double.IsNaN(Estimate.Mean([0.5]).Error));
    }
}
