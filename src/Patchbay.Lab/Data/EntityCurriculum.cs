using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>
/// Entity tracking, from what is easy to what is wanted. First bare pairs "object label object label ..." and queries
/// "label object", then one, two, three words between object and label ("the object is in Box label" has three), each distance
/// mixed with the shorter ones; then sentences. Queried boxes are drawn with replacement, so that nothing is to be had by
/// elimination. Answers count ten times as much as the context, which nobody can predict.
/// </summary>
public sealed class EntityCurriculum : ITrainingData
{
    private static readonly int[] Objects = [.. EntityWords.All.Objects.Select(LabVocabulary.Id)];
    private static readonly int[] Labels = [.. EntityWords.All.Labels.Select(LabVocabulary.Id)];
    private static readonly int[] Between = LabVocabulary.Encode("is in Box");
    private static readonly int[] Opening = LabVocabulary.Encode("The the");
    private static readonly int Box = LabVocabulary.Id("Box"), Contains = LabVocabulary.Id("contains"), Comma = LabVocabulary.Id(","), Stop = LabVocabulary.Id(".");
    private readonly int fewest, most, distances;
    private readonly float context;

    /// <summary>Makes the curriculum.</summary>
    /// <param name="fewest">Fewest boxes of a scene, 2 at least.</param>
    /// <param name="most">Most boxes of a scene, 26 at most.</param>
    /// <param name="distances">How many stages of pairs precede the sentences: distances 0 to this less one; 0 leaves them out.</param>
    /// <param name="until">Nats per answer of the farthest pairs at which a stage is over.</param>
    /// <param name="context">Weight of what is no answer.</param>
    public EntityCurriculum(int fewest = 3, int most = 7, int distances = 4, double until = 0.2, float context = 0.1f)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fewest, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(most, Labels.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fewest, most);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(distances, Between.Length + 1);
        (this.fewest, this.most, this.distances, this.context) = (fewest, most, distances, context);
        Stages = [.. Enumerable.Range(0, distances).Select(n => new Stage($"pairs {n}", $"pairs {n}", until)), new("scenes")];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var random = SplitMix64.For(seed, $"entities {step}");
        var batch = new List<TrainingSequence>();
        for (var count = 0; count < tokens || batch.Count == 0; count += batch[^1].Ids.Length)
            batch.Add(stage < distances ? Pairs(random, stage - (random.Below(2) == 0 ? 0 : random.Below(stage + 1))) : Scene(random));
        return batch;
    }

    /// <summary>Half of a stage's pairs are at its own distance, the others at any up to it.</summary>
    private TrainingSequence Pairs(SplitMix64 random, int distance)
    {
        var text = new Writer(context);
        var (objects, labels) = Draw(random);
        for (var i = 0; i < objects.Length; i++)
        {
            text.Add(objects[i]);
            text.Add(Between.AsSpan(Between.Length - distance));
            text.Add(labels[i]);
        }
        for (var i = 0; i < objects.Length; i++)
        {
            var box = random.Below(objects.Length);
            text.Add(labels[box]);
            text.Answer(objects[box]);
        }
        return text.Sequence($"pairs {distance}");
    }

    /// <summary>A scene in one of two orders, now and then with boxes told again, and three queries of three kinds. Six of ten
    /// begin as the task does: "The apple is in Box F, ... Box F contains the".</summary>
    private TrainingSequence Scene(SplitMix64 random)
    {
        var text = new Writer(context);
        var (objects, labels) = Draw(random);
        var asTask = random.Below(10) < 6;
        var swapped = !asTask && random.Below(2) == 0;
        for (var i = 0; i < objects.Length; i++)
        {
            var last = i == objects.Length - 1;
            if (swapped) text.Add([Box, labels[i], Contains, Opening[1], objects[i], last ? Stop : Comma]);
            else text.Add([Opening[i == 0 ? 0 : 1], objects[i], .. Between, labels[i], last ? Stop : Comma]);
        }
        for (var again = asTask ? 0 : random.Below(3); again > 0; again--)
        {
            var box = random.Below(objects.Length);
            text.Add([Opening[0], objects[box], .. Between]);
            text.Answer(labels[box]);
            text.Add(Stop);
        }
        var kind = "";
        for (var q = 0; q < 3; q++)
        {
            var (box, form) = (random.Below(objects.Length), asTask && q == 0 ? 0 : random.Below(3));
            Query(text, objects[box], labels[box], form);
            if (q == 0) kind = form switch { 0 => "contains", 1 => "object", _ => "label" };
        }
        return text.Sequence(kind);
    }

    private static void Query(Writer text, int thing, int label, int form)
    {
        if (form == 2)
        {
            text.Add([Opening[0], thing, .. Between]);
            text.Answer(label);
        }
        else
        {
            text.Add(form == 0 ? [Box, label, Contains, Opening[1]] : [Box, label]);
            text.Answer(thing);
        }
        text.Add(Stop);
    }

    private (int[] Objects, int[] Labels) Draw(SplitMix64 random)
    {
        var count = fewest + random.Below(most - fewest + 1);
        return (random.Sample(Objects, count), random.Sample(Labels, count));
    }
}

/// <summary>Ids and weights of a sequence in the making; it begins with BOS.</summary>
internal sealed class Writer(float context)
{
    private readonly List<int> ids = [LabVocabulary.Begin];
    private readonly List<float> weights = [0];

    public int Length => ids.Count;

    public void Add(int id) => Add(id, context);

    public void Answer(int id) => Add(id, 1);

    public void Add(ReadOnlySpan<int> more)
    {
        foreach (var id in more) Add(id);
    }

    public void Answer(ReadOnlySpan<int> more)
    {
        foreach (var id in more) Answer(id);
    }

    private void Add(int id, float weight)
    {
        ids.Add(id);
        weights.Add(weight);
    }

    public TrainingSequence Sequence(string kind) => new(kind, [.. ids], [.. weights]);
}
