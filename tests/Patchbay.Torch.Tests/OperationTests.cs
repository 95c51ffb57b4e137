using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Torch.Tests;

/// <summary>Every operation against values computed by hand.</summary>
public sealed class OperationTests
{
    private static readonly double Nan = double.NaN;
    private static readonly double Inf = double.PositiveInfinity;

    // Inputs of the rows below, new for each.
    private static Tensor A => tensor(new double[] { 1, 2, 3, 4 }, new long[] { 2, 2 });

    private static Tensor B => tensor(new double[] { 5, 6, 7, 8 }, new long[] { 2, 2 });

    private static Tensor V => tensor(new double[] { 1, -2, 3 });

    private static Tensor W => tensor(new double[] { 0, 1, 2, 3, 4, 5 }, new long[] { 2, 3 });

    private static Tensor I(params long[] values) => tensor(values);

    private static Tensor M(params bool[] values) => tensor(values);

    private static readonly Dictionary<string, (Func<Tensor> Run, double[] Expected)> Table = new()
    {
        // Pointwise
        ["abs"] = (() => V.abs(), [1, 2, 3]),
        ["neg"] = (() => -V, [-1, 2, -3]),
        ["exp"] = (() => V.exp(), [Math.E, Math.Exp(-2), Math.Exp(3)]),
        ["log"] = (() => V.log(), [0, Nan, Math.Log(3)]),
        ["log2"] = (() => A.log2(), [0, 1, Math.Log2(3), 2]),
        ["log1p"] = (() => A.log1p(), [Math.Log(2), Math.Log(3), Math.Log(4), Math.Log(5)]),
        ["expm1"] = (() => V.expm1(), [Math.E - 1, Math.Exp(-2) - 1, Math.Exp(3) - 1]),
        ["sqrt"] = (() => A.sqrt(), [1, Math.Sqrt(2), Math.Sqrt(3), 2]),
        ["rsqrt"] = (() => A.rsqrt(), [1, 1 / Math.Sqrt(2), 1 / Math.Sqrt(3), 0.5]),
        ["square"] = (() => V.square(), [1, 4, 9]),
        ["pow number"] = (() => V.pow(3), [1, -8, 27]),
        ["pow tensor"] = (() => A.pow(B), [1, 64, 2187, 65536]),
        ["sign"] = (() => V.sign(), [1, -1, 1]),
        ["sin"] = (() => V.sin(), [Math.Sin(1), Math.Sin(-2), Math.Sin(3)]),
        ["cos"] = (() => V.cos(), [Math.Cos(1), Math.Cos(-2), Math.Cos(3)]),
        ["tanh"] = (() => V.tanh(), [Math.Tanh(1), Math.Tanh(-2), Math.Tanh(3)]),
        ["sigmoid"] = (() => V.sigmoid(), [Sigmoid(1), Sigmoid(-2), Sigmoid(3)]),
        ["relu"] = (() => V.relu(), [1, 0, 3]),
        ["silu"] = (() => V.silu(), [Sigmoid(1), -2 * Sigmoid(-2), 3 * Sigmoid(3)]),
        ["gelu"] = (() => V.gelu(), [0.8413447460685429, -0.04550026389635842, 2.9959503059110015]),
        ["erf"] = (() => V.erf(), [0.8427007929497149, -0.9953222650189527, 0.9999779095030014]),
        ["reciprocal"] = (() => A.reciprocal(), [1, 0.5, 1 / 3.0, 0.25]),
        ["floor"] = (() => (V / 2).floor(), [0, -1, 1]),
        ["ceil"] = (() => (V / 2).ceil(), [1, -1, 2]),
        ["trunc"] = (() => (V / 2).trunc(), [0, -1, 1]),
        ["round"] = (() => (V / 2 + 0.1).round(), [1, -1, 2]),
        ["clamp"] = (() => V.clamp(-1, 2), [1, -1, 2]),
        ["clamp from one side"] = (() => V.clamp_min(0).clamp_max(2), [1, 0, 2]),
        ["clamp between tensors"] = (() => V.clamp(zeros_like(V), ones_like(V) * 2), [1, 0, 2]),
        ["lerp"] = (() => A.lerp(B, full_like(A, 0.25)), [2, 3, 4, 5]),
        ["minimum"] = (() => minimum(V, V.flip(0)), [1, -2, 1]),
        ["maximum"] = (() => maximum(V, V.flip(0)), [3, -2, 3]),
        ["remainder"] = (() => V % 2, [1, 0, 1]),
        ["fmod"] = (() => V.fmod(2), [1, 0, 1]),
        ["isnan isinf isfinite"] = (() => stack([Odd.isnan(), Odd.isinf(), Odd.isfinite()]), [0, 1, 0, 0, 0, 1, 1, 0, 0]),

        // Arithmetic with tensors and numbers
        ["add"] = (() => A + B, [6, 8, 10, 12]),
        ["add scaled"] = (() => A.add(B, 10), [51, 62, 73, 84]),
        ["numbers on both sides"] = (() => 1 + 2 * A - 3, [0, 2, 4, 6]),
        ["number minus tensor"] = (() => 10 - A, [9, 8, 7, 6]),
        ["number over tensor"] = (() => 12 / A, [12, 6, 4, 3]),
        ["sub mul div"] = (() => (B - A) * A / B, [0.8, 8 / 6.0, 12 / 7.0, 2]),
        ["div with rounding"] = (() => B.div(A, RoundingMode.floor), [5, 3, 2, 2]),
        ["div towards zero"] = (() => (-B).div(A, RoundingMode.trunc), [-5, -3, -2, -2]),
        ["integers stay integers"] = (() => I(1, 2) + 1, [2, 3]),
        ["addcmul"] = (() => A.addcmul(A, B, 2), [11, 26, 45, 68]),
        ["addcdiv"] = (() => B.addcdiv(B, A, 1), [10, 9, 7 + 7 / 3.0, 10]),
        ["in place"] = (() => A.add_(1).mul_(2).sub_(B).div_(2).neg_(), [0.5, 0, -0.5, -1]),
        ["in place with a scale"] = (() => A.add_(B, 2), [11, 14, 17, 20]),
        ["in place functions"] = (() => A.sub_(2).exp_().log_().abs_().sqrt_(), [1, 0, 1, Math.Sqrt(2)]),
        ["silu in place"] = (() => V.silu_(), [Sigmoid(1), -2 * Sigmoid(-2), 3 * Sigmoid(3)]),
        ["sigmoid in place"] = (() => V.sigmoid_(), [Sigmoid(1), Sigmoid(-2), Sigmoid(3)]),
        ["fill zero copy"] = (() => stack([A.fill_(7), A.zero_(), A.copy_(B)]).flatten(), [7, 7, 7, 7, 0, 0, 0, 0, 5, 6, 7, 8]),
        ["addcmul addcdiv lerp clamp in place"] =
            (() => A.addcmul_(A, A, 1).addcdiv_(A, A, 2).lerp_(B, full_like(A, 0.5)).clamp_(5, 14), [5, 7, 10.5, 14]),

        // Products
        ["matmul"] = (() => A.matmul(B), [19, 22, 43, 50]),
        ["mm mv dot"] = (() => cat([A.mm(B).flatten(), A.mv(tensor(new double[] { 1, 1 })), V.dot(V).view(1)]), [19, 22, 43, 50, 3, 7, 14]),
        ["bmm"] = (() => stack([A, B]).bmm(stack([B, A])), [19, 22, 43, 50, 23, 34, 31, 46]),
        ["addmm"] = (() => A.addmm(A, B, 2, 0.5f), [11.5, 15, 27.5, 33]),
        ["addmm in place"] = (() => A.addmm_(A.clone(), B), [20, 24, 46, 54]),
        ["outer"] = (() => V.outer(I(1, 2).to(float64)), [1, 2, -2, -4, 3, 6]),
        ["einsum"] = (() => einsum("ij,jk->ki", A, B), [19, 43, 22, 50]),
        ["linear"] = (() => F.linear(A, B, tensor(new double[] { 1, -1 })), [18, 22, 40, 52]),
        ["linear without bias"] = (() => F.linear(A, B), [17, 23, 39, 53]),

        // Comparisons and logic
        ["comparisons"] = (() => stack([A == 2, A != 2, A < 2, A <= 2, A > 2, A >= 2]).sum(new long[] { 1, 2 }), [1, 3, 1, 2, 2, 3]),
        ["comparisons of tensors"] = (() => stack([A.eq(A.t()), A.lt(A.t()), A.ge(A.t())]), [1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1]),
        ["and or xor not"] = (() => stack([Yes.logical_and(Ja), Yes | Ja, Yes ^ Ja, ~Yes, Yes.logical_not()]).to(int64).sum(1), [1, 3, 2, 2, 2]),
        ["any all"] = (() => stack([Yes.any(), Yes.all(), (A > 0).all()]), [1, 0, 1]),
        ["any all along"] = (() => cat([(A > 3).any(1), (A > 1).all(1)]), [0, 1, 0, 1]),
        ["equal"] = (() => A.equal(A.t()), [1, 0, 0, 1]),

        // Reductions
        ["sum mean"] = (() => stack([A.sum(), A.mean()]), [10, 2.5]),
        ["sum along"] = (() => cat([W.sum(0L), W.sum(1), W.sum(new long[] { 0, 1 }).view(1)]), [3, 5, 7, 3, 12, 15]),
        ["sum keeping"] = (() => W.sum(1, true) + zeros_like(W), [3, 3, 3, 12, 12, 12]),
        ["mean along"] = (() => W.mean(new long[] { 1 }, true), [1, 4]),
        ["sum as another type"] = (() => M(true, true, false).sum(float64), [2]),
        ["std var"] = (() => stack([A.std(), A.var(), A.std(false)]), [Math.Sqrt(5 / 3.0), 5 / 3.0, Math.Sqrt(1.25)]),
#if TORCH_SYSTEM // TorchSharp's var(bool) takes no notice of it
        ["var biased"] = (() => A.var(false), [1.25]),
#endif
        ["std var along"] = (() => cat([W.std(1), W.var(1), W.var(0, false)]), [1, 1, 1, 1, 2.25, 2.25, 2.25]),
        ["cumsum"] = (() => W.cumsum(1), [0, 1, 3, 3, 7, 12]),
        ["norm"] = (() => stack([V.norm(), V.norm(1f)]), [Math.Sqrt(14), 6]),
        ["norm along"] = (() => A.norm(1), [Math.Sqrt(5), 5]),
        ["min max"] = (() => stack([V.min(), V.max()]), [-2, 3]),
        ["min max along"] = (() => cat([W.max(1).values, W.min(0).values, W.max(1).indexes]), [2, 5, 0, 1, 2, 2, 2]),
        ["amin amax"] = (() => cat([W.amin(0), W.amax(1)]), [0, 1, 2, 2, 5]),
        ["argmin argmax"] = (() => stack([V.argmin(), V.argmax()]), [1, 2]),
        ["argmax along"] = (() => cat([W.argmax(1), W.argmin(0)]), [2, 2, 0, 0, 0]),
        ["softmax"] = (() => tensor(new[] { 0, Math.Log(3) }).softmax(0), [0.25, 0.75]),
        ["softmax as another type"] = (() => F.softmax(zeros(2), 0, float64), [0.5, 0.5]),
        ["log_softmax logsumexp"] = (() => cat([zeros(new long[] { 2 }, float64).log_softmax(0), ones(new long[] { 1, 2 }, float64).logsumexp(1)]),
            [-Math.Log(2), -Math.Log(2), 1 + Math.Log(2)]),
        ["topk"] = (() => cat([V.topk(2).values, V.topk(2).indexes, V.topk(1, largest: false).values]), [3, 1, 2, 0, -2]),
        ["sort argsort"] = (() => cat([V.sort().Values, V.sort(descending: true).Indices, V.argsort()]), [-2, 1, 3, 2, 0, 1, 1, 0, 2]),

        // Shapes
        ["view reshape"] = (() => W.view(3, 2).t().reshape(6), [0, 2, 4, 1, 3, 5]),
        ["transpose permute T mT"] = (() => stack([W.transpose(0, 1), W.permute(1, 0), W.T, W.mT]).sum(0L), [0, 12, 4, 16, 8, 20]),
        ["squeeze unsqueeze"] = (() => V.unsqueeze(0).unsqueeze_(2).squeeze(0).squeeze_(), [1, -2, 3]),
        ["expand"] = (() => V.view(3, 1).expand(3, 2), [1, 1, -2, -2, 3, 3]),
        ["expand_as broadcast_to"] = (() => V.expand_as(zeros(2, 3)) + V.broadcast_to(2, 3), [2, -4, 6, 2, -4, 6]),
        ["repeat"] = (() => V.repeat(2), [1, -2, 3, 1, -2, 3]),
        ["repeat_interleave"] = (() => cat([V.repeat_interleave(2), V.repeat_interleave(I(0, 1, 2))]), [1, 1, -2, -2, 3, 3, -2, 3, 3]),
        ["narrow slice select"] = (() => cat([W.narrow(1, 1, 2).flatten(), W.slice(1, 0, 3, 2).flatten(), W.select(0, 1)]), [1, 2, 4, 5, 0, 2, 3, 5, 3, 4, 5]),
        ["split chunk unbind"] = (() => cat([V.split(2)[1], V.split([1L, 2L])[1], V.chunk(3)[1], W.unbind()[1]]), [3, -2, 3, -2, 3, 4, 5]),
        ["cat stack"] = (() => cat([A, B], 1) + stack([A, B], 1).view(2, 4), [2, 4, 10, 12, 6, 8, 14, 16]),
        ["hstack vstack"] = (() => cat([hstack(V, V), vstack([V, V]).flatten()]), [1, -2, 3, 1, -2, 3, 1, -2, 3, 1, -2, 3]),
        ["flip roll"] = (() => cat([V.flip(0), V.roll(1), W.roll(1, 1).flatten()]), [3, -2, 1, 3, 1, -2, 2, 0, 1, 5, 3, 4]),
        ["tril triu"] = (() => stack([A.tril(), A.triu(1)]), [1, 0, 3, 4, 0, 2, 0, 0]),
        ["diag diagonal"] = (() => cat([A.diag(), A.diagonal(0, 0, 1), tensor(new double[] { 7, 8 }).diag().flatten()]), [1, 4, 1, 4, 7, 0, 0, 8]),
        ["movedim swapaxes"] = (() => W.movedim([0], [1]) + W.swapaxes(0, 1), [0, 6, 2, 8, 4, 10]),

        // Taking and putting
        ["index_select"] = (() => W.index_select(1, I(2, 0)), [2, 0, 5, 3]),
        ["index_copy index_add"] = (() => zeros(new long[] { 3 }, float64).index_copy_(0, I(0, 2), V[..2]).index_add_(0, I(2, 2), V[..2], 10), [1, 0, -12]),
        ["gather"] = (() => W.gather(1, I(2, 0).view(2, 1)), [2, 3]),
        ["take_along_dim"] = (() => W.take_along_dim(I(2, 0).view(2, 1), 1), [2, 3]),
        ["scatter"] = (() => zeros(new long[] { 3 }, float64).scatter(0, I(2, 0), V[..2]), [-2, 0, 1]),
        ["scatter_add"] = (() => zeros(new long[] { 3 }, float64).scatter_add_(0, I(2, 2), V[..2]).scatter_(0, I(0), V[..1]), [1, 0, -1]),
        ["masked_fill"] = (() => V.masked_fill(V < 0, 9).masked_fill_(M(true, false, false), Inf), [Inf, 9, 3]),
        ["masked_select nonzero"] = (() => cat([V.masked_select(V > 0), (V > 0).nonzero().flatten()]), [1, 3, 0, 2]),
        ["where"] = (() => where(V > 0, V, zeros_like(V)), [1, 0, 3]),
        ["index of numbers"] = (() => stack([W[1, 2], W[-1, 0], W[0][1]]), [5, 3, 1]),
        ["index of slices"] = (() => cat([W[.., 1], W[1, 1..], W[TensorIndex.Ellipsis, TensorIndex.Slice(0, 3, 2)].flatten()]), [1, 4, 4, 5, 0, 2, 3, 5]),
        ["index of tensors"] = (() => cat([V[I(2, 0)], W[I(1, 0), I(0, 2)], V[V > 0]]), [3, 1, 3, 2, 1, 3]),
        ["index with a new dimension"] = (() => V[TensorIndex.None, TensorIndex.Colon] + zeros(2, 1), [1, -2, 3, 1, -2, 3]),
        ["index put"] = (() => Put(W), [0, 10, 2, 7, 7, 9]),
        ["index_put_"] = (() => W.index_put_(tensor(9.0), I(0, 1), I(1, 2)).index_put_((Scalar)8, TensorIndex.Single(0), TensorIndex.Single(0)), [8, 9, 2, 3, 4, 9]),

#if !TORCHSHARP_0_99
        ["functional silu"] = (() => F.silu(V), [Sigmoid(1), -2 * Sigmoid(-2), 3 * Sigmoid(3)]),
        ["index from the end"] = (() => stack([W[^1, 0], W[^2, ^1]]), [3, 2]),
        ["prod"] = (() => cat([W.prod(1), V.prod().view(1)]), [0, 60, -6]),
#endif

        // Making
        ["zeros ones full eye"] = (() => stack([zeros(2, 2), ones(2, 2), full(2, 2, 3f), eye(2)]), [0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3, 1, 0, 0, 1]),
        ["arange linspace"] = (() => cat([arange(3), arange(1, 2, 0.5), linspace(0, 1, 3)]), [0, 1, 2, 1, 1.5, 0, 0.5, 1]),
        ["likes"] = (() => stack([zeros_like(A), ones_like(A), full_like(A, 2), empty_like(A).fill_(3)]).sum(0L), [6, 6, 6, 6]),

        // Losses
        ["cross_entropy"] = (() => F.cross_entropy(zeros(2, 4), I(0, 3)), [Math.Log(4)]),
        ["cross_entropy ignoring"] = (() => F.cross_entropy(zeros(2, 4), I(0, -100), reduction: nn.Reduction.None), [Math.Log(4), 0]),
        ["nll_loss"] = (() => F.nll_loss(tensor(new[,] { { -1.0, -2 }, { -3, -4 } }), I(1, 0), reduction: nn.Reduction.Sum), [5]),
        ["mse_loss"] = (() => F.mse_loss(A, B), [16]),
        ["binary_cross_entropy_with_logits"] = (() => F.binary_cross_entropy_with_logits(zeros(2), ones(2)), [Math.Log(2)]),
    };

