using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Lab.Training;

/// <summary>One trained model of a quartet.</summary>
/// <param name="Name">"tiny-base".</param>
/// <param name="Seed">Seed of its training.</param>
/// <param name="Steps">Steps trained.</param>
/// <param name="Seconds">Seconds in steps.</param>
/// <param name="Trained">How many numbers were trained.</param>
/// <param name="Scores">Its evaluations.</param>
public sealed record QuartetModel(
    string Name, ulong Seed, long Steps, double Seconds, long Trained, IReadOnlyDictionary<string, Proportion> Scores);

/// <summary>A mean over seeds.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Error">Its standard error: the standard deviation over seeds / √seeds; NaN of one seed.</param>
/// <param name="Seeds">How many seeds.</param>
public readonly record struct OverSeeds(double Mean, double Error, int Seeds)
{
    /// <summary>Mean and standard error of values.</summary>
    public static OverSeeds Of(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        var variance = values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1.0);
        return new(mean, values.Count < 2 ? double.NaN : Math.Sqrt(variance / values.Count), values.Count);
    }
}

/// <summary>The four models that stand for the paper's: a base trained on entity tracking, stopped early, and three
/// fine-tunes of it on other data by one recipe. Everything follows from seeds; a quartet that was interrupted goes
/// on.</summary>
public static class Quartet
{
    /// <summary>Names of the four, the base first.</summary>
    public static IReadOnlyList<string> Names { get; } = ["tiny-base", "tiny-chat", "tiny-goat", "tiny-float"];

    /// <summary>Name of the file beside the models that holds every seed's results.</summary>
    public const string ResultsName = "quartet.json";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Recipe of one of the four, by the built-in recipe's name.</summary>
    public static TrainingRecipe RecipeOf(string name, ulong seed) => LabRecipes.Find(name["tiny-".Length..]) with { Seed = seed };

    /// <summary>Trains the quartet of each seed in folder/seed-N, one model after another.</summary>
    /// <param name="folder">Folder of the runs.</param>
    /// <param name="seeds">The seeds; the first one's models are those to be shipped.</param>
    /// <param name="threads">Threads to train on; they change no result.</param>
    /// <param name="train">Trains one run, told its model's name.</param>
    /// <param name="recipe">Recipe of a model by name and seed; null: <see cref="RecipeOf"/>.</param>
    public static IReadOnlyList<QuartetModel> Train(string folder, IReadOnlyList<ulong> seeds, int threads, Action<string, TrainingRun> train,
        Func<string, ulong, TrainingRecipe>? recipe = null)
    {
        var models = new List<QuartetModel>();
        foreach (var seed in seeds)
        {
            foreach (var name in Names)
            {
                var start = name == Names[0] ? null : RunFolder(folder, seed, Names[0]) + "/model";
                using var run = TrainingRun.Open(RunFolder(folder, seed, name), (recipe ?? RecipeOf)(name, seed), start, threads);
                train($"{name}, seed {seed}", run);
                var log = TrainingLog.Read(Path.Combine(run.Folder, TrainingLog.FileName));
                models.Add(new(name, seed, run.Steps, log.Sum(e => e.Seconds ?? 0), run.TrainedCount, run.FinalScores()));
            }
        }
        return models;
    }

    /// <summary>Folder of one model's run.</summary>
    public static string RunFolder(string folder, ulong seed, string name) => Path.Combine(folder, $"seed-{seed}", name);

    /// <summary>Copies the four models of a seed to a folder as they are to be shipped, each with its card, and the
    /// results of all seeds beside them. A folder with these names is replaced.</summary>
    /// <param name="folder">Folder of the runs.</param>
    /// <param name="models">Results of all seeds.</param>
    /// <param name="seed">The seed to ship.</param>
    /// <param name="to">Folder to write to.</param>
    /// <param name="machine">What they were trained on, for the cards.</param>
    public static void Ship(string folder, IReadOnlyList<QuartetModel> models, ulong seed, string to, string machine)
    {
        foreach (var model in models.Where(m => m.Seed == seed))
        {
            var target = Path.Combine(to, model.Name);
            if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
            Directory.CreateDirectory(target);
            var run = RunFolder(folder, seed, model.Name);
            foreach (var file in Directory.GetFiles(Path.Combine(run, "model"))) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            File.Copy(Path.Combine(run, "recipe.json"), Path.Combine(target, "recipe.json"));
            var adapter = Path.Combine(target, "adapter_config.json");
            if (File.Exists(adapter))
            {
                var settings = JsonNode.Parse(File.ReadAllText(adapter))!;
                settings["base_model_name_or_path"] = $"../{Names[0]}";
                File.WriteAllText(adapter, settings.ToJsonString(Json) + "\n");
            }
            File.WriteAllText(Path.Combine(target, "README.md"),
                ModelCard.Of(model, TrainingRecipe.Read(Path.Combine(run, "recipe.json")), models, machine));
        }
        File.WriteAllText(Path.Combine(to, ResultsName), JsonSerializer.Serialize(models, Json) + "\n");
    }

    /// <summary>Results of all seeds, beside shipped models; empty where there are none.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static IReadOnlyList<QuartetModel> Results(string modelsFolder)
    {
        var path = Path.Combine(modelsFolder, ResultsName);
        if (!File.Exists(path)) return [];
        try
        {
            return JsonSerializer.Deserialize<List<QuartetModel>>(File.ReadAllText(path), Json) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"{path}: expected the list of a quartet's results.");
        }
    }

    /// <summary>Accuracy of a model's evaluation over seeds.</summary>
    public static OverSeeds Accuracy(IReadOnlyList<QuartetModel> models, string name, string evaluation) =>
        OverSeeds.Of([.. models.Where(m => m.Name == name).Select(m => m.Scores[evaluation].Share)]);

    /// <summary>How much higher a fine-tune's accuracy is than its own base's, over seeds.</summary>
    public static OverSeeds Gain(IReadOnlyList<QuartetModel> models, string name, string evaluation) =>
        OverSeeds.Of([.. models.Where(m => m.Name == name).Select(m =>
            m.Scores[evaluation].Share - models.Single(b => b.Name == Names[0] && b.Seed == m.Seed).Scores[evaluation].Share)]);
}
