using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Data and evaluations by the names that recipes use.</summary>
public static class LabData
{
    private const ulong EvaluationSeed = 0xE7A1;

    /// <summary>Kinds of data.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["entities", "arithmetic", "conversations"];

    /// <summary>Names of evaluations. Their questions come from a seed that no training uses.</summary>
    public static IReadOnlyList<string> Evaluations { get; } = ["7 boxes", "arithmetic", "conversations"];

    /// <summary>The data of a recipe.</summary>
    public static ITrainingData Create(IReadOnlyList<DataShare> parts)
    {
        var made = parts.Select(p => (Of(p.Kind), p.Share)).ToArray();
        return made.Length == 1 ? made[0].Item1 : new MixedData(made);
    }

    private static ITrainingData Of(string kind) => kind switch
    {
        "entities" => new EntityCurriculum(),
        "arithmetic" => new ArithmeticData(),
        "conversations" => new ConversationData(),
        _ => throw new ArgumentException($"there is no data '{kind}', expected {string.Join(", ", Kinds)}"),
    };

    /// <summary>The questions of an evaluation.</summary>
    public static IReadOnlyList<Question> Evaluation(string name, int count) => name switch
    {
        "7 boxes" => Questions.EntityQuestions(7, count, EvaluationSeed),
        "arithmetic" => Questions.ArithmeticQuestions(count, EvaluationSeed),
        "conversations" => Questions.ConversationQuestions(count, EvaluationSeed),
        _ => throw new ArgumentException($"there is no evaluation '{name}', expected {string.Join(", ", Evaluations)}"),
    };
}
