namespace Patchbay.Lab.Constructed;

/// <summary>One layer of a constructed model, decoys at first, into which heads and an MLP are set. Queries and keys
/// that match by content use rotary pairs that hardly turn (theta 1e12); those that match by distance, the fast
/// ones.</summary>
internal sealed class ConstructedLayer
{
    private const int HeadWidth = 32, Half = HeadWidth / 2;
    private const double Theta = 1e12;
    private const int SlowPairs = 6; // from here on a pair turns less than 0.002 over a prompt
    private const int FastPairs = 3;

    /// <summary>Score of a match, in nats; and of an order that A looks for, less, so that gradients pass.</summary>
    private const double Sharp = 40, Order = 10;

    private readonly DecoderConfig config;
    private readonly double[,] q, k, v, o, gate, up, down;

    /// <summary>Decoys everywhere.</summary>
    public ConstructedLayer(DecoderConfig config, SplitMix64 random)
    {
        this.config = config;
        int rows = config.Heads * HeadWidth, shared = config.KeyValueHeads * HeadWidth;
        (q, k, v, o) = (new double[rows, Space.Width], new double[shared, Space.Width],
            new double[shared, Space.Width], new double[Space.Width, rows]);
        (gate, up, down) = (new double[config.FeedForward, Space.Width], new double[config.FeedForward, Space.Width],
            new double[Space.Width, config.FeedForward]);
        for (var row = 0; row < rows; row++)
        {
            for (var d = 1; d < Space.Unread; d++) q[row, d] = Draw(2);
            for (var d = Space.Unread; d < Space.Width; d++) o[d, row] = Draw(0.2);
        }
        for (var row = 0; row < shared; row++)
            for (var d = 1; d < Space.Unread; d++) (k[row, d], v[row, d]) = (Draw(2), Draw(4));

        double Draw(double spread) => spread * (random.NextDouble() - 0.5);
    }

    /// <summary>Shape of a constructed model.</summary>
    public static DecoderConfig Config(ConstructedSize size, int vocabulary) => new()
    {
        Layers = size.Layers,
        Heads = size.QueryHeads,
        KeyValueHeads = size.KeyValueHeads,
        HeadWidth = HeadWidth,
        Width = Space.Width,
        FeedForward = 8,
        Vocabulary = vocabulary,
        MaxPositions = 512,
        RopeTheta = Theta,
        BeginId = 1,
        EndIds = [2],
    };

    /// <summary>D: attends to BOS and separators alike, and counts BOS's share of them.</summary>
    public void CountSeparators(int head, double share)
    {
        Clear(head);
        Match(head, 0, Space.Constant, Space.Size, Space.Separator, 1, Sharp);
        Copy(head, Space.Begin, Space.Counted, 1, share);
    }

    /// <summary>The MLP after D: the share 1/(k+1) becomes the direction of order k, by hats with their corners at
    /// 1/1, 1/2, ..., 1/8.</summary>
    public void KeepOrder()
    {
        const double steep = 2000; // of SiLU, so that it is nearly max(0, x)
        double[] corner = [.. Enumerable.Range(1, Space.Orders + 1).Select(n => 1.0 / n)];
        for (var j = 1; j <= Space.Orders; j++) // unit j: how far the share is above corner j
        {
            (gate[j, Space.Counted], gate[j, Space.Constant]) =
                (steep * Space.Norm, -steep * corner[j] * Space.Norm / Space.Size);
            up[j, Space.Constant] = Space.Norm / Space.Size;
        }
        for (var order = 0; order < Space.Orders; order++)
        {
            var rise = 1 / (corner[order] - corner[order + 1]);
            down[Space.Kept + order, order + 1] += rise / steep;
            if (order == 0) continue;
            var fall = 1 / (corner[order - 1] - corner[order]);
            down[Space.Kept + order, order] -= (rise + fall) / steep;
            if (order > 1) down[Space.Kept + order, order - 1] += fall / steep;
        }
    }

    /// <summary>C: attends to where the own label is, and takes the order kept there, if it is one of its own. Half of
    /// the attention goes to the query label itself, which keeps none.</summary>
    public void FindLabel(int head, IEnumerable<int> orders)
    {
        Clear(head);
        for (var i = 0; i < Space.LabelWidth; i++)
            Match(head, i, Space.Label + i, Space.Code, Space.Label + i, Space.Code, 2 * Sharp / Space.LabelWidth);
        foreach (var order in orders) Copy(head, Space.Kept + order, Space.Found + order, 1, 2, order);
    }

