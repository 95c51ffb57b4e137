using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Tests.Constructed;

/// <summary>
/// A language model whose weights are set by hand, so that which heads do what is known. It tracks entities in their
/// barest form: BOS, pairs of object and label, the queried label, END; the answer is the object before the earlier
/// occurrence of the label. Four layers of four heads, no MLP: layer 0, D: the label attends to the token before it and
/// keeps which object that is; layer 1, C: the queried label attends to the same label and takes what D kept there;
/// layer 2, B: END attends to the queried label before it and takes what C found; layer 3, A: END attends to the object
/// that B names and writes it to the output. All other heads are decoys: random queries and keys, values written where
/// nothing reads.
/// </summary>
internal static class ConstructedModel
{
    public const int Objects = 10, Labels = 8, Boxes = 4, End = 1 + Objects + Labels;
    private const int HeadWidth = 32, Width = 128, Half = HeadWidth / 2;

    // Directions of the residual stream: a large constant, which makes every norm about the same, then one-hot
    // subspaces.
    private const int Constant = 0, Object = 1, Label = 11, Begin = 19, Kept = 20, Found = 30, Named = 40, Output = 50,
        Unread = 60;
    private const double Size = 50;
    private static readonly double Norm = Math.Sqrt(Size * Size / Width); // of a row, nearly

    // Rotary pairs: the first ones turn with position, those from 5 on hardly at all (theta 1e12).
    private const int Content = 6, Sink = 5;

    public static DecoderConfig Config { get; } = new()
    {
        Layers = 4,
        Heads = 4,
        KeyValueHeads = 4,
        HeadWidth = HeadWidth,
        Width = Width,
        FeedForward = 4,
        Vocabulary = End + 1,
        MaxPositions = 32,
        RopeTheta = 1e12,
    };

    /// <summary>The heads that were built in.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Head>> Heads { get; } = new Dictionary<string,
        IReadOnlyList<Head>>
    {
        ["A"] = [new(3, 2)],
        ["B"] = [new(2, 1)],
        ["C"] = [new(1, 3)],
        ["D"] = [new(0, 0)],
    };

    /// <summary>Builds the model.</summary>
    /// <param name="fetching">How sharply A attends to the object that it is told; 1 is sharp, 0 not at all.</param>
    /// <param name="seed">Of the decoys.</param>
    public static Decoder Build(double fetching = 1, int seed = 1)
    {
        var random = new Random(seed);
        var layers = Enumerable.Range(0, Config.Layers).Select(_ => new Layer(random)).ToArray();
        layers[0].PreviousToken(Heads["D"][0].Index, Object, Kept);
        // half of the attention goes to itself, which has nothing
        layers[1].Match(Heads["C"][0].Index, Label, Labels, Label, 60, Kept, Found, strength: 2);
        layers[2].PreviousToken(Heads["B"][0].Index, Found, Named);
        layers[3].Match(Heads["A"][0].Index, Named, Objects, Object, 60 * fetching, Object, Output, strength: 1);
        var embedding = new double[Config.Vocabulary, Width];
        for (var t = 0; t < Config.Vocabulary; t++) embedding[t, Constant] = Size;
        embedding[0, Begin] = 1;
        for (var o = 0; o < Objects; o++) embedding[1 + o, Object + o] = 1;
        for (var l = 0; l < Labels; l++) embedding[1 + Objects + l, Label + l] = 1;
        var unembedding = new double[Config.Vocabulary, Width];
        for (var o = 0; o < Objects; o++) unembedding[1 + o, Output + o] = 12 * Norm;
        return new Decoder(Config, new DecoderWeights
        {
            Embedding = tensor(embedding),
            Unembedding = tensor(unembedding),
            FinalNorm = ones([Width], dtype: ScalarType.Float64),
            Layers = [.. layers.Select(l => l.Weights())],
        });
    }

    /// <summary>Seeded prompts with counterfactuals as the method has them: another scene, a label that is in neither,
    /// a random label's position in its place.</summary>
    public static PromptSet Prompts(int count, ulong seed)
    {
        var random = SplitMix64.For(seed, "constructed");
        return new([.. Enumerable.Range(0, count).Select(i =>
        {
            var (objects, labels) = Scene(random);
            var (others, absent) = Scene(random);
            var box = random.Below(Boxes);
            var free = Enumerable.Range(0, Labels).Where(l => !absent.Contains(l) && l != labels[box]).ToArray();
            return new Prompt(Sequence(objects, labels, labels[box], box),
                Sequence(others, absent, free[random.Below(free.Length)], random.Below(Boxes)), 1 + objects[box],
                $"prompt {i}");
        })]);
    }

