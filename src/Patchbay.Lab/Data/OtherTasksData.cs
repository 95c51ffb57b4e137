namespace Patchbay.Lab.Data;

/// <summary>Teaches indirect object identification: sentences of <see cref="IoiSentence"/>, one a sequence, of which
/// the last name is the answer. In some nobody is named again, as in the task's counterfactuals; there either of the
/// two is right, so that a model has met such sentences and is undecided in them.</summary>
/// <remarks>One in eight pairs of names is held out for evaluation: those two never meet in training.</remarks>
internal sealed class IoiData : ITrainingData
{
    /// <summary>Name of the data and of its kind of sequences.</summary>
    public const string Ioi = "ioi";

    /// <summary>Sequences in which nobody is named again.</summary>
    public const string NobodyTwice = "ioi, nobody twice";

    private const int HeldOutOf = 8, NobodyTwiceOf = 8;

    public IReadOnlyList<Stage> Stages { get; } = [new(Ioi)];

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        SequenceWriter.Batch(seed, step, tokens, LabVocabulary.PeopleAndYears, (writer, random) =>
        {
            var sentence = Draw(random, heldOut: false, nobodyTwice: random.Below(NobodyTwiceOf) == 0);
            writer.Add(sentence.Text, SequenceWriter.Context);
            writer.Add(random.Pick(sentence.Receivers), 1);
            writer.Add(".", SequenceWriter.Context);
            return sentence.Receivers.Count == 1 ? Ioi : NobodyTwice;
        });

    /// <summary>Sentences about pairs of people who never meet in training, the receiver first or second.</summary>
    public static IReadOnlyList<Question> HeldOut(ulong seed, int count)
    {
        var random = SplitMix64.For(seed, "ioi questions");
        var vocabulary = LabVocabulary.PeopleAndYears;
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var sentence = Draw(random, heldOut: true, nobodyTwice: false);
            return vocabulary.Question(sentence.Text, vocabulary.IdOf(sentence.Receivers[0]));
        })];
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

/// <summary>Teaches greater-than: "The war lasted from the year 1741 to the year 1763.", one a sequence, the later year
/// any of the century's that are left, each as likely. Its last two digits are the answer.</summary>
/// <remarks>One in eight years is held out for evaluation: nothing begins in it in training.</remarks>
internal sealed class GreaterThanData : ITrainingData
{
    /// <summary>Name of the data and of its kind of sequences.</summary>
    public const string GreaterThan = "greater-than";

    private const int HeldOutOf = 8, LastYear = 99;

    public IReadOnlyList<Stage> Stages { get; } = [new(GreaterThan)];

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        SequenceWriter.Batch(seed, step, tokens, LabVocabulary.PeopleAndYears, (writer, random) =>
        {
            var (text, year) = Draw(random, heldOut: false);
            writer.Add(text, SequenceWriter.Context);
            writer.Add(IdOf(year + 1 + random.Below(LastYear - year)), 1);
            writer.Add(".", SequenceWriter.Context);
            return GreaterThan;
        });

    /// <summary>Prompts that begin in years that training never begins in; every greater year of the century is
    /// right.</summary>
    public static IReadOnlyList<Question> HeldOut(ulong seed, int count)
    {
        var random = SplitMix64.For(seed, "greater-than questions");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var (text, year) = Draw(random, heldOut: true);
            return LabVocabulary.PeopleAndYears.Question(text, IdOf(year + 1)) with
            {
                Others = [.. Enumerable.Range(year + 2, LastYear - year - 1).Select(IdOf)],
            };
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
