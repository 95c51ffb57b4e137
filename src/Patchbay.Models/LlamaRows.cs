using Patchbay.Models.Kernels;
using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Models;

/// <summary>The parts of a layer over a list of rows (a row is one position of one prompt of one variant), of which
/// base runs and cones are made: the same mathematics as <see cref="Forward"/>, one pass over memory each.</summary>
public sealed partial class Llama
{
    /// <summary>Rows per block of the MLP. On the CPU few enough for the hidden layer to stay in cache between the
    /// products, but more where laying out a large matrix, or one in half precision, for a product takes long beside
    /// it.</summary>
    public int BlockRows { get; set; }

    /// <summary>Rows, positions or tokens as libtorch indexes by them: (n) int64 on the model's device.</summary>
    public Tensor Index(IEnumerable<int> numbers) => RowIndex.Of(numbers, Device);

    /// <summary>q, k or v (before the rotary embedding) of some query heads: normed (R, d) -> (R, heads, dh).</summary>
    public Tensor ProjectHeads(int layer, Site site, IReadOnlyList<int> heads, Tensor h)
    {
        using var scope = NewDisposeScope();
        var (all, allBias) = Projection(layer, site);
        var outputs = Index(heads.Select(head => site == Site.Q ? head : head / Config.GroupSize)
            .SelectMany(head => Enumerable.Range(head * Config.HeadWidth, Config.HeadWidth)));
        CountProduct(h.shape[0], Config.Width, outputs.shape[0]);
        var (weight, bias) = (Ready(all.index_select(0, outputs)), ReadyBias(allBias?.index_select(0, outputs)));
        return F.linear(h, weight, bias).view(h.shape[0], heads.Count, Config.HeadWidth).MoveToOuterDisposeScope();
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
        return (Norm(x, Weights.FinalNorm) * outputs).sum([-1]).MoveToOuterDisposeScope();
    }

    /// <summary>Rotary embedding of x (R, heads, dh); row r's position is at r modulo their number, -1 is 0.</summary>
    public Tensor RopeRows(Tensor x, int[] positions)
    {
        using var scope = NewDisposeScope();
        var rows = x.view(-1, positions.Length, x.shape[^2], x.shape[^1]);
        return Rope(rows, Index(positions.Select(p => Math.Max(0, p)))).view(x.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Whether <see cref="RowAttention"/> may take its kernel on the CPU; else devices compute
    /// alike.</summary>
    public bool RowKernel { get; set; } = true;

    /// <summary>Keys or values as <see cref="Attend"/> computes with them: widened once for all calls.</summary>
    public Tensor ForRows(Tensor keysOrValues) => RowKernel ? RowAttention.Widened(keysOrValues) : keysOrValues.alias();

    /// <summary>Attention of rows, counted.</summary>
    public Tensor Attend(RowAttention rows)
    {
        // Padding is not computed.
        var queries = rows.Query.shape[0] * rows.QueryPositions.Count(p => p >= 0) * Config.Heads;
        CountProduct(queries, Config.HeadWidth, 2 * rows.BaseValue.shape[2]);
        return RowKernel ? rows.Run() : rows.RunTorch();
    }

    /// <summary>Causal attention of whole prompts by libtorch's fused kernel: queries (n, W, H, dh) of the last W of T
    /// positions over keys and values (n, T, Hkv, dh), after the rotary embedding -> (n, W, H, dh).</summary>
    public Tensor AttendCausally(Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        var (width, tokens) = (query.shape[1], key.shape[1]);
        CountProduct(query.shape[0] * width * Config.Heads, Config.HeadWidth, 2 * tokens);
        var (q, k, v) = (query.transpose(1, 2), PerQueryHead(key).transpose(1, 2), PerQueryHead(value).transpose(1, 2));
        var mask = width == tokens ? null : ones([width, tokens], dtype: ScalarType.Bool, device: Device)
            .tril(tokens - width);
        var z = F.scaled_dot_product_attention(q, k, v, mask, is_casual: mask is null);
        return z.transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Adds the attention's output to the residual stream of rows: x += z Wo, x (R, d), z (R, H·dh). Without
    /// gradients x itself changes and is returned.</summary>
    public Tensor AddAttention(int layer, Tensor x, Tensor z)
    {
        using var scope = NewDisposeScope();
        var w = Weights.Layers[layer];
        CountProduct(z.shape[0], z.shape[1], Config.Width);
        if (is_grad_enabled() || w.OutputBias is not null)
        {
            var o = F.linear(z, Ready(w.Output), ReadyBias(w.OutputBias));
            if (is_grad_enabled()) return x.add(o, Number.One).MoveToOuterDisposeScope();
            x.add_(o, Number.One);
            return x;
        }
        x.addmm_(z, Ready(w.Output).t());
        return x;
    }

    /// <summary>Adds the MLP's output to the residual stream of rows: x += down(silu(gate(h)) * up(h)), h = norm(x),
    /// x (R, d). Without gradients x itself changes, block by block, and is returned.</summary>
    public Tensor AddMlp(int layer, Tensor x)
    {
        using var scope = NewDisposeScope();
        var w = Weights.Layers[layer];
        CountProduct(x.shape[0], Config.Width, 3L * Config.FeedForward);
        if (is_grad_enabled()) return x.add(Mlp(w, Norm(x, w.MlpNorm)), Number.One).MoveToOuterDisposeScope();
        Tensor gateT = Ready(w.Gate).t(), upT = Ready(w.Up).t(), downT = Ready(w.Down).t();
        for (long from = 0; from < x.shape[0]; from += BlockRows)
        {
            using var block = NewDisposeScope();
            var rows = x.narrow(0, from, Math.Min(BlockRows, x.shape[0] - from));
            var h = Norm(rows, w.MlpNorm);
            var gate = h.mm(gateT);
            var up = h.mm(upT);
            rows.addmm_(gate.silu_().mul_(up), downT);
        }
        return x;
    }
}
