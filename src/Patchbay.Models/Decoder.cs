using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Models;

/// <summary>A decoder of any family that <see cref="DecoderConfig"/> describes: its forward pass, written plainly, and
/// the parts of it (norm, projection, rotary embedding, MLP, unembedding) from which Patchbay.Patching builds its
/// faster one. Shapes: N prompts, T tokens, H query heads, Hkv key/value heads, dh head width, d model width, f MLP
/// width.</summary>
public sealed partial class Decoder : IDisposable
{
    private readonly RotaryTables turns;

    /// <summary>Takes ownership of <paramref name="weights"/>.</summary>
    public Decoder(DecoderConfig config, DecoderWeights weights)
    {
        Config = config;
        Weights = weights;
        turns = new RotaryTables(this);
        var laidOutLong = config.Width >= 2048 || ElementSize == 2;
        BlockRows = Device.type != DeviceType.CPU ? 8192 : laidOutLong ? 2048 : 512;
    }

    /// <summary>Shape and constants.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Whether rotary frequencies and angles are float64 too, to compare with numbers that were made so: the
    /// checkpoints' own code has them in float32 whatever the dtype, which moves scores by up to some 1e-8.</summary>
    public bool ExactRotary { get; init; }

    /// <summary>Owned by this model, in one dtype on one device.</summary>
    public DecoderWeights Weights { get; }

    /// <summary>Dtype of every activation: the weights', but float32 for float16 weights on the CPU, where libtorch
    /// multiplies no float16; they are widened as they are used, so that the model still takes half the
    /// memory.</summary>
    public ScalarType Dtype
    {
        get
        {
            var stored = Weights.Embedding.dtype;
            return stored == ScalarType.Float16 && Device.type == DeviceType.CPU ? ScalarType.Float32 : stored;
        }
    }

    /// <summary>Bytes of one activation.</summary>
    public int ElementSize => Dtype switch { ScalarType.Float64 => 8, ScalarType.Float32 => 4, _ => 2 };

    // A weight in the activations' dtype.
    private Tensor Ready(Tensor weight) => weight.dtype == Dtype ? weight.alias() : weight.to(Dtype);

    private Tensor? ReadyBias(Tensor? bias) => bias is null ? null : Ready(bias);

    /// <summary>Where the weights are.</summary>
    public Device Device => Weights.Embedding.device;

    /// <summary>Floating-point operations of the matrix products done so far, two per multiply-add: attention's scores
    /// and sums included, norms and the like not. Benchmarks read it before and after.</summary>
    public long Operations { get; private set; }

    /// <summary>Counts a product of (rows, inner) by (inner, columns).</summary>
    public void CountProduct(long rows, long inner, long columns) => Operations += 2 * rows * inner * columns;

    /// <summary>Logits of whole sequences: (N, T) ids -> (N, T, vocabulary). Shorter prompts are padded on the right:
    /// attention is causal, so no padding is ever seen by a real token. <paramref name="hooks"/> may watch or replace
    /// what each layer computes. This is the reference: every position of every layer, nothing skipped.</summary>
    public Tensor Forward(Tensor ids, ForwardHooks? hooks = null)
    {
        using var scope = NewDisposeScope();
        turns.Reserve(ids.shape[1]);
        var positions = RowIndex.Below(ids.shape[1], Device);
        var x = Embed(ids, positions); // (N, T, d)
        for (var l = 0; l < Config.Layers; l++) x = Layer(l, x, positions, hooks);
        return Unembed(x).MoveToOuterDisposeScope();
    }

    private Tensor Layer(int l, Tensor x, Tensor positions, ForwardHooks? hooks)
    {
        using var scope = NewDisposeScope();
        var rows = x.shape[0] * x.shape[1];
        CountProduct(rows, Config.HeadWidth, 2 * x.shape[1] * Config.Heads);
        CountProduct(rows, Config.Heads * Config.HeadWidth, Config.Width);
        CountProduct(rows, Config.Width, MlpColumns);
        var h = AttentionInput(l, x);
        var q = Project(l, Site.Q, h);                     // (N, T, H, dh)
        var k = PerQueryHead(Project(l, Site.K, h));       // (N, T, H, dh)
        var v = PerQueryHead(Project(l, Site.V, h));       // (N, T, H, dh)
        q = hooks?.Projection(l, Site.Q, q) ?? q;
        k = hooks?.Projection(l, Site.K, k) ?? k;
        v = hooks?.Projection(l, Site.V, v) ?? v;
        q = Turn(l, q, positions);
        k = Turn(l, k, positions);
        var scores = Scored(l, q.transpose(1, 2).matmul(k.permute(0, 2, 3, 1))); // (N, H, T, T)
        scores = scores.masked_fill(Unseen(l, positions, positions), Number.Never);
        scores = hooks?.Scores(l, scores) ?? scores;
        var z = Softmax(scores).matmul(v.transpose(1, 2)).transpose(1, 2); // (N, T, H, dh)
        z = hooks?.Z(l, z) ?? z;
        var mid = x.add(AttentionOutput(l, AttentionSum(l, z.flatten(2))), Number.One); // (N, T, d)
        var read = MlpInput(l, Config.Parallel ? x : mid);
        return mid.add(MlpOutput(l, read), Number.One).MoveToOuterDisposeScope();
    }

