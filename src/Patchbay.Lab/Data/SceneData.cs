using System.Collections.Concurrent;

namespace Patchbay.Lab.Data;

/// <summary>Scenes exactly as evaluations have them, "The apple is in Box F, ... . Box F contains the", every box asked
/// for behind one shared context: a question sees the context and itself, at the positions that it has right behind the
/// context, so that a scene of seven boxes gives seven answers for little more than the price of one. Scenes may be
/// read through route masks, asked by number, and have an auxiliary answer (<see cref="SceneOptions"/>).</summary>
/// <remarks>What is read and what counts: only answers and auxiliary answers have weight. Context has none, for what
/// the masks forbid could not be predicted.</remarks>
internal sealed class SceneData : ITrainingData
{
    /// <summary>Most boxes of a scene.</summary>
    public const int MostBoxes = 7;

    private const int FactLength = 7, QuestionLength = 5; // the answer included, which no row reads
    private const int Parts = 1000; // out of how many a share is drawn

    private readonly SceneWords words;
    private readonly SceneOptions options;
    private readonly ConcurrentDictionary<(int Boxes, bool Masked), SequenceLayout> layouts = new();

    /// <summary>Scenes made of <paramref name="words"/>.</summary>
    /// <exception cref="ArgumentException">The options are not as they must be.</exception>
    public SceneData(SceneWords words, SceneOptions? options = null)
    {
        (this.words, this.options) = (words, options ?? new());
        if (this.options.Problem() is { } problem) throw new ArgumentException(problem);
        Stages = [.. this.options.Stages.Select(s => new Stage(s.Name,
            s.Until is null ? null : Kind(s.MaxBoxes, byNumber: false), s.Until ?? 0))];
    }

    public IReadOnlyList<Stage> Stages { get; }

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var s = options.Stages[stage];
        var random = SplitMix64.For(seed, $"scenes of step {step}");
        var boxes = Math.Min(s.MaxBoxes, s.MinBoxes + random.Below(s.MaxBoxes - s.MinBoxes + 2));
        var count = Math.Max(1, tokens / (1 + (FactLength + QuestionLength - 1) * boxes));
        return [.. Enumerable.Range(0, count).Select(_ => Scene(boxes, s, random))];
    }

    private TrainingSequence Scene(int boxes, SceneStage stage, SplitMix64 random)
    {
        var (objects, labels) = (random.Sample(words.Objects, boxes), random.Sample(words.Labels, boxes));
        var byNumber = Happens(options.Ordinals, random);
        int[] ids = [LabVocabulary.Begin, .. words.Context(objects, labels)];
        var context = ids.Length;
        int[] asked = byNumber ? [.. SceneWords.Numbers.Skip(1).Take(boxes)] : labels;
        ids = [.. ids, .. Enumerable.Range(0, boxes).SelectMany(k => words.Question(asked[k]).Append(objects[k]))];
        var (wanted, weights) = ((int[])ids.Clone(), new float[ids.Length]);
        for (var k = 0; k < boxes; k++)
        {
            var question = context + QuestionLength * k;
            weights[question + QuestionLength - 1] = 1;
            if (byNumber) continue;
            wanted[question + 2] = SceneWords.Numbers[k + 1];
            weights[question + 2] = (float)options.Order;
        }
        return new(Kind(boxes, byNumber), ids, weights)
        {
            Wanted = wanted,
            Layout = Layout(boxes, Happens(stage.Masked, random), stage.Hidden, random),
        };
    }

    private SequenceLayout Layout(int boxes, bool masked, double hidden, SplitMix64 random)
    {
        var layout = layouts.GetOrAdd((boxes, masked), key => LayOut(key.Boxes, key.Masked));
        if (!masked || hidden == 0) return layout;
        bool[][] sees = [.. layout.Sees.Select(s => (bool[])s.Clone())];
        var context = 1 + FactLength * boxes;
        for (var k = 0; k < boxes; k++)
        {
            var queryLabel = context + (QuestionLength - 1) * k + 1;
            for (var other = 0; other < boxes; other++)
                if (other != k && Happens(hidden, random))
                    foreach (var layer in sees) layer[queryLabel * layout.Rows.Length + FactLength * other + 6] = false;
        }
        return layout with { Sees = sees };
    }

    private string Kind(int boxes, bool byNumber) => $"{boxes} {words.Kind}" + (byNumber ? " by number" : "");

    /// <summary>Rows, positions and attention of a scene in which every box is asked for.</summary>
    private SequenceLayout LayOut(int boxes, bool masked)
    {
        var context = 1 + FactLength * boxes;
        var rows = new List<(int Place, int Position, int Question, string? Name)>();
        for (var i = 0; i < context; i++)
            rows.Add((i, i, -1, i == 0 ? null : ((i - 1) % FactLength) switch
            {
                1 => SceneOptions.Object,
                5 => SceneOptions.Label,
                _ => null,
            }));
        for (var k = 0; k < boxes; k++)
        {
            for (var j = 0; j < QuestionLength - 1; j++)
                rows.Add((context + QuestionLength * k + j, context + j, k, j switch
                {
                    1 => SceneOptions.QueryLabel,
                    QuestionLength - 2 => SceneOptions.Last,
                    _ => null,
                }));
        }
        var sees = Enumerable.Range(0, masked ? options.MaskedLayers() : 1).Select(layer =>
        {
            var own = new bool[rows.Count * rows.Count];
            for (var i = 0; i < rows.Count; i++)
                for (var j = 0; j <= i; j++)
                    own[i * rows.Count + j] = i == j
                        || ((rows[j].Question < 0 || rows[j].Question == rows[i].Question)
                            && (!masked || options.MaySee(rows[j].Name, rows[i].Name, layer)));
            return own;
        });
        return new([.. rows.Select(r => r.Place)], [.. rows.Select(r => r.Position)], [.. sees]);
    }

    private static bool Happens(double share, SplitMix64 random) => random.Below(Parts) < share * Parts;
}

