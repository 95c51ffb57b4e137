using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>Teaches indirect object identification: sentences of <see cref="IoiSentence"/>, one a sequence, of which
/// the last name is the answer. In some nobody is named again, as in the task's counterfactuals; there either of the
/// two is right, so that a model has met such sentences and is undecided in them.</summary>
/// <remarks>One in eight pairs of names is held out for evaluation: those two never meet in training.</remarks>
public sealed class IoiData : ITrainingData
{
    /// <summary>Name of the data and of its kind of sequences.</summary>
    public const string Ioi = "ioi";

    /// <summary>Sequences in which nobody is named again.</summary>
    public const string NobodyTwice = "ioi, nobody twice";

    private const int HeldOutOf = 8, NobodyTwiceOf = 8;
    private const float ContextWeight = 0.1f;

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; } = [new(Ioi)];

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var random = SequenceWriter.RandomOf(seed, step);
        var writer = new SequenceWriter(tokens, LabVocabulary.PeopleAndYears);
        while (!writer.IsFull)
        {
            var sentence = Draw(random, heldOut: false, nobodyTwice: random.Below(NobodyTwiceOf) == 0);
            writer.Begin();
            writer.Add(sentence.Text, ContextWeight);
            writer.Add(random.Pick(sentence.Receivers), 1);
            writer.Add(".", ContextWeight);
            writer.Finish(sentence.Receivers.Count == 1 ? Ioi : NobodyTwice);
        }
        return writer.Sequences;
    }

    /// <summary>Sentences about pairs of people who never meet in training, the receiver first or second.</summary>
    public static IReadOnlyList<Question> HeldOut(ulong seed, int count)
    {
        var random = SplitMix64.For(seed, "ioi questions");
        var vocabulary = LabVocabulary.PeopleAndYears;
        return
        [
            .. Enumerable.Range(0, count).Select(_ => Draw(random, heldOut: true, nobodyTwice: false)).Select(sentence => new Question(
                [LabVocabulary.Begin, .. vocabulary.Encode(sentence.Text)], [vocabulary.IdOf(sentence.Receivers[0])])),
        ];
    }

    /// <summary>Whether two people are kept for evaluation, in every run.</summary>
    internal static bool IsHeldOut(string one, string other) => SplitMix64.For(0,
        string.CompareOrdinal(one, other) < 0 ? $"{one} {other}" : $"{other} {one}").Below(HeldOutOf) == 0;

    private static IoiSentence Draw(SplitMix64 random, bool heldOut, bool nobodyTwice)
    {
        var words = IoiWords.All;
        var names = random.Sample(words.Names, 3);
        while (IsHeldOut(names[0], names[1]) != heldOut) names = random.Sample(words.Names, 3);
        return new IoiSentence(random.Below(IoiSentence.Templates.Count), names[0], names[1],
            names[nobodyTwice ? 2 : random.Below(2)], random.Pick(words.Places), random.Pick(words.Things));
    }
}
