using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>Teaches greater-than: "The war lasted from the year 1741 to the year 1763.", one a sequence, the later year
/// any of the century's that are left, each as likely. Its last two digits are the answer.</summary>
/// <remarks>One in eight years is held out for evaluation: nothing begins in it in training.</remarks>
public sealed class GreaterThanData : ITrainingData
{
    /// <summary>Name of the data and of its kind of sequences.</summary>
    public const string GreaterThan = "greater-than";

    private const int HeldOutOf = 8, LastYear = 99;
    private const float ContextWeight = 0.1f;

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; } = [new(GreaterThan)];

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var random = SequenceWriter.RandomOf(seed, step);
        var writer = new SequenceWriter(tokens, LabVocabulary.PeopleAndYears);
        while (!writer.IsFull)
        {
            var (text, year) = Draw(random, heldOut: false);
            writer.Begin();
            writer.Add(text, ContextWeight);
            writer.Add(IdOf(year + 1 + random.Below(LastYear - year)), 1);
            writer.Add(".", ContextWeight);
            writer.Finish(GreaterThan);
        }
        return writer.Sequences;
    }

    /// <summary>Prompts that begin in years that training never begins in; every greater year of the century is
    /// right.</summary>
    public static IReadOnlyList<Question> HeldOut(ulong seed, int count)
    {
        var random = SplitMix64.For(seed, "greater-than questions");
        return [.. Enumerable.Range(0, count).Select(_ => Draw(random, heldOut: true)).Select(drawn => new Question(
            [LabVocabulary.Begin, .. LabVocabulary.PeopleAndYears.Encode(drawn.Text)], [IdOf(drawn.Year + 1)])
        {
            Others = [.. Enumerable.Range(drawn.Year + 2, LastYear - drawn.Year - 1).Select(IdOf)],
        })];
    }

    /// <summary>Whether a year is kept for evaluation, in every run. The first of a century never is: the task's
    /// counterfactuals begin in it.</summary>
    internal static bool IsHeldOut(int century, int year) =>
        year > 1 && SplitMix64.For(0, $"{century}{year:00}").Below(HeldOutOf) == 0;

    private static int IdOf(int year) => LabVocabulary.PeopleAndYears.IdOf($"{year:00}");

    private static (string Text, int Year) Draw(SplitMix64 random, bool heldOut)
    {
        var words = GreaterThanWords.All;
        var noun = random.Pick(words.Nouns);
        while (true)
        {
            var (century, year) = (random.Pick(words.Centuries), 1 + random.Below(LastYear - 1));
            if (IsHeldOut(century, year) == heldOut) return (GreaterThanPrompts.Text(noun, century, year), year);
        }
    }
}
