using Patchbay.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Kernels;

/// <summary>Each fused kernel against the plain torch form beside it, at widths that are and are not whole vectors.</summary>
public class CpuKernelTests
{
    public static TheoryData<int> Widths() => [8, 16, 24, 33, 64, 100, 512];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Norm_equals_its_plain_form(int width)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (x, weight) = (randn([7, width]), randn([width]));
        var plain = x * (x.square().mean([-1L], keepdim: true) + 1e-6).rsqrt() * weight;
        AssertClose(plain, CpuKernels.Norm(x, weight, 1e-6), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SwiGlu_equals_its_plain_form_even_for_large_inputs(int width)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (gate, up) = (randn([5, width]) * 40, randn([5, width]));
        var plain = gate.silu() * up;
        CpuKernels.SwiGlu(gate, up);
        AssertClose(plain, gate, 1e-4);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(40)]
    [InlineData(128)]
    public void Rope_equals_its_plain_form_and_reads_padding_as_position_zero(int headWidth)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Llama.Random(new LlamaConfig
        {
            Layers = 1,
            Heads = 2,
            KeyValueHeads = 2,
            HeadWidth = headWidth,
            Width = 2 * headWidth,
            FeedForward = 8,
            Vocabulary = 5,
        }, seed: 1);
        var x = randn([3, 2, headWidth]);
        var plain = model.Rope(x, tensor(new long[] { 5, 0, 11 }));
        AssertClose(plain, model.RopeRows(x.clone(), [5, -1, 11]), 1e-5);
    }

    [Theory]
    [InlineData(1, 1, 1, 8)]
    [InlineData(2, 3, 2, 16)]
    [InlineData(3, 2, 5, 24)]
    [InlineData(2, 2, 3, 64)]
    [InlineData(1, 2, 4, 80)]
    public void Row_attention_fused_equals_its_plain_form(int variants, int prompts, int rows, int headWidth)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        const int Heads = 4, KeyValueHeads = 2, Tokens = 70;
        var random = new Random(variants * 100 + rows);
        int[] Positions() => [.. Enumerable.Range(0, prompts).SelectMany(_ => Enumerable.Range(0, Tokens)
            .OrderBy(_ => random.Next()).Take(rows).Order().Select((p, j) => j == rows - 1 && random.Next(2) == 0 ? -1 : p))];
        var own = Positions();
        var forbidden = new int[]?[variants * prompts * rows];
        for (var i = 0; i < forbidden.Length; i += 2) // never the row itself, so that something is left to see
            forbidden[i] = own[i % own.Length] > 0 ? [random.Next(own[i % own.Length])] : null;
        var attention = new RowAttention
        {
            Query = randn([variants, prompts, rows, Heads, headWidth]),
            QueryPositions = own,
            BaseKeyT = randn([prompts + 1, KeyValueHeads, headWidth, 80]),
            BaseValue = randn([prompts + 1, KeyValueHeads, Tokens, headWidth]),
            Prompts = [.. Enumerable.Range(0, prompts).Select(n => prompts - n)],
            OwnKey = randn([variants, prompts, rows, KeyValueHeads, headWidth]),
            OwnValue = randn([variants, prompts, rows, KeyValueHeads, headWidth]),
            OwnPositions = own,
            Forbidden = forbidden,
        };
        var valid = tensor(own.Select(p => p >= 0 ? 1f : 0f).ToArray()).view(1, prompts, rows, 1, 1); // padding rows mean nothing
        AssertClose(attention.RunTorch() * valid, attention.RunFused() * valid, 1e-4);
        var plain = attention with { OwnKey = null, OwnValue = null, OwnPositions = [], Forbidden = null };
        AssertClose(plain.RunTorch() * valid, plain.RunFused() * valid, 1e-4);
    }

    [Fact]
    public void Kernels_refuse_what_is_not_contiguous_and_stand_aside_where_they_do_not_fit()
    {
        using var scope = NewDisposeScope();
        var x = randn([4, 8]);
        Assert.False(CpuKernels.Fits(x)); // gradients are on
        using var _ = no_grad();
        Assert.True(CpuKernels.Fits(x));
        Assert.False(CpuKernels.Fits(x.to(ScalarType.Float64)));
        Assert.False(CpuKernels.Fits(x.to(ScalarType.BFloat16)));
        Assert.Throws<ArgumentException>(() => CpuKernels.Norm(x.transpose(0, 1), ones([4]), 1e-6));
    }

    [Fact]
    public void Several_threads_give_the_same_bits_as_one()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (x, weight) = (randn([3000, 64]), randn([64]));
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = CpuKernels.Norm(x, weight, 1e-6);
            set_num_threads(2);
            Assert.True(one.Equals(CpuKernels.Norm(x, weight, 1e-6)));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static void AssertClose(Tensor expected, Tensor found, double tolerance)
    {
        var difference = (expected - found).abs().max().item<float>();
        Assert.True(difference <= tolerance, $"largest difference {difference:e2}, allowed {tolerance:e0}");
    }
}
