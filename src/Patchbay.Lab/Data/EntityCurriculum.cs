using System.Text.Json.Serialization;
using Patchbay.Tasks;

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

/// <summary>What a trainer may vary about <see cref="EntityCurriculum"/>.</summary>
public sealed record EntityCurriculumOptions
{
    /// <summary>Stages of bare pairs that come before the sentences, in order; may be empty.</summary>
    public IReadOnlyList<PairStage> Pairs { get; init; } = [new(0, 3), new(0, 7), new(1, 7), new(2, 7), new(3, 7)];

    /// <summary>Nats per answer at which a stage of pairs is over.</summary>
    public double Until { get; init; } = 0.2;

    /// <summary>Fewest boxes of a scene, 2 at least.</summary>
    public int MinBoxes { get; init; } = 3;

    /// <summary>Most boxes of a scene, 7 at most.</summary>
    public int MaxBoxes { get; init; } = 7;

    /// <summary>Weight of everything that is no answer: most of it cannot be predicted.</summary>
    public float ContextWeight { get; init; } = 0.1f;

    /// <summary>Share of the scenes that are exactly what evaluations ask: standard order, "Box X contains the" right
    /// behind the context.</summary>
    public double EvaluationShare { get; init; } = 0.6;

    /// <summary>Share of sequences among the sentences that are still pairs, of any stage.</summary>
    public double PairShare { get; init; } = 0.2;

    /// <summary>Most questions about a scene.</summary>
    public int MaxQuestions { get; init; } = 6;
}

/// <summary>Teaches entity tracking. Binding forms by itself only where few words are bound and they are neighbours, so
/// the first stage gives two or three bare pairs, "apple F pot T F apple T pot"; then come more pairs, then fillers
/// between their words, the earlier stages staying in half of the batch; then plain sentences that ask for the object
/// at once, "Box F apple"; the last stage gives the task's scenes.</summary>
/// <remarks>Objects and labels never repeat within a scene. Boxes are asked for with replacement, so that having been
/// asked before says nothing about a box. Scenes are random: no list of them is kept from an evaluation's, but of 7
/// boxes there are so many (about 10^25) that an evaluation meets one again with no probability worth naming.</remarks>
public sealed class EntityCurriculum : ITrainingData
{
    /// <summary>Kinds of scene questions: "Box F contains the OBJECT", "Box F OBJECT", "the apple is in Box
    /// LABEL".</summary>
    public const string Contains = "contains", Object = "object", Label = "label";

    /// <summary>Out of how many a share is drawn.</summary>
    private const int Parts = 1000;

    private static readonly int[] AllObjects = [.. EntityWords.All.Objects.Select(LabVocabulary.Quartet.IdOf)];
    private static readonly int[] AllLabels = [.. EntityWords.All.Labels.Select(LabVocabulary.Quartet.IdOf)];
    private static readonly int[] Fillers = LabVocabulary.Quartet.Encode("is in Box the , .");
    private static readonly int[] IsInBox = LabVocabulary.Quartet.Encode("is in Box");
    private static readonly int[] ContainsThe = LabVocabulary.Quartet.Encode("contains the");
    private static readonly int Box = LabVocabulary.Quartet.IdOf("Box");
    private static readonly int CapitalThe = LabVocabulary.Quartet.IdOf("The");
    private static readonly int The = LabVocabulary.Quartet.IdOf("the");
    private static readonly int Comma = LabVocabulary.Quartet.IdOf(",");
    private static readonly int Stop = LabVocabulary.Quartet.IdOf(".");
    private static readonly string[] QuestionKinds = [Contains, Object, Label];

    private readonly EntityCurriculumOptions _options;
    private readonly string[] _pairKinds;