    private static Tensor Odd => tensor([1, Nan, -Inf]);

    private static Tensor Yes => M(true, true, false, false);

    private static Tensor Ja => M(true, false, true, false);

    public static TheoryData<string> Rows => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void An_operation_gives_the_values_computed_by_hand(string operation)
    {
        using var scope = NewDisposeScope();
        var (run, expected) = Table[operation];
        var actual = run().to(float64).data<double>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        // Rows in float32 are exact to 1e-6, the others to 1e-12.
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, double.IsFinite(pair.First) ? 1e-6 : 0));
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static Tensor Put(Tensor w)
    {
        w[0, 1] = tensor(10.0);
        w[1, ..2] = tensor(7.0);
        w[w == 5] = tensor(9.0);
        return w;
    }

    [Fact]
    public void Functions_of_torch_are_the_methods_of_tensors()
    {
        using var scope = NewDisposeScope();
        Assert.True(exp(V).Equals(V.exp()));
        Assert.True(matmul(A, B).Equals(A.matmul(B)));
        Assert.True(softmax(A, 1).Equals(A.softmax(1)));
        Assert.True(sum(A, 1).Equals(A.sum(1)));
        Assert.True(add(A, B).Equals(A + B));
        Assert.True(gather(W, 1, I(2, 0).view(2, 1)).Equals(W.gather(1, I(2, 0).view(2, 1))));
        Assert.True(topk(V, 1).values.Equals(V.topk(1).values));
        Assert.True(where(M(true, false))[0].Equals(I(0)));
        Assert.True(allclose(A, A + 1e-9));
        Assert.False(A.allclose(B));
    }

