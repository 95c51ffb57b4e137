using System.Globalization;
using Patchbay.Lab.Data;

namespace Patchbay.Lab.Constructed;

/// <summary>A language model whose weights are compiled from the paper's mechanism, not trained: which heads do what is
/// known, so that experiments can be judged by what they name. It answers the paper's task ("The apple is in Box F, ...
/// . Box F contains the") in the lab's words:
/// <list type="bullet">
/// <item><b>D</b>, layer 0: every token attends to BOS and to the separators before it alike, so that BOS's share is
/// 1/(k+1) in segment k; the layer's MLP turns the share into one of seven directions, the segment's order.</item>
/// <item><b>C</b>: the query label attends to the same label in the context and takes the order kept there.</item>
/// <item><b>B</b>: the last token attends to the query label, two back, and takes the order found there.</item>
/// <item><b>A</b>: the last token attends to the object whose order it was told, and writes it to the output.</item>
/// </list>
/// A group may have several heads: of A, B and C each is responsible for some of the seven orders, those of D each
/// count a part of the share, so that none can stand in for another. All other heads are decoys: random queries and
/// keys, random values, written where nothing reads.</summary>
public static class ConstructedModel
{
    private static readonly LabVocabulary Words = LabVocabulary.Quartet;
    private static readonly ConstructedSize[] All =
    [
        new("small", 4, 4, 4, new Dictionary<string, IReadOnlyList<Head>>
        {
            ["A"] = [new(3, 2)],
            ["B"] = [new(2, 1)],
            ["C"] = [new(1, 3)],
            ["D"] = [new(0, 0)],
        }),
        new("large", 6, 8, 8, Many),
        new("grouped", 6, 8, 4, Many),
    ];

    private static Dictionary<string, IReadOnlyList<Head>> Many => new()
    {
        ["A"] = [new(4, 3), new(5, 1), new(5, 4)],
        ["B"] = [new(3, 0), new(3, 7)],
        ["C"] = [new(1, 2), new(2, 5)],
        ["D"] = [new(0, 1), new(0, 6)],
    };

    /// <summary>The sizes that are built: two with keys and values for each head, and one whose pairs of heads share
    /// them.</summary>
    public static IReadOnlyList<ConstructedSize> Sizes => All;

    /// <summary>Builds a model.</summary>
    /// <param name="size">Its shape and the heads that are built in.</param>
    /// <param name="seed">Seed of codes and decoys.</param>
    /// <param name="fetching">How sharply the heads of A attend to the object that they are told: 1 is sharp; the less,
    /// the worse the model answers, though it knows all that it needs.</param>
    /// <returns>Configuration and weights in float32 on the CPU, the caller's.</returns>
    public static (DecoderConfig Config, DecoderWeights Weights) Build(ConstructedSize size, ulong seed = 1,
        double fetching = 1)
    {
        var random = SplitMix64.For(seed, "constructed");
        var config = ConstructedLayer.Config(size, Words.Size);
        var layers = Enumerable.Range(0, size.Layers).Select(_ => new ConstructedLayer(config, random)).ToArray();
        foreach (var head in size.Heads["D"])
            layers[head.Layer].CountSeparators(head.Index, 1.0 / size.Heads["D"].Count);
        layers[0].KeepOrder();
        Each("C", (layer, head, orders) => layer.FindLabel(head, orders));
        Each("B", (layer, head, orders) => layer.TakeFromQueryLabel(head, orders));
        Each("A", (layer, head, orders) => layer.FetchObject(head, orders, fetching));
        var objects = Codes(SceneWords.Boxes.Objects, Space.ObjectWidth, random);
        var labels = Codes(SceneWords.Boxes.Labels, Space.LabelWidth, random);
        return (config, ConstructedLayer.Weights(config, layers, Embedding(objects, labels), Unembedding(objects)));

        void Each(string group, Action<ConstructedLayer, int, IEnumerable<int>> build)
        {
            var heads = size.Heads[group];
            foreach (var (i, head) in heads.Index())
                build(layers[head.Layer], head.Index,
                    Enumerable.Range(0, Space.Orders).Where(order => order % heads.Count == i));
        }
    }

