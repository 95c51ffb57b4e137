using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>Something to ask a model.</summary>
/// <param name="Ids">The prompt, BOS first.</param>
/// <param name="Answer">The ids that must follow; right when each is the most likely one after those before it.</param>
public sealed record Question(int[] Ids, int[] Answer)
{
    /// <summary>Further ids that are right in place of an answer of one id. Where there are some, a model that always
    /// says the same could be right; so the answer is then drawn from its distribution.</summary>
    public IReadOnlyList<int> Others { get; init; } = [];
}

/// <summary>Questions for evaluation, the same for the same seed.</summary>
public static class Questions
{
    /// <summary>Entity tracking: the prompts of <see cref="EntityPrompts.Generate"/> with the lab's tokenizer, ids up
    /// to "contains the" and the object. Their scenes are drawn from the same words as the curriculum's, but from
    /// another stream of random numbers: with 7 boxes there are about 10^25, and meeting one that was trained is next
    /// to impossible.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A scene cannot have so many boxes.</exception>
    public static IReadOnlyList<Question> EntityQuestions(int boxes, int count, ulong seed) =>
    [
        .. EntityTracking.Generate(new EntityOptions(count, seed, boxes), EntityWords.All).Select(line => new Question(
            [LabVocabulary.Begin, .. LabVocabulary.Quartet.Encode(line.Prompt)], [LabVocabulary.Quartet.IdOf(line.Answer)])),
    ];

    /// <inheritdoc cref="ArithmeticData.Problems"/>
    public static IReadOnlyList<Question> ArithmeticQuestions(int count, ulong seed, int maxDigits = 3) =>
        ArithmeticData.Problems(seed, count, maxDigits);

    /// <inheritdoc cref="ConversationData.HeldOut"/>
    public static IReadOnlyList<Question> ConversationQuestions(int count, ulong seed) =>
        ConversationData.HeldOut(seed, count);
}
