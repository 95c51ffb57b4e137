using System.Text.Json.Serialization;

namespace Patchbay.Lab.Data;

/// <summary>A stage of bare pairs.</summary>
/// <param name="Distance">Filler tokens between object and label.</param>
/// <param name="MaxPairs">Most pairs of a sequence, 2 at least.</param>
public sealed record PairStage(int Distance, int MaxPairs)
{
    /// <summary>Name of the stage and of its kind.</summary>
    [JsonIgnore]
    public string Name => $"{MaxPairs} pairs, {Distance} between";
}

/// <summary>Teaches entity tracking. Binding forms by itself only where few words are bound and they are neighbours, so
/// the first stage gives two or three bare pairs, "apple F pot T F apple T pot"; then come more pairs, then fillers
/// between their words, the earlier stages staying in half of the batch; then plain sentences that ask for the object
/// at once, "Box F apple"; the last stage gives the task's scenes.</summary>
/// <remarks>Objects and labels never repeat within a scene. Boxes are asked for with replacement, so that having been
/// asked before says nothing about a box. Scenes are random: no list of them is kept from an evaluation's, but of 7
/// boxes there are so many (about 10^25) that an evaluation meets one again with no probability worth naming.</remarks>
internal sealed class EntityCurriculum : ITrainingData
{
    /// <summary>Kinds of scene questions: "Box F contains the OBJECT", "Box F OBJECT", "the apple is in Box
    /// LABEL".</summary>
    private const string Contains = "contains", Object = "object", Label = "label";

    /// <summary>Nats per answer at which a stage of pairs is over.</summary>
    private const double Until = 0.2;

    private const int MaxBoxes = 7, MaxQuestions = 6;

    private const int Parts = 1000; // out of how many a share is drawn

    private static readonly LabVocabulary Words = LabVocabulary.Quartet;
    private static readonly int[] AllObjects = [.. EntityWords.All.Objects.Select(Words.IdOf)];
    private static readonly int[] AllLabels = [.. EntityWords.All.Labels.Select(Words.IdOf)];
    private static readonly int[] Fillers = Words.Encode("is in Box the , .");
    private static readonly int[] IsInBox = Words.Encode("is in Box");
    private static readonly int[] ContainsThe = Words.Encode("contains the");
    private static readonly int Box = Words.IdOf("Box"), CapitalThe = Words.IdOf("The"), The = Words.IdOf("the");
    private static readonly int Comma = Words.IdOf(","), Stop = Words.IdOf(".");
    private static readonly string[] QuestionKinds = [Contains, Object, Label];

    private readonly PairStage[] _pairs;
    private readonly int _minBoxes;
    private readonly double _evaluationShare, _pairShare;

