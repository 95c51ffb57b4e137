using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>A question with one right answer.</summary>
/// <param name="Ids">The prompt, BOS first.</param>
/// <param name="Answer">The ids that are to follow.</param>
public sealed record Question(int[] Ids, int[] Answer);

/// <summary>Questions of evaluations, from a seed.</summary>
public static class Questions
{
    /// <summary>Entity tracking as the experiments ask it (<see cref="EntityTracking"/>): every box of a scene in turn, the answer
    /// its object. Out of some 10^25 scenes of 7 boxes, none is met in training but by miracle.</summary>
    public static IReadOnlyList<Question> Entities(int boxes, int count, ulong seed) =>
        [.. EntityTracking.Generate(new EntityOptions(count, seed, boxes), EntityWords.All)
            .Select(line => Of($"{line.Scene.Context} Box {line.Label} contains the", line.Answer))];

    /// <summary>Bare equations, as many of each operation; the answer is all digits and the full stop. Small numbers make up the
    /// training data, so that many of these problems are met there too.</summary>
    public static IReadOnlyList<Question> Arithmetic(int count, ulong seed)
    {
        var random = SplitMix64.For(seed, "arithmetic questions");
        return [.. Enumerable.Range(0, count).Select(i => ArithmeticData.Draw(random, i % 3)).Select(p => Of($"{p.Expression} =", $"{p.Result} ."))];
    }

    /// <summary>Last turns of conversations; the answer is all that the assistant says.</summary>
    public static IReadOnlyList<Question> Conversations(int count, ulong seed)
    {
        var random = SplitMix64.For(seed, "conversation questions");
        var questions = new List<Question>();
        while (questions.Count < count)
        {
            var turns = ConversationData.Draw(random);
            if (turns.Count < 2) continue; // the first reply may be one of several
            var before = string.Concat(turns.SkipLast(1).Select(t => $"USER: {t.User} ASSISTANT: {t.Assistant}</s> "));
            questions.Add(Of($"{before}USER: {turns[^1].User} ASSISTANT:", turns[^1].Assistant + "</s>"));
        }
        return questions;
    }

    private static Question Of(string prompt, string answer) => new([LabVocabulary.Begin, .. LabVocabulary.Encode(prompt)], LabVocabulary.Encode(answer));
}
