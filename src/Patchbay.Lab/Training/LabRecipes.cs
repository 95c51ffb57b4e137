namespace Patchbay.Lab.Training;

/// <summary>The built-in recipes: the quartet's four, and a small model that is quick to train.</summary>
public static class LabRecipes
{
    private static readonly TrainingRecipe[] All =
    [
        new()
        {
            Name = "small", Model = new(3, 2, 32, 64, 176), Data = [new("entities")], Steps = 600, TokensPerStep = 3000, LearningRate = 3e-3,
        },
        new()
        {
            Name = "base", Model = new(6, 8, 32, 256, 384), Data = [new("entities")], Steps = 1000, TokensPerStep = 3000, LearningRate = 1e-3, EvaluateEvery = 25,
        },
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