    /// <summary>A curriculum.</summary>
    /// <param name="pairs">Stages of bare pairs that come before the sentences, in order, none if empty; null: five, of
    /// up to 7 pairs with up to 3 fillers.</param>
    /// <param name="minBoxes">Fewest boxes of a scene, 2 to 7; 7 is the most that one has.</param>
    /// <param name="evaluationShare">Share of the scenes that are exactly what evaluations ask: standard order, "Box X
    /// contains the" right behind the context.</param>
    /// <param name="pairShare">Share of sequences among the sentences that are still pairs, of any stage.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of boxes or pairs, or a distance, is out of
    /// range.</exception>
    public EntityCurriculum(IReadOnlyList<PairStage>? pairs = null, int minBoxes = 3, double evaluationShare = 0.6,
        double pairShare = 0.2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minBoxes, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBoxes, MaxBoxes);
        _pairs = [.. pairs ?? [new(0, 3), new(0, 7), new(1, 7), new(2, 7), new(3, 7)]];
        if (_pairs.Any(stage => stage.Distance < 0 || stage.MaxPairs < 2))
            throw new ArgumentOutOfRangeException(
                nameof(pairs), "A distance cannot be below 0, nor pairs fewer than 2.");
        (_minBoxes, _evaluationShare, _pairShare) = (minBoxes, evaluationShare, pairShare);
        var stages = _pairs.Select(stage => new Stage(stage.Name, stage.Name, Until));
        Stages = [.. stages, new("sentences", Object, Until), new("scenes")];
    }

    public IReadOnlyList<Stage> Stages { get; }

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stage);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(stage, Stages.Count);
        var sentences = _pairs.Length;
        int[] objects = [.. AllObjects], labels = [.. AllLabels];
        return SequenceWriter.Batch(seed, step, tokens, Words, (writer, random) =>
        {
            var isPairs = stage < sentences || (sentences > 0 && Happens(_pairShare, random));
            var chosen = stage < sentences && random.Below(2) == 0
                ? stage : random.Below(Math.Max(1, Math.Min(stage + 1, sentences)));
            var (least, most) = isPairs ? (2, _pairs[chosen].MaxPairs) : (_minBoxes, MaxBoxes);
            var boxes = least + random.Below(most - least + 1);
            Draw(objects, boxes, random);
            Draw(labels, boxes, random);
            var (things, names) = (objects[..boxes], labels[..boxes]);
            return isPairs ? WritePairs(writer, things, names, _pairs[chosen], random)
                : WriteScene(writer, things, names, plain: stage == sentences, random);
        });
    }

    /// <summary>Questions of entity tracking: the prompts of <see cref="EntityPrompts.Generate"/> with the lab's
    /// tokenizer, ids up to "contains the", and the object. Their scenes are drawn from the same words as the
    /// curriculum's, but from another stream of random numbers.</summary>
    /// <exception cref="InvalidDataException">A scene cannot have so many boxes.</exception>
    public static IReadOnlyList<Question> Questions(ulong seed, int count, int boxes) =>
        [.. EntityTracking.Generate(new EntityOptions(count, seed, boxes), EntityWords.All)
            .Select(line => Words.Question(line.Prompt, Words.IdOf(line.Answer)))];

    private static string WritePairs(
        SequenceWriter writer, int[] objects, int[] labels, PairStage stage, SplitMix64 random)
    {
        for (var k = 0; k < objects.Length; k++)
        {
            writer.AddContext(objects[k]);
            for (var i = 0; i < stage.Distance; i++) writer.AddContext(random.Pick(Fillers));
            writer.AddContext(labels[k]);
        }
        for (var q = 0; q < objects.Length; q++)
        {
            var asked = random.Below(objects.Length);
            writer.AddContext(labels[asked]);
            writer.Add(objects[asked], 1);
        }
        return stage.Name;
    }

    /// <summary>Context, restatements (not in the evaluation's form), questions. Returns the first question's kind. A
    /// plain scene is in standard order and asks for objects at once.</summary>
    private string WriteScene(SequenceWriter writer, int[] objects, int[] labels, bool plain, SplitMix64 random)
    {
        var evaluation = plain || Happens(_evaluationShare, random);
        var boxFirst = !evaluation && random.Below(2) == 0;
        for (var k = 0; k < objects.Length; k++)
        {
            if (boxFirst) writer.AddContext([Box, labels[k], .. ContainsThe, objects[k]]);
            else writer.AddContext([k == 0 ? CapitalThe : The, objects[k], .. IsInBox, labels[k]]);
            writer.AddContext(k + 1 < objects.Length ? Comma : Stop);
        }
        for (var restatements = evaluation ? 0 : random.Below(3); restatements > 0; restatements--)
        {
            var k = random.Below(objects.Length);
            writer.AddContext([The, objects[k], .. IsInBox, labels[k], Stop]);
        }
        var first = plain ? Object : evaluation ? Contains : random.Pick(QuestionKinds);
        var kind = first;
        for (var questions = 1 + random.Below(MaxQuestions); questions > 0; questions--)
        {
            var k = random.Below(objects.Length);
            if (kind == Label) writer.AddContext([The, objects[k], .. IsInBox]);
            else writer.AddContext([Box, labels[k], .. kind == Contains ? ContainsThe : []]);
            writer.Add(kind == Label ? labels[k] : objects[k], 1);
            writer.AddContext(Stop);
            if (!plain) kind = random.Pick(QuestionKinds);
        }
        return first;
    }

    private static bool Happens(double share, SplitMix64 random) => random.Below(Parts) < share * Parts;

    /// <summary>Brings <paramref name="count"/> random items to the front.</summary>
    private static void Draw(int[] items, int count, SplitMix64 random)
    {
        for (var i = 0; i < count; i++)
        {
            var j = i + random.Below(items.Length - i);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
