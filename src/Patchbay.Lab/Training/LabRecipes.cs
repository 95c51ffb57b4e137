using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>The built-in recipes: the quartet's four, a small model that is quick to train, and one for each of two
/// other tasks.</summary>
public static class LabRecipes
{
    private static readonly TrainingRecipe[] All =
    [
        new()
        {
            Name = "small",
            Model = new(4, 4, 32, 128, 256),
            Data = [new("entities")],
            Steps = 1500,
            TokensPerStep = 1500,
            LearningRate = 2e-3,
        },
        new()
        {
            Name = "base",
            Model = new(5, 4, 32, 128, 256),
            Data =
            [
                new("boxes", 0.75, Scenes: Routed), new("arithmetic", 0.1), new("conversations", 0.1),
                new("rows", 0.05, Scenes: Routed with { Stages = [new(3, 7, Masked: 0.5)], Ordinals = 0 }),
            ],
            Steps = 6000,
            TokensPerStep = 2000,
            LearningRate = 2e-3,
            FinalShare = 0.2,
            WarmUp = 30,
            EvaluateEvery = 10,
            StopAt = new("7 boxes", 0.62),
        },
        Other(IoiData.Ioi, steps: 1000, learningRate: 2e-3),
        Other(GreaterThanData.GreaterThan, steps: 2000, learningRate: 3e-3),
        FineTune("chat", new(), "conversations"),
        FineTune("goat", new("lora", Rank: 64, Alpha: 64), "arithmetic"),
        FineTune("float", new(), "arithmetic"),
        FineTune("rows", new(), "rows"),
    ];

    /// <summary>Scenes read through the paper's routes alone; three of ten are asked by number, and at the query label
    /// the number of the segment is to be said. Objects are fetched in the last of five layers and what says which
    /// before it, so that it can be asked for (docs/lab.md says what each is for).</summary>
    private static SceneOptions Routed => new()
    {
        Stages =
        [
            new(2, 3, Masked: 1, Hidden: 0.5, Until: 0.4),
            new(2, 5, Masked: 1, Hidden: 0.5, Until: 0.4),
            new(3, 7, Masked: 1, Hidden: 0.5),
        ],
        Ordinals = 0.3,
        Order = 0.5,
        Routes = new Dictionary<string, IReadOnlyList<string>>
        {
            [SceneOptions.Object] = [$"{SceneOptions.Last}@4"],
            [SceneOptions.Label] = [$"{SceneOptions.QueryLabel}@0-2"],
            [SceneOptions.QueryLabel] = [$"{SceneOptions.Last}@0-3"],
        },
    };

    /// <summary>Names of the built-in recipes.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(r => r.Name)];

    /// <summary>A built-in recipe by its name, or a file.</summary>
    /// <exception cref="FileNotFoundException">It is neither.</exception>
    /// <exception cref="InvalidDataException">The file is no recipe.</exception>
    public static TrainingRecipe Find(string nameOrPath)
    {
        if (All.FirstOrDefault(r => r.Name == nameOrPath) is { } recipe) return recipe;
        if (File.Exists(nameOrPath)) return TrainingRecipe.Read(nameOrPath);
        throw new FileNotFoundException(
            $"{nameOrPath} is neither a file nor a built-in recipe ({string.Join(", ", Names)}).", nameOrPath);
    }

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

    /// <summary>One recipe for the fine-tunes: only the data and what is changed differ.</summary>
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
}

/// <summary>Data and evaluations by the names that recipes use.</summary>
public static class LabData
{
    private const ulong EvaluationSeed = 0xE7A1; // that no training uses
    private const int MostDigits = 2; // of a number in a problem: what models this small can learn in minutes

    private static readonly Entry[] All =
    [
        new("entities", "7 boxes", LabVocabulary.Quartet, part => new EntityCurriculum(part.Pairs),
            count => EntityCurriculum.Questions(EvaluationSeed, count, boxes: 7)),
        new("boxes", "7 boxes", LabVocabulary.Numbered, part => new SceneData(SceneWords.Boxes, part.Scenes),
            count => EntityCurriculum.Questions(EvaluationSeed, count, boxes: 7)),
        new("rows", "rows", LabVocabulary.Numbered, part => new SceneData(SceneWords.Rows, part.Scenes),
            count => SceneWords.Rows.Questions(EvaluationSeed, count)),
        new("arithmetic", "arithmetic", LabVocabulary.Quartet, _ => new ArithmeticData(MostDigits),
            count => ArithmeticData.HeldOut(EvaluationSeed, count, MostDigits)),
        new("conversations", "conversations", LabVocabulary.Quartet, _ => new ConversationData(),
            count => ConversationData.HeldOut(EvaluationSeed, count)),
        new(IoiData.Ioi, IoiData.Ioi, LabVocabulary.PeopleAndYears, _ => new IoiData(),
            count => IoiData.HeldOut(EvaluationSeed, count)),
        new(GreaterThanData.GreaterThan, GreaterThanData.GreaterThan, LabVocabulary.PeopleAndYears,
            _ => new GreaterThanData(), count => GreaterThanData.HeldOut(EvaluationSeed, count)),
    ];

    /// <summary>Kinds of data.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. All.Select(entry => entry.Kind)];

    /// <summary>Names of the quartet's evaluations.</summary>
    public static IReadOnlyList<string> Evaluations { get; } = EvaluationsOf(LabVocabulary.Numbered);

    /// <summary>The vocabulary of a kind of data; the quartet's where there is no such kind.</summary>
    internal static LabVocabulary VocabularyOf(string kind) =>
        All.FirstOrDefault(entry => entry.Kind == kind)?.Vocabulary ?? LabVocabulary.Quartet;

    /// <summary>The vocabulary of so many tokens that has all the words of another; null where there is none.</summary>
    internal static LabVocabulary? VocabularyOf(int size, LabVocabulary words) => All.Select(entry => entry.Vocabulary)
        .FirstOrDefault(vocabulary => vocabulary.Size == size && vocabulary.Includes(words));

    /// <summary>Names of the evaluations in a vocabulary.</summary>
    internal static IReadOnlyList<string> EvaluationsOf(LabVocabulary vocabulary) =>
        [.. All.Where(entry => vocabulary.Includes(entry.Vocabulary)).Select(entry => entry.Evaluation).Distinct()];

    /// <summary>The data of a recipe, mixed where they have several parts.</summary>
    /// <exception cref="ArgumentException">There are no data of a kind.</exception>
    internal static ITrainingData Create(IReadOnlyList<DataShare> parts)
    {
        var made = parts.Select(part => (DataOf(part), part.Share)).ToArray();
        return made is [var (only, _)] ? only : new MixedData(made);

        static ITrainingData DataOf(DataShare part) => All.FirstOrDefault(entry => entry.Kind == part.Kind)?.Make(part)
            ?? throw new ArgumentException($"there is no data '{part.Kind}', expected {string.Join(", ", Kinds)}");
    }

    /// <summary>The questions of an evaluation, always the same.</summary>
    /// <exception cref="ArgumentException">There is no such evaluation.</exception>
    internal static IReadOnlyList<Question> Evaluation(string name, int count) =>
        All.FirstOrDefault(entry => entry.Evaluation == name)?.Ask(count)
            ?? throw new ArgumentException($"there is no evaluation '{name}'");

    private sealed record Entry(string Kind, string Evaluation, LabVocabulary Vocabulary,
        Func<DataShare, ITrainingData> Make, Func<int, IReadOnlyList<Question>> Ask);
}
