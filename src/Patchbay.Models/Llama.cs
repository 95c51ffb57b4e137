using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Models;

/// <summary>A Llama-architecture language model: its forward pass, written plainly, and the parts of it (norm,
/// projection, rotary embedding, MLP, unembedding) from which Patchbay.Patching builds its faster one. Shapes: N
/// prompts, T tokens, H query heads, Hkv key/value heads, dh head width, d model width, f MLP width.</summary>
public sealed partial class Llama : IDisposable
{
    private Tensor? cos, sin; // (positions, dh/2), in the weights' dtype

    /// <summary>Takes ownership of <paramref name="weights"/>.</summary>
    public Llama(LlamaConfig config, LlamaWeights weights)
    {
        Config = config;
        Weights = weights;
        var laidOutLong = config.Width >= 2048 || ElementSize == 2;
        BlockRows = Device.type != DeviceType.CPU ? 8192 : laidOutLong ? 2048 : 512;
    }

    /// <summary>Shape and constants.</summary>
    public LlamaConfig Config { get; }

    /// <summary>Owned by this model, in one dtype on one device.</summary>
    public LlamaWeights Weights { get; }

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

    /// <summary>What scores of attention are divided by: the root of the head width.</summary>
    public Scalar Scale => Number.Of(Math.Sqrt(Config.HeadWidth));

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
        var x = Embed(ids); // (N, T, d)
        var positions = RowIndex.Below(ids.shape[1], Device);
        for (var l = 0; l < Config.Layers; l++) x = Layer(l, x, positions, hooks);
        return Unembed(x).MoveToOuterDisposeScope();
    }

    private Tensor Layer(int l, Tensor x, Tensor positions, ForwardHooks? hooks)
    {
        using var scope = NewDisposeScope();
        var w = Weights.Layers[l];
        var rows = x.shape[0] * x.shape[1];
        CountProduct(rows, Config.HeadWidth, 2 * x.shape[1] * Config.Heads);
        CountProduct(rows, Config.Heads * Config.HeadWidth, Config.Width);
        CountProduct(rows, Config.Width, 3L * Config.FeedForward);
        var h = Norm(x, w.AttentionNorm);
        var q = Project(l, Site.Q, h);                     // (N, T, H, dh)
        var k = PerQueryHead(Project(l, Site.K, h));       // (N, T, H, dh)
        var v = PerQueryHead(Project(l, Site.V, h));       // (N, T, H, dh)
        q = hooks?.Projection(l, Site.Q, q) ?? q;
        k = hooks?.Projection(l, Site.K, k) ?? k;
        v = hooks?.Projection(l, Site.V, v) ?? v;
        q = Rope(q, positions);
        k = Rope(k, positions);
        var scores = q.transpose(1, 2).matmul(k.permute(0, 2, 3, 1)).div(Scale); // (N, H, T, T)
        scores = scores.masked_fill(positions.unsqueeze(0).gt(positions.unsqueeze(1)), Number.Never);
        scores = hooks?.Scores(l, scores) ?? scores;
        var z = Softmax(scores).matmul(v.transpose(1, 2)).transpose(1, 2); // (N, T, H, dh)
        z = hooks?.Z(l, z) ?? z;
        var o = F.linear(z.reshape(x.shape[0], x.shape[1], -1), Ready(w.Output), ReadyBias(w.OutputBias));
        x = x.add(o, Number.One);
        h = Norm(x, w.MlpNorm);
        x = x.add(Mlp(w, h), Number.One);
        return x.MoveToOuterDisposeScope();
    }

    private Tensor Mlp(LlamaLayerWeights w, Tensor h) =>
        F.linear(F.linear(h, Ready(w.Gate)).silu() * F.linear(h, Ready(w.Up)), Ready(w.Down));

    /// <summary>Rows of the embedding: ids of any shape -> (..., d).</summary>
    public Tensor Embed(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var rows = Weights.Embedding.index_select(0, ids.reshape(-1)).reshape([.. ids.shape, Config.Width]);
        return Ready(rows).MoveToOuterDisposeScope();
    }

    /// <summary>Final norm and unembedding: (..., d) -> (..., vocabulary).</summary>
    public Tensor Unembed(Tensor x)
    {
        CountProduct(x.numel() / Config.Width, Config.Width, Config.Vocabulary);
        using var scope = NewDisposeScope();
        return F.linear(Norm(x, Weights.FinalNorm), Ready(Weights.Unembedding)).MoveToOuterDisposeScope();
    }

    /// <summary>RMSNorm over the last dimension, in float32 where the dtype is narrower, as the checkpoints' own code
    /// does: x / sqrt(mean(x^2) + eps) * weight.</summary>
    public Tensor Norm(Tensor x, Tensor weight)
    {
        using var scope = NewDisposeScope();
        var wide = Wide(x);
        var mean = (wide * wide).mean([-1], keepdim: true);
        var y = (wide * mean.add(Number.Of(Config.NormEpsilon), Number.One).rsqrt()).to(x.dtype);
        return (is_grad_enabled() ? y * Ready(weight) : y.mul_(Ready(weight))).MoveToOuterDisposeScope();
    }

    /// <summary>One projection of a layer's normed input, before the rotary embedding:
    /// (..., d) -> (..., H, dh) for q, (..., Hkv, dh) for k and v.</summary>
    public Tensor Project(int layer, Site site, Tensor h)
    {
        var (weight, bias) = Projection(layer, site);
        CountProduct(h.numel() / Config.Width, Config.Width, weight.shape[0]);
        using var scope = NewDisposeScope();
        return F.linear(h, Ready(weight), ReadyBias(bias)).view([.. h.shape[..^1], -1, Config.HeadWidth])
            .MoveToOuterDisposeScope();
    }

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

    /// <summary>Rotary position embedding in the rotate-half form: x (..., R, heads, dh), positions (R) int64. With x =
    /// (a, b) in halves and t = position * theta^(-2i/dh): (a cos t - b sin t, b cos t + a sin t).</summary>
    public Tensor Rope(Tensor x, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var (c, s) = RopeTables();
        c = c.index_select(0, positions).unsqueeze(-2); // (R, 1, dh/2)
        s = s.index_select(0, positions).unsqueeze(-2);
        var half = Config.HeadWidth / 2;
        var a = x.narrow(-1, 0, half);
        var b = x.narrow(-1, half, half);
        return cat([(a * c).addcmul_(b, s, Number.Of(-1)), (b * c).addcmul_(a, s, Number.One)], -1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Softmax over the last dimension, in float32 where the dtype is narrower.</summary>
    public static Tensor Softmax(Tensor scores)
    {
        using var scope = NewDisposeScope();
        return Wide(scores).softmax(-1).to(scores.dtype).MoveToOuterDisposeScope();
    }

    // Two (positions, dh/2) tensors, which this model owns.
    private (Tensor Cos, Tensor Sin) RopeTables()
    {
        if (cos is null || sin is null)
        {
            using var scope = NewDisposeScope();
            var (c, s) = Rotary.Tables(Config, Config.MaxPositions);
            cos = c.to(Dtype).to(Device).DetachFromDisposeScope();
            sin = s.to(Dtype).to(Device).DetachFromDisposeScope();
        }
        return (cos, sin);
    }

    /// <summary>Refuses a sequence that this model cannot read.</summary>
    /// <exception cref="InvalidDataException">It is longer than positions or sliding window allow.</exception>
    public void CheckLength(long tokens)
    {
        var limit = Config.LongestPrompt;
        if (tokens > limit)
            throw new InvalidDataException(
                $"a prompt of {tokens} tokens is too long: this model reads at most {limit} " +
                (limit == Config.MaxPositions ? "(max_position_embeddings)" : "(sliding_window)"));
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        cos?.Dispose();
        sin?.Dispose();
        Weights.Dispose();
    }

    private static Tensor Wide(Tensor x) =>
        x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x.alias();
}

/// <summary>What a caller may watch or replace in <see cref="Llama.Forward"/>: each method gets a tensor and returns
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
