using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>A weight's place in the flat list of all.</summary>
/// <param name="Name">Its name in a checkpoint, e.g. "model.layers.0.self_attn.q_proj.weight".</param>
/// <param name="Shape">(outputs, inputs) of a matrix, (d) of a norm.</param>
/// <param name="Offset">Of its first number.</param>
public sealed record FlatWeight(string Name, long[] Shape, long Offset)
{
    /// <summary>How many numbers it has.</summary>
    public long Count => Shape.Aggregate(1L, (a, b) => a * b);
}

/// <summary>
/// All weights of a model in one list of numbers, so that an optimizer's step is one pass and its state one tensor. A layer's q, k
/// and v projections lie side by side and so do gate and up, so that each is one product.
/// </summary>
public sealed class FlatWeights : IDisposable
{
    private readonly List<FlatWeight> places = [];

    /// <summary>Zeros in the shape of a model.</summary>
    /// <exception cref="NotSupportedException">The model has biases.</exception>
    public FlatWeights(LlamaConfig config, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        if (config.QkvBias || config.OutputBias)
            throw new NotSupportedException("models with attention biases cannot be trained");
        Config = config;
        long d = config.Width, q = (long)config.Heads * config.HeadWidth, kv = (long)config.KeyValueHeads * config.HeadWidth, f = config.FeedForward;
        Place("model.embed_tokens.weight", config.Vocabulary, d);
        for (var l = 0; l < config.Layers; l++)
        {
            var layer = $"model.layers.{l}.";
            Place(layer + "input_layernorm.weight", d);
            Place(layer + "self_attn.q_proj.weight", q, d);
            Place(layer + "self_attn.k_proj.weight", kv, d);
            Place(layer + "self_attn.v_proj.weight", kv, d);
            Place(layer + "self_attn.o_proj.weight", d, q);
            Place(layer + "post_attention_layernorm.weight", d);
            Place(layer + "mlp.gate_proj.weight", f, d);
            Place(layer + "mlp.up_proj.weight", f, d);
            Place(layer + "mlp.down_proj.weight", d, f);
        }
        Place("model.norm.weight", d);
        if (!config.TiedEmbeddings) Place("lm_head.weight", config.Vocabulary, d);
        using var _ = no_grad();
        Values = zeros([places[^1].Offset + places[^1].Count], dtype: dtype, device: device ?? CPU).DetachFromDisposeScope();
    }

    /// <summary>Shape of the model.</summary>
    public LlamaConfig Config { get; }

    /// <summary>All numbers: (P).</summary>
    public Tensor Values { get; }

    /// <summary>Where each weight is, in order.</summary>
    public IReadOnlyList<FlatWeight> Places => places;

    private void Place(string name, params long[] shape) =>
        places.Add(new(name, shape, places.Count == 0 ? 0 : places[^1].Offset + places[^1].Count));

    /// <summary>Place of a weight by its name in a checkpoint.</summary>
    public FlatWeight Find(string name) => places.First(p => p.Name == name);

    /// <summary>A weight as a view into <paramref name="flat"/>, this model's values or something in their shape. It belongs to the
    /// current dispose scope.</summary>
    public static Tensor View(Tensor flat, FlatWeight place) => flat.narrow(0, place.Offset, place.Count).view(place.Shape);

    /// <summary>Several weights that lie side by side, of one number of inputs, as one matrix.</summary>
    public static Tensor View(Tensor flat, FlatWeight first, FlatWeight last) =>
        flat.narrow(0, first.Offset, last.Offset + last.Count - first.Offset).view(-1, first.Shape[^1]);

    /// <summary>The model's weights as views: what changes here changes there.</summary>
    public LlamaWeights Weights()
    {
        using var scope = NewDisposeScope();
        return Weights(place => View(Values, place).DetachFromDisposeScope());
    }

    /// <summary>The model's weights, each made by <paramref name="make"/>.</summary>
    internal LlamaWeights Weights(Func<FlatWeight, Tensor> make)
    {
        var embedding = make(places[0]);
        var layers = new LlamaLayerWeights[Config.Layers];
        for (var l = 0; l < layers.Length; l++)
        {
            var at = 1 + 9 * l;
            layers[l] = new()
            {
                AttentionNorm = make(places[at]),
                Query = make(places[at + 1]),
                Key = make(places[at + 2]),
                Value = make(places[at + 3]),
                Output = make(places[at + 4]),
                MlpNorm = make(places[at + 5]),
                Gate = make(places[at + 6]),
                Up = make(places[at + 7]),
                Down = make(places[at + 8]),
            };
        }
        var norm = make(places[1 + 9 * Config.Layers]);
        return new()
        {
            Embedding = embedding,
            Layers = layers,
            FinalNorm = norm,
            Unembedding = Config.TiedEmbeddings ? embedding : make(places[2 + 9 * Config.Layers]),
        };
    }

    /// <summary>Copies a model's weights in, converting their dtype.</summary>
    public void CopyFrom(LlamaWeights weights)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (place, from) in places.Zip(weights.Tensors)) View(Values, place).copy_(from);
    }

    /// <summary>Frees the numbers; views of them stay valid.</summary>
    public void Dispose() => Values.Dispose();
}