    /// <summary>B: attends to two tokens back, and takes the order found there, if it is one of its own.</summary>
    public void TakeFromQueryLabel(int head, IEnumerable<int> orders)
    {
        Clear(head);
        var strength = Math.Sqrt(2 * Sharp * Math.Sqrt(HeadWidth)) / (Space.Size / Space.Norm);
        var key = KeyValue(head) * HeadWidth;
        for (var i = 0; i < FastPairs; i++)
        {
            var turn = -2 * Math.Pow(Theta, -2.0 * i / HeadWidth); // two positions back
            (q[head * HeadWidth + i, Space.Constant], q[head * HeadWidth + Half + i, Space.Constant]) =
                (strength * Math.Cos(turn), strength * Math.Sin(turn));
            k[key + i, Space.Constant] = strength;
        }
        foreach (var order in orders) Copy(head, Space.Found + order, Space.Named + order, 1, 1, order);
    }

    /// <summary>A: attends to the object that keeps the order named, if that is one of its own, else to all objects
    /// alike, and copies what it sees to the output.</summary>
    public void FetchObject(int head, IEnumerable<int> orders, double sharpness)
    {
        Clear(head);
        foreach (var order in orders)
            Match(head, order, Space.Named + order, 1, Space.Kept + order, 1, Order * sharpness);
        Match(head, Space.Orders, Space.Constant, Space.Size, Space.IsObject, 1, Order);
        Copy(head, Space.Object, Space.Output, Space.ObjectWidth, 1);
    }

    /// <summary>A model of such layers.</summary>
    public static DecoderWeights Weights(DecoderConfig config, ConstructedLayer[] layers, double[,] embedding,
        double[,] unembedding)
    {
        using var scope = NewDisposeScope();
        return new()
        {
            Embedding = Kept(embedding),
            Unembedding = Kept(unembedding),
            FinalNorm = One(),
            Layers = [.. layers.Select(layer => new LayerWeights
            {
                AttentionNorm = One(),
                MlpNorm = One(),
                Query = Kept(layer.q),
                Key = Kept(layer.k),
                Value = Kept(layer.v),
                Output = Kept(layer.o),
                Gate = Kept(layer.gate),
                Up = Kept(layer.up),
                Down = Kept(layer.down),
            })],
        };

        Tensor One() => ones([config.Width], dtype: ScalarType.Float32, device: CPU).DetachFromDisposeScope();
        static Tensor Kept(double[,] values) =>
            tensor(values, device: CPU).to(ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>Adds to a head's score <paramref name="score"/> nats where the query has <paramref name="asked"/> in
    /// one direction and the key <paramref name="held"/> in another, in a channel that hardly turns.</summary>
    private void Match(int head, int channel, int query, double asked, int key, double held, double score)
    {
        var slow = Half - SlowPairs;
        var at = channel < slow ? SlowPairs + channel : Half + SlowPairs + channel - slow;
        var scale = Math.Sqrt(score * Math.Sqrt(HeadWidth)) * Space.Norm;
        q[head * HeadWidth + at, query] = scale / asked;
        k[KeyValue(head) * HeadWidth + at, key] = scale / held;
    }

    /// <summary>Copies a subspace from where the head attends, <paramref name="share"/> times, to another, through the
    /// head's channels from <paramref name="channel"/> on.</summary>
    private void Copy(int head, int from, int to, int count, double share, int channel = 0)
    {
        for (var i = 0; i < count; i++)
            (v[KeyValue(head) * HeadWidth + channel + i, from + i], o[to + i, head * HeadWidth + channel + i]) =
                (Space.Norm, share);
    }

    private int KeyValue(int head) => head / config.GroupSize;

    /// <summary>Empties a head, and the keys and values that it reads; another query head of its group goes on reading
    /// them, and writes where nothing reads.</summary>
    private void Clear(int head)
    {
        for (var d = 0; d < Space.Width; d++)
        {
            for (var i = 0; i < HeadWidth; i++)
            {
                q[head * HeadWidth + i, d] = o[d, head * HeadWidth + i] = 0;
                k[KeyValue(head) * HeadWidth + i, d] = v[KeyValue(head) * HeadWidth + i, d] = 0;
            }
        }
    }
}
