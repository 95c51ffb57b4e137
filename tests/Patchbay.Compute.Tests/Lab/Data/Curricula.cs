using Patchbay.Lab.Data;

namespace Patchbay.Lab.Tests.Data;

/// <summary>All training data of the lab, and their sequences as texts.</summary>
internal static class Curricula
{
    /// <summary>Data in the quartet's vocabulary.</summary>
    public static IReadOnlyList<ITrainingData> Quartet { get; } =
    [
        new EntityCurriculum(), new ArithmeticData(4), new ConversationData(),
        new MixedData((new EntityCurriculum(), 2), (new ArithmeticData(), 1), (new ConversationData(), 1)),
    ];

    /// <summary>Data in the vocabulary of people and years.</summary>
    public static IReadOnlyList<ITrainingData> PeopleAndYears { get; } = [new IoiData(), new GreaterThanData()];

    public static IReadOnlyList<ITrainingData> All { get; } = [.. Quartet, .. PeopleAndYears];

    /// <summary>Sequences of every stage of every data.</summary>
    public static IEnumerable<TrainingSequence> Sequences(int steps, IReadOnlyList<ITrainingData>? of = null) =>
        from data in of ?? All
        from stage in Enumerable.Range(0, data.Stages.Count)
        from step in Enumerable.Range(0, steps)
        from sequence in data.Batch(5, step, stage, 4000)
        select sequence;

    /// <summary>The text of a sequence without BOS.</summary>
    public static string Text(TrainingSequence sequence, LabVocabulary? vocabulary = null) =>
        (vocabulary ?? LabVocabulary.Quartet).Decode(sequence.Ids.Skip(1));

    /// <summary>The words that a sequence's answers are made of, by position.</summary>
    public static IEnumerable<int> Answers(TrainingSequence sequence) =>
        Enumerable.Range(0, sequence.Ids.Length).Where(i => sequence.Weights[i] == 1);
}
