using Patchbay.Models.Kernels;
using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Models;

/// <summary>The parts of a layer over a list of rows (a row is one position of one prompt of one variant), of which
/// base runs and cones are made: the same mathematics as <see cref="Forward"/>, one pass over memory each.</summary>
public sealed partial class Decoder
{
    /// <summary>Rows per block of the MLP. On the CPU few enough for the hidden layer to stay in cache between the
    /// products, but more where laying out a large matrix, or one in half precision, for a product takes long beside
    /// it.</summary>
    public int BlockRows { get; set; }

    /// <summary>Rows, positions or tokens as libtorch indexes by them: (n) int64 on the model's device.</summary>
    public Tensor Index(IEnumerable<int> numbers) => RowIndex.Of(numbers, Device);

    /// <summary>q, k or v of some query heads, as <see cref="Project"/> has them: normed (R, d) -> (R, heads,
    /// dh).</summary>
    public Tensor ProjectHeads(int layer, Site site, IReadOnlyList<int> heads, Tensor h)
    {
        using var scope = NewDisposeScope();
        int[] own = [.. heads.Select(head => site == Site.Q ? head : head / Config.GroupSize)];
        if (Config.QueryKeyNorm == QueryKeyNorm.Whole && site != Site.V) // all of them are normed together
            return Project(layer, site, h).index_select(1, Index(own)).MoveToOuterDisposeScope();
        var (all, allBias) = Projection(layer, site);
        var outputs = Index(own.SelectMany(head => Enumerable.Range(head * Config.HeadWidth, Config.HeadWidth)));
        CountProduct(h.shape[0], Config.Width, outputs.shape[0]);
        var (weight, bias) = (Ready(all.index_select(0, outputs)), ReadyBias(allBias?.index_select(0, outputs)));
        var projected = F.linear(h, weight, bias).view(h.shape[0], heads.Count, Config.HeadWidth);
        if (NormOf(layer, site) is { } norm) projected = Norm(projected, norm);
        return projected.MoveToOuterDisposeScope();
    }

    /// <summary>One head's part of the output projection, transposed, in the activations' dtype: (dh, d).</summary>
    public Tensor OutputOf(int layer, int head)
    {
        using var scope = NewDisposeScope();
        var output = Weights.Layers[layer].Output.narrow(1, head * Config.HeadWidth, Config.HeadWidth);
        return Ready(output).t().MoveToOuterDisposeScope();
    }

    /// <summary>Logit of one token a row: (R, d), ids (R) int64 -> (R).</summary>
    public Tensor UnembedTokens(Tensor x, Tensor ids)
    {
        using var scope = NewDisposeScope();
        CountProduct(x.shape[0], Config.Width, 1);
        var outputs = Ready(Weights.Unembedding.index_select(0, ids)); // (R, d)
        var products = (FinalNorm(x) * outputs).sum([-1]);
        if (Weights.UnembeddingBias is { } bias) products = products.add(Ready(bias.index_select(0, ids)), Number.One);
        return Logits(products).MoveToOuterDisposeScope();
    }