/// <summary>What scenes are made of.</summary>
/// <param name="Kind">What losses are told by: "boxes", of which there are some.</param>
/// <param name="Container">What things are in, within a sentence and at the beginning of one: ("Box", "Box").</param>
/// <param name="Objects">Ids of what is in it.</param>
/// <param name="Labels">Ids of its names.</param>
internal sealed record SceneWords(
    string Kind, (string Within, string First) Container, IReadOnlyList<int> Objects, IReadOnlyList<int> Labels)
{
    private static readonly LabVocabulary Words = LabVocabulary.Numbered;
    private static readonly int[] IsIn = Words.Encode("is in"), ContainsThe = Words.Encode("contains the");

    /// <summary>Ids of the numbers by their words, from zero.</summary>
    public static IReadOnlyList<int> Numbers { get; } = Words.Encode(LabVocabulary.Numbers);

    /// <summary>The paper's task: "The apple is in Box F".</summary>
    public static SceneWords Boxes { get; } = new("boxes", ("Box", "Box"),
        [.. EntityWords.All.Objects.Select(Words.IdOf)], [.. EntityWords.All.Labels.Select(Words.IdOf)]);

    /// <summary>Tables of numbers, a related task without a box, an object or a letter: "The seven is in row twelve,
    /// ... . Row twelve contains the". Rows are called ten to eighteen in any order, and hold zero to nine.</summary>
    public static SceneWords Rows { get; } = new("rows", ("row", "Row"),
        [.. Numbers.Take(10)], [.. Numbers.Skip(10)]);

    /// <summary>Ids of a context: 7 a segment.</summary>
    public IEnumerable<int> Context(int[] objects, int[] labels) =>
        Enumerable.Range(0, objects.Length).SelectMany(k => (int[])
        [
            Words.IdOf(k == 0 ? "The" : "the"), objects[k], .. IsIn, Words.IdOf(Container.Within), labels[k],
            Words.IdOf(k == objects.Length - 1 ? "." : ","),
        ]);

    /// <summary>Ids of a question, up to what its answer follows.</summary>
    public int[] Question(int label) => [Words.IdOf(Container.First), label, .. ContainsThe];

    /// <summary>Questions about scenes of seven, one a scene, each place asked for in turn.</summary>
    public IReadOnlyList<Question> Questions(ulong seed, int count)
    {
        var random = SplitMix64.For(seed, $"{Kind} questions");
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var objects = random.Sample(Objects, SceneData.MostBoxes);
            var labels = random.Sample(Labels, SceneData.MostBoxes);
            var k = i % SceneData.MostBoxes;
            return new Question([LabVocabulary.Begin, .. Context(objects, labels), .. Question(labels[k])],
                [objects[k]]);
        })];
    }
}
