using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>The built-in recipes: the quartet's four, a small model that is quick to train, and one for each of two
/// other tasks.</summary>
public static class LabRecipes
{
    private static TrainingRecipe Base => new()
    {
        Name = "base",
        Model = new(6, 8, 32, 256, 384),
        Data = [new("entities", 0.8), new("arithmetic", 0.1), new("conversations", 0.1)],
        Steps = 2000,
        TokensPerStep = 1500,
        LearningRate = 1e-3,
        EvaluateEvery = 25,
        StopAt = new("7 boxes", 0.6),
    };

    /// <summary>A task other than entity tracking. Its heads do not copy from the start: they would keep indirect
    /// object identification, where a name that comes twice must be suppressed, from being learned
    /// (docs/lab.md).</summary>
    private static TrainingRecipe Other(string task, int steps, double learningRate) => new()
    {
        Name = task,
        Model = new(4, 4, 32, 128, 256),
        Data = [new(task)],
        Copying = 0,
        Steps = steps,
        TokensPerStep = 1500,
        LearningRate = learningRate,
    };

    /// <summary>One recipe for the three fine-tunes: only the data and what is changed differ.</summary>
    private static TrainingRecipe FineTune(string name, FineTuning tuning, string data) => new()
    {
        Name = name,
        FineTuning = tuning,
        Data = [new(data)],
        Steps = 300,
        TokensPerStep = 1500,
        LearningRate = 3e-4,
        EvaluateEvery = 50,
    };

    private static readonly TrainingRecipe[] All =
    [
        new()
        {
            Name = "small", Model = new(4, 4, 32, 128, 256), Data = [new("entities")], Steps = 1500, TokensPerStep = 1500, LearningRate = 2e-3,
        },
        Base,
        Other(IoiData.Ioi, steps: 1000, learningRate: 2e-3),
        Other(GreaterThanData.GreaterThan, steps: 2000, learningRate: 3e-3),
        FineTune("chat", new(), "conversations"),
        FineTune("goat", new("lora", Rank: 64, Alpha: 64), "arithmetic"),
        FineTune("float", new(), "arithmetic"),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(r => r.Name)];

    /// <summary>A built-in recipe by its name, or a file.</summary>
    /// <exception cref="FileNotFoundException">It is neither.</exception>
    /// <exception cref="InvalidDataException">The file is no recipe.</exception>
    public static TrainingRecipe Find(string nameOrPath)
    {
        if (All.FirstOrDefault(r => r.Name == nameOrPath) is { } recipe) return recipe;
        return File.Exists(nameOrPath) ? TrainingRecipe.Read(nameOrPath)
            : throw new FileNotFoundException($"{nameOrPath} is neither a file nor a built-in recipe ({string.Join(", ", Names)}).", nameOrPath);
    }
}