    /// <summary>What a layer's attention reads of the residual stream: normed, (..., d).</summary>
    public Tensor AttentionInput(int layer, Tensor x) =>
        Weights.Layers[layer] is { AttentionNorm: { } norm } w ? Norm(x, norm, w.AttentionNormBias) : x.alias();

    /// <summary>What a layer's heads sum up to: z (..., H·dh) -> (..., d), before a norm of it.</summary>
    public Tensor AttentionSum(int layer, Tensor z)
    {
        var w = Weights.Layers[layer];
        return F.linear(z, Ready(w.Output), ReadyBias(w.OutputBias));
    }

    /// <summary>What a layer's attention adds to the residual stream, from <see cref="AttentionSum"/>.</summary>
    public Tensor AttentionOutput(int layer, Tensor sum) => Added(sum, Weights.Layers[layer].AttentionOutNorm);

    // x, or in a parallel layer the residual stream before attention, as the MLP reads it.
    private Tensor MlpInput(int layer, Tensor x)
    {
        var w = Weights.Layers[layer];
        var (norm, bias) = Config.SharesNorm ? (w.AttentionNorm, w.AttentionNormBias) : (w.MlpNorm, w.MlpNormBias);
        return norm is null ? x.alias() : Norm(x, norm, bias);
    }

    private Tensor MlpOutput(int layer, Tensor h)
    {
        var w = Weights.Layers[layer];
        var up = F.linear(h, Ready(w.Up), ReadyBias(w.UpBias)); // (..., f)
        var hidden = w.Gate is null ? Activated(up) : Activated(F.linear(h, Ready(w.Gate), ReadyBias(w.GateBias))) * up;
        return Added(F.linear(hidden, Ready(w.Down), ReadyBias(w.DownBias)), w.MlpOutNorm);
    }

    private Tensor Activated(Tensor x) => Config.Activation switch
    {
        Activation.Silu => x.silu(),
        Activation.Gelu => x.gelu(),
        _ => GeluTanh(x),
    };

    // x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
    private static Tensor GeluTanh(Tensor x)
    {
        var inner = x.add(x * x * x, Number.Of(0.044715)).mul(Number.Of(Math.Sqrt(2 / Math.PI)));
        return x.mul(Number.Of(0.5)) * inner.tanh().add(Number.One, Number.One);
    }

    // What a sum becomes before it is added to the residual stream.
    private Tensor Added(Tensor sum, Tensor? norm)
    {
        if (norm is not null) sum = Norm(sum, norm);
        return Config.ResidualFactor == 1 ? sum : sum.mul(Number.Of(Config.ResidualFactor));
    }

    /// <summary>A layer's products of q and k as scores: divided, and capped where the model does so.</summary>
    public Tensor Scored(int layer, Tensor products) =>
        Capped(products.div(Number.Of(Config.Divisor(layer) ?? Math.Sqrt(Config.HeadWidth))), Config.ScoreCap);

    internal static Tensor Capped(Tensor x, double? cap) =>
        cap is { } most ? x.div(Number.Of(most)).tanh().mul(Number.Of(most)) : x;

    /// <summary>True where a query of a layer does not see a key, for it comes after it or lies before the window:
    /// positions (..., Q) and (K) -> (..., Q, K).</summary>
    public Tensor Unseen(int layer, Tensor queries, Tensor keys)
    {
        var at = queries.unsqueeze(-1);
        var after = keys.gt(at);
        if (Config.Window(layer) is not { } window) return after;
        return after | keys.le(at.add(Number.Of(-(long)window), Number.One));
    }

    /// <summary>Token embeddings, with their positions' where these are learned: ids (..., T) or (R), positions (T) or
    /// (R) -> (..., d).</summary>
    public Tensor Embed(Tensor ids, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var rows = Ready(Weights.Embedding.index_select(0, ids.reshape(-1)).reshape([.. ids.shape, Config.Width]));
        if (Config.EmbeddingFactor != 1) rows = rows.mul(Number.Of(Config.EmbeddingFactor));
        if (Weights.Positions is { } table) rows = rows.add(Ready(table.index_select(0, positions)), Number.One);
        return rows.MoveToOuterDisposeScope();
    }

    /// <summary>Final norm and unembedding: (..., d) -> (..., vocabulary).</summary>
    public Tensor Unembed(Tensor x)
    {
        CountProduct(x.numel() / Config.Width, Config.Width, Config.Vocabulary);
        using var scope = NewDisposeScope();
        var logits = F.linear(FinalNorm(x), Ready(Weights.Unembedding), ReadyBias(Weights.UnembeddingBias));
        return Logits(logits).MoveToOuterDisposeScope();
    }

    private Tensor FinalNorm(Tensor x) => Norm(x, Weights.FinalNorm, Weights.FinalNormBias);