    /// <summary>q or k of a layer (R, heads, dh) after its rotary embedding; row r's position is at r modulo their
    /// number, -1 is 0.</summary>
    public Tensor TurnRows(int layer, Tensor x, int[] positions)
    {
        using var scope = NewDisposeScope();
        var rows = x.view(-1, positions.Length, x.shape[^2], x.shape[^1]);
        return Turn(layer, rows, Index(positions.Select(p => Math.Max(0, p)))).view(x.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Whether <see cref="RowAttention"/> may take its kernel on the CPU; else devices compute
    /// alike.</summary>
    public bool RowKernel { get; set; } = true;

    /// <summary>Keys or values as <see cref="Attend"/> computes with them: widened once for all calls.</summary>
    public Tensor ForRows(Tensor keysOrValues) => RowKernel ? RowAttention.Widened(keysOrValues) : keysOrValues.alias();

    /// <summary>Attention of rows in a layer, counted.</summary>
    public Tensor Attend(int layer, RowAttention rows)
    {
        // Padding is not computed.
        var queries = rows.Query.shape[0] * rows.QueryPositions.Count(p => p >= 0) * Config.Heads;
        var tokens = (int)rows.BaseValue.shape[2];
        CountProduct(queries, Config.HeadWidth, 2 * tokens);
        rows = rows with
        {
            Divisor = Config.Divisor(layer),
            Cap = Config.ScoreCap,
            Window = Config.Window(layer) is { } window && window < tokens ? window : null,
        };
        return RowKernel ? rows.Run() : rows.RunTorch();
    }

    /// <summary>Causal attention of whole prompts in a layer, by libtorch's fused kernel where scores are not capped:
    /// queries (n, W, H, dh) of the last W of T positions over keys and values (n, T, Hkv, dh), after the rotary
    /// embedding -> (n, W, H, dh).</summary>
    public Tensor AttendCausally(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        var (width, tokens) = (query.shape[1], key.shape[1]);
        CountProduct(query.shape[0] * width * Config.Heads, Config.HeadWidth, 2 * tokens);
        var (q, k, v) = (query.transpose(1, 2), PerQueryHead(key).transpose(1, 2), PerQueryHead(value).transpose(1, 2));
        var keys = RowIndex.Below(tokens, Device);
        Tensor Hidden() => Unseen(layer, keys.narrow(0, tokens - width, width), keys); // (W, T)
        if (Config.ScoreCap is not null || Config.Divisor(layer) is not null)
        {
            var scores = Scored(layer, q.matmul(k.transpose(2, 3))).masked_fill(Hidden(), Number.Never); // (n, H, W, T)
            return Softmax(scores).matmul(v).transpose(1, 2).contiguous().MoveToOuterDisposeScope();
        }
        var mask = width == tokens && !(Config.Window(layer) < tokens) ? null : Hidden().logical_not();
        var z = F.scaled_dot_product_attention(q, k, v, mask, is_casual: mask is null);
        return z.transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Adds the attention's output to the residual stream of rows: x (R, d), z (R, H·dh). Without gradients x
    /// itself changes and is returned.</summary>
    public Tensor AddAttention(int layer, Tensor x, Tensor z)
    {
        using var scope = NewDisposeScope();
        var w = Weights.Layers[layer];
        CountProduct(z.shape[0], z.shape[1], Config.Width);
        if (!is_grad_enabled() && w.OutputBias is null && SumsAreAdded)
        {
            x.addmm_(z, Ready(w.Output).t());
            return x;
        }
        var added = AttentionOutput(layer, AttentionSum(layer, z));
        if (is_grad_enabled()) return x.add(added, Number.One).MoveToOuterDisposeScope();
        x.add_(added, Number.One);
        return x;
    }

    /// <summary>Whether what attention and MLP sum up is added to the residual stream as it is.</summary>
    public bool SumsAreAdded => !Config.NormsOutputs && Config.ResidualFactor == 1;

    /// <summary>Adds the MLP's output to the residual stream of rows, (R, d), which holds attention's already; a
    /// parallel layer's MLP reads <paramref name="before"/>, what it was before that. Without gradients x itself
    /// changes, block by block, and is returned.</summary>
    public Tensor AddMlp(int layer, Tensor x, Tensor before)
    {
        using var scope = NewDisposeScope();
        var w = Weights.Layers[layer];
        var read = Config.Parallel ? before : x;
        CountProduct(x.shape[0], Config.Width, MlpColumns);
        if (is_grad_enabled())
            return x.add(MlpOutput(layer, MlpInput(layer, read)), Number.One).MoveToOuterDisposeScope();
        var fused = SumsAreAdded && !Config.MlpBias && w.Gate is not null && Config.Activation == Activation.Silu;
        Tensor? gateT = fused ? Ready(w.Gate!).t() : null, upT = fused ? Ready(w.Up).t() : null,
            downT = fused ? Ready(w.Down).t() : null;
        for (long from = 0; from < x.shape[0]; from += BlockRows)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(BlockRows, x.shape[0] - from);
            var (rows, h) = (x.narrow(0, from, count), MlpInput(layer, read.narrow(0, from, count)));
            if (fused) rows.addmm_(h.mm(gateT!).silu_().mul_(h.mm(upT!)), downT!);
            else rows.add_(MlpOutput(layer, h), Number.One);
        }
        return x;
    }

    /// <summary>Adds a layer's attention, whose z is (R, H·dh), and its MLP to the residual stream of rows, (R, d).
    /// Without gradients x itself may change.</summary>
    public Tensor AddLayer(int layer, Tensor x, Tensor z)
    {
        using var scope = NewDisposeScope();
        var before = Config.Parallel && !is_grad_enabled() ? x.clone() : x;
        return AddMlp(layer, AddAttention(layer, x, z), before).MoveToOuterDisposeScope();
    }

    // Columns of the MLP's matrices.
    private long MlpColumns => (Config.Gated ? 3L : 2L) * Config.FeedForward;
}
