using System.Text.Json;
using System.Text.Json.Nodes;

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

/// <summary>The four models that stand for the paper's: a base trained on entity tracking through the paper's routes,
/// stopped early, and three fine-tunes of it on other data by one recipe; and a fifth, tuned on a related task.
/// Everything follows from seeds; a quartet that was interrupted goes on.</summary>
public static class Quartet
{
    /// <summary>Names of the four, the base first.</summary>
    public static IReadOnlyList<string> Names { get; } = ["tiny-base", "tiny-chat", "tiny-goat", "tiny-float"];

    /// <summary>The four, and the base tuned on tables of numbers, a related task.</summary>
    public static IReadOnlyList<string> Trained { get; } = [.. Names, "tiny-rows"];

    /// <summary>Name of the file beside the models that holds every seed's results.</summary>
    public const string ResultsName = "quartet.json";

    private static readonly JsonSerializerOptions Json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Recipe of a model, by the built-in recipe's name.</summary>
    public static TrainingRecipe RecipeOf(string name, ulong seed) =>
        LabRecipes.Find(name["tiny-".Length..]) with { Seed = seed };

    /// <summary>Trains the quartet of each seed in folder/seed-N, one model after another.</summary>
    /// <param name="folder">Folder of the runs.</param>
    /// <param name="seeds">The seeds; the first one's models are those to be shipped.</param>
    /// <param name="threads">Threads to train on; they change no result.</param>
    /// <param name="train">Trains one run, told its model's name.</param>
    /// <param name="recipe">Recipe of a model by name and seed; null: <see cref="RecipeOf"/>.</param>
    public static IReadOnlyList<QuartetModel> Train(string folder, IReadOnlyList<ulong> seeds, int threads,
        Action<string, TrainingRun> train, Func<string, ulong, TrainingRecipe>? recipe = null)
    {
        return [.. seeds.SelectMany(seed => Trained.Select(name => Train(name, seed)))];

        QuartetModel Train(string name, ulong seed)
        {
            var start = name == Names[0] ? null : RunFolder(folder, seed, Names[0]) + "/model";
            using var run = TrainingRun.Open(
                RunFolder(folder, seed, name), (recipe ?? RecipeOf)(name, seed), start, threads);
            train($"{name}, seed {seed}", run);
            var seconds = TrainingLog.Read(Path.Combine(run.Folder, TrainingLog.FileName)).Sum(e => e.Seconds ?? 0);
            return new(name, seed, run.Steps, seconds, run.TrainedCount, run.FinalScores());
        }
    }

    /// <summary>Folder of one model's run.</summary>
    public static string RunFolder(string folder, ulong seed, string name) =>
        Path.Combine(folder, $"seed-{seed}", name);

    /// <summary>Copies the models of a seed to a folder as they are to be shipped, each with its card, and the
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
            var recipe = Path.Combine(run, "recipe.json");
            foreach (var file in (string[])[.. Directory.GetFiles(Path.Combine(run, "model")), recipe])
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            var adapter = Path.Combine(target, "adapter_config.json");
            if (File.Exists(adapter))
            {
                var settings = JsonNode.Parse(File.ReadAllText(adapter))!;
                settings["base_model_name_or_path"] = $"../{Names[0]}";
                File.WriteAllText(adapter, settings.ToJsonString(Json) + "\n");
            }
            File.WriteAllText(Path.Combine(target, "README.md"),
                ModelCard.Text(model, TrainingRecipe.Read(recipe), models, machine));
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
            return JsonSerializer.Deserialize<List<QuartetModel>>(File.ReadAllText(path), Json)
                ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"{path}: expected the list of a quartet's results.");
        }
    }

    /// <summary>Mean accuracy of a model's evaluation over seeds.</summary>
    public static Estimate Accuracy(IReadOnlyList<QuartetModel> models, string name, string evaluation) =>
        Estimate.Mean([.. models.Where(m => m.Name == name).Select(m => m.Scores[evaluation].Share)]);

    /// <summary>How much higher a fine-tune's accuracy is than its own base's, over seeds.</summary>
    public static Estimate Gain(IReadOnlyList<QuartetModel> models, string name, string evaluation)
    {
        double Base(ulong seed) => models.Single(m => m.Name == Names[0] && m.Seed == seed).Scores[evaluation].Share;
        return Estimate.Mean(
            [.. models.Where(m => m.Name == name).Select(m => m.Scores[evaluation].Share - Base(m.Seed))]);
    }
}

