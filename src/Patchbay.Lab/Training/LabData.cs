using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Data and evaluations by the names that recipes use.</summary>
public static class LabData
{
    private const ulong EvaluationSeed = 0xE7A1;
    private const int MostDigits = 2; // of a number in a problem: what models this small can learn in minutes

    /// <summary>Kinds of data.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["entities", "arithmetic", "conversations", IoiData.Ioi, GreaterThanData.GreaterThan];

    /// <summary>Names of the quartet's evaluations. Questions of all evaluations come from a seed that no training
    /// uses.</summary>
    public static IReadOnlyList<string> Evaluations { get; } = ["7 boxes", "arithmetic", "conversations"];

    /// <summary>The vocabulary of a kind of data.</summary>
    public static LabVocabulary VocabularyOf(string kind) =>
        kind is IoiData.Ioi or GreaterThanData.GreaterThan ? LabVocabulary.PeopleAndYears : LabVocabulary.Quartet;

    /// <summary>Names of the evaluations in a vocabulary.</summary>
    public static IReadOnlyList<string> EvaluationsOf(LabVocabulary vocabulary) =>
        vocabulary == LabVocabulary.Quartet ? Evaluations : [IoiData.Ioi, GreaterThanData.GreaterThan];

    /// <summary>The data of a recipe.</summary>
    public static ITrainingData Create(IReadOnlyList<DataShare> parts)
    {
        var made = parts.Select(p => (Of(p), p.Share)).ToArray();
        return made.Length == 1 ? made[0].Item1 : new MixedData(made);
    }

    private static ITrainingData Of(DataShare part) => part.Kind switch
    {
        "entities" => new EntityCurriculum(part.Pairs is null ? null : new() { Pairs = part.Pairs }),
        "arithmetic" => new ArithmeticData(MostDigits),
        "conversations" => new ConversationData(),
        IoiData.Ioi => new IoiData(),
        GreaterThanData.GreaterThan => new GreaterThanData(),
        _ => throw new ArgumentException($"there is no data '{part.Kind}', expected {string.Join(", ", Kinds)}"),
    };

    /// <summary>The questions of an evaluation.</summary>
    public static IReadOnlyList<Question> Evaluation(string name, int count) => name switch
    {
        "7 boxes" => Questions.EntityQuestions(7, count, EvaluationSeed),
        "arithmetic" => Questions.ArithmeticQuestions(count, EvaluationSeed, MostDigits),
        "conversations" => Questions.ConversationQuestions(count, EvaluationSeed),
        IoiData.Ioi => IoiData.HeldOut(EvaluationSeed, count),
        GreaterThanData.GreaterThan => GreaterThanData.HeldOut(EvaluationSeed, count),
        _ => throw new ArgumentException($"there is no evaluation '{name}'"),
    };
}