    /// <summary>Triples whose source asks for a box of another scene, in which the answer is the source's object
    /// (object value).</summary>
    public static IReadOnlyList<DcmTriple> ObjectTriples(int count, ulong seed)
    {
        var random = SplitMix64.For(seed, "triples");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var (objects, labels) = Scene(random);
            var (others, sourceLabels) = Scene(random);
            var (box, other) = (random.Below(Boxes), random.Below(Boxes));
            var (from, to) = (Sequence(objects, labels, labels[box], box),
                Sequence(others, sourceLabels, sourceLabels[other], other));
            return new DcmTriple(from.Ids, from.Positions[PositionNames.Last], to.Ids, to.Positions[PositionNames.Last],
                1 + others[other]);
        })];
    }

    private static (int[] Objects, int[] Labels) Scene(SplitMix64 random)
    {
        int[] Some(int all)
        {
            var rest = Enumerable.Range(0, all).ToList();
            return [.. Enumerable.Range(0, Boxes).Select(_ =>
            {
                var pick = rest[random.Below(rest.Count)];
                rest.Remove(pick);
                return pick;
            })];
        }
        return (Some(Objects), Some(Labels));
    }

    private static TokenSequence Sequence(int[] objects, int[] labels, int queried, int box)
    {
        int[] ids = [0, .. objects.Zip(labels, (o, l) => new[] { 1 + o, 1 + Objects + l }).SelectMany(p => p), 1
            + Objects + queried, End];
        return new(ids, new Dictionary<string, int>
        {
            [PositionNames.Last] = ids.Length - 1,
            [PositionNames.QueryLabel] = ids.Length - 2,
            [PositionNames.PreviousQueryLabel] = 2 + 2 * box,
            [PositionNames.CorrectObject] = 1 + 2 * box,
        });
    }

    private sealed class Layer
    {
        private readonly double[,] q = new double[Width, Width], k = new double[Width, Width],
            v = new double[Width, Width], o = new double[Width, Width];

        /// <summary>Decoys everywhere, which built heads then replace.</summary>
        public Layer(Random random)
        {
            for (var row = 0; row < Width; row++)
            {
                for (var d = 1; d < Unread; d++) (q[row, d], k[row, d], v[row, d]) = (random.NextDouble() - 0.5,
                    random.NextDouble() - 0.5, 4 * (random.NextDouble() - 0.5));
                for (var d = Unread; d < Width; d++) o[d, row] = 0.2 * (random.NextDouble() - 0.5);
            }
        }

        /// <summary>Attends to the token before, and copies a subspace of its residual stream to another.</summary>
        public void PreviousToken(int head, int from, int to)
        {
            Clear(head);
            var strength = Math.Sqrt(60 * Math.Sqrt(HeadWidth)) / (Size / Norm);
            for (var i = 0; i < 3; i++)
            {
                var turn = -Math.Pow(Config.RopeTheta, -2.0 * i / HeadWidth); // one position back
                (q[head * HeadWidth + i, Constant], q[head * HeadWidth + Half + i, Constant]) = (
                    strength * Math.Cos(turn), strength * Math.Sin(turn));
                k[head * HeadWidth + i, Constant] = strength;
            }
            Copy(head, from, to, 1);
        }

        /// <summary>Attends to where a subspace of the keys names what one of the query names, to BOS where the query
        /// names nothing.</summary>
        public void Match(int head, int query, int count, int key, double sharpness, int from, int to, double strength)
        {
            Clear(head);
            var scale = Math.Sqrt(sharpness * Math.Sqrt(HeadWidth)) * Norm;
            for (var i = 0; i < count; i++) (q[head * HeadWidth + Content + i, query + i],
                k[head * HeadWidth + Content + i, key + i]) = (scale, scale);
            (q[head * HeadWidth + Sink, Constant], k[head * HeadWidth + Sink, Begin]) = (scale / Size / 2, scale);
            Copy(head, from, to, strength);
        }

        public LayerWeights Weights() => new()
        {
            AttentionNorm = ones([Width], dtype: ScalarType.Float64),
            MlpNorm = ones([Width], dtype: ScalarType.Float64),
            Query = tensor(q),
            Key = tensor(k),
            Value = tensor(v),
            Output = tensor(o),
            Gate = zeros([4, Width], dtype: ScalarType.Float64),
            Up = zeros([4, Width], dtype: ScalarType.Float64),
            Down = zeros([Width, 4], dtype: ScalarType.Float64),
        };

        private void Copy(int head, int from, int to, double strength)
        {
            for (var i = 0; i < Objects; i++) (v[head * HeadWidth + i, from + i],
                o[to + i, head * HeadWidth + i]) = (Norm, strength);
        }

        private void Clear(int head)
        {
            for (var j = head * HeadWidth; j < (head + 1) * HeadWidth; j++)
                for (var d = 0; d < Width; d++) q[j, d] = k[j, d] = v[j, d] = o[d, j] = 0;
        }
    }
}
