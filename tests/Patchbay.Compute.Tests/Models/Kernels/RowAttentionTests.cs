using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>The kernel of <see cref="RowAttention"/> against its plain form, and that against a loop.</summary>
public class RowAttentionTests
{
    private const int Heads = 4, KeyValueHeads = 2, Tokens = 70;

    public static TheoryData<int, int, int, int> Shapes => new()
    {
        { 1, 1, 1, 8 }, { 2, 3, 2, 16 }, { 3, 2, 5, 24 }, { 2, 2, 3, 64 }, { 1, 2, 4, 80 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_kernel_equals_the_plain_form(int variants, int prompts, int rows, int headWidth)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var attention in Cases(variants, prompts, rows, headWidth, ScalarType.Float32))
            AssertClose(attention, attention.RunTorch(), attention.Run(), 1e-4);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.03)]
    [InlineData(ScalarType.Float16, 0.004)]
    public void In_half_precision_the_kernel_is_as_near_as_its_inputs_allow(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var attention in Cases(3, 2, 5, 32, dtype))
        {
            var found = attention.Run();
            Assert.Equal(dtype, found.dtype);
            AssertClose(attention, To(attention, ScalarType.Float64).RunTorch(), found, tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_plain_form_equals_a_loop(int variants, int prompts, int rows, int headWidth)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var attention in Cases(variants, prompts, rows, headWidth, ScalarType.Float64))
            AssertClose(attention, Loop(attention), attention.RunTorch(), 1e-12);
    }

    [Fact]
    public void Several_threads_give_the_same_bits_as_one()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var attention = Cases(20, 8, 5, 64, ScalarType.Float32)[0];
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = attention.Run();
            set_num_threads(2);
            Assert.True(one.Equals(attention.Run()));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void The_kernel_refuses_what_is_not_contiguous()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var attention = Cases(1, 2, 2, 16, ScalarType.Float32)[1];
        Assert.Throws<ArgumentException>(() => (attention with { BaseValue = attention.BaseValue.transpose(2, 3) })
            .Run());
    }

    /// <summary>Rows of their own with keys forbidden, and rows that only look at the base.</summary>
    private static RowAttention[] Cases(int variants, int prompts, int rows, int headWidth, ScalarType dtype)
    {
        var random = new Random(variants * 100 + rows);
        Tensor Draw(params long[] shape) => randn(shape, dtype: ScalarType.Float64).to(dtype);
        int[] own = [.. Enumerable.Range(0, prompts)
            .SelectMany(_ => Enumerable.Range(0, Tokens).OrderBy(_ => random.Next()).Take(rows)
            .Order().Select((p, j) => j == rows - 1 && random.Next(2) == 0 ? -1 : p))];
        var forbidden = new int[]?[variants * prompts * rows];
        for (var i = 0; i < forbidden.Length; i += 2) // never the row itself, so that something is left to see
            forbidden[i] = own[i % own.Length] > 0 ? [random.Next(own[i % own.Length])] : null;
        var attention = new RowAttention
        {
            Query = Draw(variants, prompts, rows, Heads, headWidth),
            QueryPositions = own,
            BaseKeyT = Draw(prompts + 1, KeyValueHeads, headWidth, 80),
            BaseValue = Draw(prompts + 1, KeyValueHeads, Tokens, headWidth),
            Prompts = [.. Enumerable.Range(0, prompts).Select(n => prompts - n)],
            OwnKey = Draw(variants, prompts, rows, KeyValueHeads, headWidth),
            OwnValue = Draw(variants, prompts, rows, KeyValueHeads, headWidth),
            OwnPositions = own,
            Forbidden = forbidden,
        };
        return [attention, attention with { OwnKey = null, OwnValue = null, OwnPositions = [], Forbidden = null }];
    }

    private static RowAttention To(RowAttention a, ScalarType dtype) => a with
    {
        Query = a.Query.to(dtype),
        BaseKeyT = a.BaseKeyT.to(dtype),
        BaseValue = a.BaseValue.to(dtype),
        OwnKey = a.OwnKey?.to(dtype),
        OwnValue = a.OwnValue?.to(dtype),
    };

    private static Tensor Loop(RowAttention a)
    {
        var z = zeros_like(a.Query);
        var (variants, prompts, rows, dh) =
            (a.Query.shape[0], (int)a.Query.shape[1], (int)a.Query.shape[2], a.Query.shape[4]);
        for (var v = 0; v < variants; v++)
            for (var n = 0; n < prompts; n++)
                for (var j = 0; j < rows && a.QueryPositions[n * rows + j] is >= 0 and var p; j++)
                    for (var h = 0; h < Heads; h++)
                        Row(v, n, j, h, p);
        return z;

        void Row(int v, int n, int j, int h, int p)
        {
            var barred = a.Forbidden?[(v * prompts + n) * rows + j] ?? [];
            var seen = Enumerable.Range(0, p + 1).Except(barred).Select(t => KeyAndValue(v, n, h, t)).ToArray();
            var weights = (stack(seen.Select(s => s.Key)).mv(a.Query[v, n, j, h]) / Math.Sqrt(dh)).softmax(0);
            z[v, n, j, h] = weights.matmul(stack(seen.Select(s => s.Value)));
        }

        (Tensor Key, Tensor Value) KeyAndValue(int v, int n, int h, int t)
        {
            var (kv, own) = (h / (Heads / KeyValueHeads), a.OwnPositions.AsSpan()
                .Slice(n * (a.OwnPositions.Length / prompts),
                a.OwnPositions.Length / prompts).IndexOf(t));
            return own >= 0 ? (a.OwnKey![v, n, own, kv], a.OwnValue![v, n, own, kv])
                : (a.BaseKeyT[a.Prompts[n], kv].select(1, t), a.BaseValue[a.Prompts[n], kv, t]);
        }
    }

    /// <summary>Where rows are no padding, whose output means nothing.</summary>
    private static void AssertClose(RowAttention of, Tensor expected, Tensor found, double tolerance)
    {
        var valid = tensor(of.QueryPositions.Select(p => p >= 0 ? 1.0 : 0.0).ToArray())
            .view(1, of.Query.shape[1], of.Query.shape[2], 1, 1);
        var difference = ((expected.to(ScalarType.Float64) - found.to(ScalarType.Float64)) * valid).abs()
            .max().item<double>();
        Assert.True(difference <= tolerance, $"largest difference {difference}");
    }
}