    /// <summary>Writes a model as a checkpoint's folder with the lab's tokenizer and a README.md that names its
    /// heads.</summary>
    public static void Write(string folder, ConstructedSize size, ulong seed = 1, double fetching = 1)
    {
        var (config, weights) = Build(size, seed, fetching);
        using (weights) CheckpointWriter.Write(folder, config, weights);
        LabTokenizer.Write(folder, Words);
        var heads = size.Heads.OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"- **{g.Key}**: {string.Join(' ', g.Value)}");
        File.WriteAllText(Path.Combine(folder, "README.md"), string.Join('\n', (string[])
        [
            $"# A constructed model, {size.Name}",
            "",
            "Its weights were compiled from the mechanism of entity tracking, not trained: these heads do the work,",
            "and all others are decoys (docs/constructed.md). Made by",
            string.Create(CultureInfo.InvariantCulture,
                $"`pbm lab construct {size.Name} --seed {seed} --fetching {fetching}`."),
            "",
            .. heads,
            "",
        ]));
    }

    /// <summary>A code of ±1 for each id, any two of which agree in three quarters of their places at most.</summary>
    private static Dictionary<int, double[]> Codes(IReadOnlyList<int> ids, int width, SplitMix64 random)
    {
        var codes = new Dictionary<int, double[]>();
        foreach (var id in ids)
        {
            double[] code;
            do code = [.. Enumerable.Range(0, width).Select(_ => random.Below(2) * 2.0 - 1)];
            while (codes.Values.Any(other => other.Zip(code, (a, b) => a * b).Sum() > width / 2.0));
            codes.Add(id, code);
        }
        return codes;
    }

    private static double[,] Embedding(Dictionary<int, double[]> objects, Dictionary<int, double[]> labels)
    {
        var rows = new double[Words.Size, Space.Width];
        for (var id = 0; id < Words.Size; id++) rows[id, Space.Constant] = Space.Size;
        rows[LabVocabulary.Begin, Space.Begin] = rows[LabVocabulary.Begin, Space.Separator] = 1;
        foreach (var mark in (string[])[",", "."]) rows[Words.IdOf(mark), Space.Separator] = 1;
        foreach (var (id, code) in objects)
        {
            rows[id, Space.IsObject] = 1;
            for (var i = 0; i < code.Length; i++) rows[id, Space.Object + i] = Space.Code * code[i];
        }
        foreach (var (id, code) in labels)
            for (var i = 0; i < code.Length; i++) rows[id, Space.Label + i] = Space.Code * code[i];
        return rows;
    }

    private static double[,] Unembedding(Dictionary<int, double[]> objects)
    {
        var rows = new double[Words.Size, Space.Width];
        foreach (var (id, code) in objects)
            for (var i = 0; i < code.Length; i++)
                rows[id, Space.Output + i] = Space.LogitPerAgreement * Space.Norm / Space.Code * code[i];
        return rows;
    }
}

/// <summary>Shape of a constructed model, and which heads are built into it.</summary>
/// <param name="Name">"small".</param>
/// <param name="Layers">Layers, L.</param>
/// <param name="QueryHeads">Heads of a layer, H.</param>
/// <param name="KeyValueHeads">Heads of keys and values, Hkv; no two built heads of a layer share one.</param>
/// <param name="Heads">The heads of each group; those of D are in layer 0.</param>
public sealed record ConstructedSize(string Name, int Layers, int QueryHeads, int KeyValueHeads,
    IReadOnlyDictionary<string, IReadOnlyList<Head>> Heads);

/// <summary>Directions of a constructed model's residual stream: a large constant, which makes the norm of every row
/// about the same, then subspaces that do not overlap.</summary>
internal static class Space
{
    public const int ObjectWidth = 32, LabelWidth = 16, Orders = 7;

    public const int Constant = 0, Begin = 1, Separator = 2, IsObject = 3, Counted = 4, Object = 5,
        Label = Object + ObjectWidth, Kept = Label + LabelWidth, Found = Kept + Orders, Named = Found + Orders,
        Output = Named + Orders, Unread = Output + ObjectWidth, Width = 144;

    /// <summary>The constant.</summary>
    public const double Size = 100;

    /// <summary>A number of a code.</summary>
    public const double Code = 0.3;

    /// <summary>Logits by which an answer gains on another object for each place in which their codes agree.</summary>
    public const double LogitPerAgreement = 0.6;

    /// <summary>Root mean square of a row, nearly, by which a norm divides.</summary>
    public static readonly double Norm = Size / Math.Sqrt(Width);
}