    // Products with the unembedding as logits.
    private Tensor Logits(Tensor products) => Capped(
        Config.LogitDivisor == 1 ? products : products.div(Number.Of(Config.LogitDivisor)), Config.LogitCap);

    /// <summary>A norm over the last dimension as <see cref="NormKind"/> tells, in float32 where the dtype is narrower,
    /// as the checkpoints' own code does.</summary>
    public Tensor Norm(Tensor x, Tensor weight, Tensor? bias = null)
    {
        using var scope = NewDisposeScope();
        var wide = Wide(x);
        if (Config.Norm == NormKind.Layer)
        {
            var normed = F.layer_norm(wide, weight.shape, Wide(weight).to(wide.dtype), bias is null ? null
                : Wide(bias).to(wide.dtype), Config.NormEpsilon);
            return normed.to(x.dtype).MoveToOuterDisposeScope();
        }
        var mean = (wide * wide).mean([-1], keepdim: true);
        var y = wide * mean.add(Number.Of(Config.NormEpsilon), Number.One).rsqrt();
        if (Config.Norm == NormKind.RmsPlusOne)
        {
            var factor = Wide(weight).to(wide.dtype).add(Number.One, Number.One);
            return (y * factor).to(x.dtype).MoveToOuterDisposeScope();
        }
        y = y.to(x.dtype);
        return (is_grad_enabled() ? y * Ready(weight) : y.mul_(Ready(weight))).MoveToOuterDisposeScope();
    }

    /// <summary>One projection of a layer's normed input, before the rotary embedding; q and k after their norm, where
    /// they have one: (..., d) -> (..., H, dh) for q, (..., Hkv, dh) for k and v.</summary>
    public Tensor Project(int layer, Site site, Tensor h)
    {
        var (weight, bias) = Projection(layer, site);
        CountProduct(h.numel() / Config.Width, Config.Width, weight.shape[0]);
        using var scope = NewDisposeScope();
        var projected = F.linear(h, Ready(weight), ReadyBias(bias)); // (..., heads·dh)
        long[] shape = [.. h.shape[..^1], -1, Config.HeadWidth];
        if (NormOf(layer, site) is not { } norm) return projected.view(shape).MoveToOuterDisposeScope();
        projected = Config.QueryKeyNorm == QueryKeyNorm.Whole ? Norm(projected, norm).view(shape)
            : Norm(projected.view(shape), norm);
        return projected.MoveToOuterDisposeScope();
    }

    // The norm of q or k, or null where there is none.
    private Tensor? NormOf(int layer, Site site) => site switch
    {
        Site.Q => Weights.Layers[layer].QueryNorm,
        Site.K => Weights.Layers[layer].KeyNorm,
        _ => null,
    };

    /// <summary>Weight (outputs, d) and bias (outputs), or null, of a layer's q, k or v projection.</summary>
    public (Tensor Weight, Tensor? Bias) Projection(int layer, Site site)
    {
        var w = Weights.Layers[layer];
        return site switch
        {
            Site.Q => (w.Query, w.QueryBias),
            Site.K => (w.Key, w.KeyBias),
            Site.V => (w.Value, w.ValueBias),
            _ => throw new ArgumentException($"site {site} is no projection; expected q, k or v"),
        };
    }

    /// <summary>Key/value heads repeated, so that query head h has its own: (..., Hkv, dh) -> (..., H, dh).</summary>
    public Tensor PerQueryHead(Tensor kv) =>
        Config.GroupSize == 1 ? kv.alias() : kv.repeat_interleave(Config.GroupSize, dim: -2);

    /// <summary>Softmax over the last dimension, in float32 where the dtype is narrower.</summary>
    public static Tensor Softmax(Tensor scores)
    {
        using var scope = NewDisposeScope();
        return Wide(scores).softmax(-1).to(scores.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Refuses a sequence that this model cannot read, and makes ready for one that it can.</summary>
    /// <exception cref="InvalidDataException">It is longer than positions allow.</exception>
    public void CheckLength(long tokens)
    {
        if (tokens > Config.MaxPositions)
            throw new InvalidDataException($"a prompt of {tokens} tokens is too long: this model reads at most "
                + $"{Config.MaxPositions} (max_position_embeddings)");
        turns.Reserve(tokens);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        turns.Dispose();
        Weights.Dispose();
    }

    private static Tensor Wide(Tensor x) =>
        x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x.alias();
}

/// <summary>What a caller may watch or replace in <see cref="Decoder.Forward"/>: each method gets a tensor and returns
/// it, or another in its place.</summary>
public abstract class ForwardHooks
{
    /// <summary>q, k or v before the rotary embedding, k and v repeated for every query head: (N, T, H, dh).</summary>
    public virtual Tensor Projection(int layer, Site site, Tensor value) => value;

    /// <summary>Attention scores after the causal mask, before the softmax: (N, H, T, T), query by key.</summary>
    public virtual Tensor Scores(int layer, Tensor scores) => scores;

    /// <summary>Heads' weighted sums before the output projection: (N, T, H, dh).</summary>
    public virtual Tensor Z(int layer, Tensor z) => z;
}