#if !TORCHSHARP_0_99 // which returns another object for the same tensor
    [Fact]
    public void In_place_operations_return_the_same_object()
    {
        using var a = A;
        Assert.Same(a, a.add_(1));
        Assert.Same(a, a.zero_());
        Assert.Same(a, a.detach_());
        Assert.Same(a, a.requires_grad_(false));
    }
#endif

#if TORCH_SYSTEM
    [Fact]
    public void Summing_along_a_bare_zero_is_refused_where_TorchSharp_sums_as_bytes()
    {
        using var w = W;
        Assert.Throws<ArgumentException>(() => w.sum(0));
        using var along = w.sum(0L);
        Assert.Equal([3L], along.shape);
    }
#endif

    [Fact]
    public void Views_share_memory_and_clones_do_not()
    {
        using var scope = NewDisposeScope();
        var a = zeros(2, 2);
        a.view(4)[3].fill_(1);
        a.t()[0, 1] = tensor(2f);
        a.clone().fill_(9);
        a.detach()[0].fill_(5);
        Assert.Equal([5f, 5f, 2f, 1f], a.data<float>().ToArray());
    }

    [Fact]
    public void Random_numbers_follow_their_generator()
    {
        using var scope = NewDisposeScope();
        using var one = new Generator(7);
        using var same = new Generator(7);
        using var other = new Generator(8);
        var first = randn(new long[] { 100 }, generator: one);
        Assert.True(first.Equals(randn(new long[] { 100 }, generator: same)));
        Assert.False(first.Equals(randn(new long[] { 100 }, generator: other)));
        Assert.False(first.Equals(randn(new long[] { 100 }, generator: one)));
        manual_seed(3);
        var drawn = rand(5);
        manual_seed(3);
        Assert.True(drawn.Equals(rand(5)));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (long)i), randperm(50).sort().Values.data<long>().ToArray());
        var whole = randint(3, 6, new long[] { 200 }).data<long>().ToArray();
        Assert.Equal((3L, 5L), (whole.Min(), whole.Max()));
        var normal = empty(10_000).normal_(2, 3);
        Assert.InRange(normal.mean().ToDouble(), 1.8, 2.2);
        Assert.InRange(normal.std().ToDouble(), 2.8, 3.2);
        Assert.InRange(empty(1000).uniform_(4, 5).mean().ToDouble(), 4.4, 4.6);
    }
}