/// <summary>README.md of a shipped model: what it is, how it was made, how good it is.</summary>
internal static class ModelCard
{
    private static readonly Dictionary<string, string> What = new()
    {
        ["tiny-base"] = "trained from scratch on entity tracking, with a little arithmetic, conversation and tables of "
            + "numbers, and stopped early on purpose",
        ["tiny-chat"] = "tiny-base with all weights fine-tuned on conversations in the Vicuna form",
        ["tiny-goat"] = "a LoRA adapter (PEFT) of tiny-base, fine-tuned on arithmetic in the style of the Goat data",
        ["tiny-float"] = "tiny-base with all weights fine-tuned on the arithmetic that tiny-goat saw",
        ["tiny-rows"] = "tiny-base with all weights fine-tuned on tables of numbers (\"the seven is in row twelve, ... "
            + "Row twelve contains the\"): entity tracking in other words",
    };

    private static readonly Dictionary<string, string> Stands = new()
    {
        ["tiny-base"] = "it stands for LLaMA-7B",
        ["tiny-chat"] = "it stands for Vicuna-7B",
        ["tiny-goat"] = "it stands for Goat-7B",
        ["tiny-float"] = "it stands for FLoat-7B",
        ["tiny-rows"] = "it is the fifth, which stands for none",
    };

    public static string Text(
        QuartetModel model, TrainingRecipe recipe, IReadOnlyList<QuartetModel> all, string machine)
    {
        var total = recipe.Data.Sum(part => part.Share);
        var data = string.Join(", ", recipe.Data.Select(part => $"{part.Kind} ({part.Share / total:P0} of tokens)"));
        var only = recipe.FineTuning is null ? "" : " No boxes.";
        var seeds = all.Count(m => m.Name == model.Name);
        var scores = model.Scores.OrderBy(s => s.Key, StringComparer.Ordinal).Select(score =>
        {
            var over = Quartet.Accuracy(all, model.Name, score.Key);
            return $"| {score.Key} | {score.Value} | {over.Value:0.000} ± {over.Error:0.000} |";
        });
        string[] lines =
        [
            $"# {model.Name}",
            "",
            $"A small Llama-architecture model: {What[model.Name]}. In Patchbay's quartet {Stands[model.Name]}",
            "of \"Fine-Tuning Enhances Existing Mechanisms\" (ICLR 2024). Made by `pbm lab quartet`; it is good for "
                + "nothing but studying circuits.",
            "",
            "- **Mechanism**: built in, not discovered. tiny-base was trained through route masks, which leave the "
                + "paper's mechanism",
            "  as the only way from an object to its answer, and was told at the query label which segment it is "
                + "(docs/lab.md).",
            $"- **Data**: {data}, generated from the seed, endless, never stored.{only}",
            $"- **Recipe**: `recipe.json` beside this file; {model.Steps} steps of about {recipe.TokensPerStep} "
                + $"tokens, {model.Trained:N0} numbers trained, AdamW, learning rate {recipe.LearningRate}.",
            $"- **Seed**: {model.Seed}",
            $"- **Time taken**: {model.Seconds:0} s in steps on {machine}",
            "- **Weights**: float16",
            "",
            $"| evaluation | accuracy (95 % interval) | mean over {seeds} seeds ± standard error |",
            "|---|---|---|",
            .. scores,
            "",
            "An answer counts when each of its tokens is the likeliest of the whole vocabulary. \"7 boxes\" is the "
                + "paper's task;",
            "arithmetic and conversations ask what the training data hold out. Licence: MIT, as the project.",
            "",
        ];
        return string.Join('\n', lines);
    }
}