    /// <summary>A curriculum; null takes the options' defaults.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public EntityCurriculum(EntityCurriculumOptions? options = null)
    {
        _options = options ?? new();
        if (_options.MinBoxes < 2 || _options.MaxBoxes > 7 || _options.MinBoxes > _options.MaxBoxes)
        {
            throw new ArgumentOutOfRangeException(nameof(options),
                $"Scenes can have 2 to 7 boxes, not {_options.MinBoxes} to {_options.MaxBoxes}.");
        }
        if (_options.Pairs.Any(stage => stage.Distance < 0 || stage.MaxPairs < 2))
            throw new ArgumentOutOfRangeException(nameof(options), "A distance cannot be below 0, nor pairs fewer than 2.");
        _pairKinds = [.. _options.Pairs.Select(stage => stage.Name)];
        Stages = [.. _pairKinds.Select(kind => new Stage(kind, kind, _options.Until)), new Stage("sentences", Object, _options.Until),
            new Stage("scenes")];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stage);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(stage, Stages.Count);
        var scenes = _pairKinds.Length;
        var random = SequenceWriter.RandomOf(seed, step);
        var writer = new SequenceWriter(tokens, LabVocabulary.Quartet);
        int[] objects = [.. AllObjects], labels = [.. AllLabels];
        while (!writer.IsFull)
        {
            var pairs = stage < scenes || (scenes > 0 && Happens(_options.PairShare, random));
            var chosen = stage < scenes && random.Below(2) == 0 ? stage : random.Below(Math.Max(1, Math.Min(stage + 1, scenes)));
            var (least, most) = pairs ? (2, _options.Pairs[chosen].MaxPairs) : (_options.MinBoxes, _options.MaxBoxes);
            var boxes = least + random.Below(most - least + 1);
            Draw(objects, boxes, random);
            Draw(labels, boxes, random);
            writer.Begin();
            ReadOnlySpan<int> things = objects.AsSpan(0, boxes), names = labels.AsSpan(0, boxes);
            writer.Finish(pairs ? WritePairs(writer, things, names, chosen, random)
                : WriteScene(writer, things, names, plain: stage == scenes, random));
        }
        return writer.Sequences;
    }

    private string WritePairs(
        SequenceWriter writer, ReadOnlySpan<int> objects, ReadOnlySpan<int> labels, int chosen, SplitMix64 random)
    {
        for (var k = 0; k < objects.Length; k++)
        {
            writer.Add(objects[k], _options.ContextWeight);
            for (var i = 0; i < _options.Pairs[chosen].Distance; i++)
                writer.Add(Fillers[random.Below(Fillers.Length)], _options.ContextWeight);
            writer.Add(labels[k], _options.ContextWeight);
        }
        for (var q = 0; q < objects.Length; q++)
        {
            var asked = random.Below(objects.Length);
            writer.Add(labels[asked], _options.ContextWeight);
            writer.Add(objects[asked], 1);
        }
        return _pairKinds[chosen];
    }

    /// <summary>Context, restatements (not in the evaluation's form), questions. Returns the first question's kind. A
    /// plain scene is in standard order and asks for objects at once.</summary>
    private string WriteScene(
        SequenceWriter writer, ReadOnlySpan<int> objects, ReadOnlySpan<int> labels, bool plain, SplitMix64 random)
    {
        var evaluation = plain || Happens(_options.EvaluationShare, random);
        var boxFirst = !evaluation && random.Below(2) == 0;
        for (var k = 0; k < objects.Length; k++)
        {
            if (boxFirst) WriteBox(writer, objects[k], labels[k]);
            else WriteObject(writer, k == 0 ? CapitalThe : The, objects[k], labels[k], _options.ContextWeight);
            writer.Add(k + 1 < objects.Length ? Comma : Stop, _options.ContextWeight);
        }
        for (var restatements = evaluation ? 0 : random.Below(3); restatements > 0; restatements--)
        {
            var k = random.Below(objects.Length);
            WriteObject(writer, The, objects[k], labels[k], _options.ContextWeight);
            writer.Add(Stop, _options.ContextWeight);
        }
        var first = plain ? Object : evaluation ? Contains : random.Pick(QuestionKinds);
        var kind = first;
        for (var questions = 1 + random.Below(_options.MaxQuestions); questions > 0; questions--)
        {
            var k = random.Below(objects.Length);
            Ask(writer, kind, objects[k], labels[k]);
            if (!plain) kind = random.Pick(QuestionKinds);
        }
        return first;
    }

    private void Ask(SequenceWriter writer, string kind, int entity, int label)
    {
        if (kind == Label)
        {
            WriteObject(writer, The, entity, label, 1);
        }
        else
        {
            writer.Add(Box, _options.ContextWeight);
            writer.Add(label, _options.ContextWeight);
            if (kind == Contains) writer.Add(ContainsThe, _options.ContextWeight);
            writer.Add(entity, 1);
        }
        writer.Add(Stop, _options.ContextWeight);
    }

    private void WriteBox(SequenceWriter writer, int entity, int label)
    {
        writer.Add(Box, _options.ContextWeight);
        writer.Add(label, _options.ContextWeight);
        writer.Add(ContainsThe, _options.ContextWeight);
        writer.Add(entity, _options.ContextWeight);
    }

    private void WriteObject(SequenceWriter writer, int article, int entity, int label, float labelWeight)
    {
        writer.Add(article, _options.ContextWeight);
        writer.Add(entity, _options.ContextWeight);
        writer.Add(IsInBox, _options.ContextWeight);
        writer.Add(label, labelWeight);
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
