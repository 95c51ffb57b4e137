using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>The cone's logits and gradients against whole forward passes under autograd, and against finite
/// differences.</summary>
public sealed class GradientConeTests
{
    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Free_logits_and_their_gradients_equal_whole_forward_passes(int seed)
    {
        using var scope = NewDisposeScope();
        using var c = new GradientCase(seed);
        var first = c.Random.Next(c.Config.Layers);
        var deltas = c.Deltas();
        var received = c.Receivers(atLeast: first).Select(r => (r, c.Leaf(c.Count, c.Config.HeadWidth))).ToArray();
        Tensor Z(int l, Tensor z) => z * 0.9 + deltas[l];
        var whole = c.Whole(new() { Z = (l, z) => l >= first ? Z(l, z) : z, Received = received });
        var cone = c.Model.Unembed(c.Cone.Final(first, Z, received));
        c.AssertSame(whole, cone, [.. deltas[first..], .. received.Select(r => r.Item2)]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Held_logits_and_their_gradients_equal_whole_forward_passes(int seed)
    {
        using var scope = NewDisposeScope();
        using var c = new GradientCase(seed);
        var first = c.Random.Next(c.Config.Layers);
        var deltas = c.Deltas();
        Tensor Z(int l, Tensor z) => z * 0.9 + deltas[l];
        var whole = c.Whole(new() { Z = (l, z) => l >= first ? Z(l, z) : z, Held = true });
        c.AssertSame(whole, c.Model.Unembed(c.Cone.HeldFinal(first, Z)), deltas[first..]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_whole_path_from_z_through_receivers_to_the_logits_equals_whole_forward_passes(int seed)
    {
        using var scope = NewDisposeScope();
        using var c = new GradientCase(seed);
        var receivers = c.Receivers(atLeast: 0);
        var deltas = c.Deltas();
        Tensor Z(int l, Tensor z) => z + deltas[l];
        var first = c.Random.Next(receivers.Min(r => r.Head.Layer) + 1);
        var read = new Tensor[receivers.Length];
        c.Whole(new() { Z = (l, z) => l >= first ? Z(l, z) : z, Held = true, Receivers = receivers, Read = read });
        var whole = c.Whole(new() { Received = [.. receivers.Zip(read)] });
        var cone = c.ThroughReceivers(first, Z, receivers);
        c.AssertSame(whole, cone, deltas[first..]);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(13)]
    public void Gradients_through_receivers_equal_central_finite_differences(int seed)
    {
        using var scope = NewDisposeScope();
        using var c = new GradientCase(seed, layers: 4);
        var receivers = c.Receivers(atLeast: 2);
        var deltas = c.Deltas();
        double Loss(Tensor[] at) => (c.ThroughReceivers(0, (l, z) => z + at[l], receivers) * c.Weights).sum()
            .ToDouble();
        var gradients = autograd.grad([(c.ThroughReceivers(0, (l, z) => z + deltas[l], receivers) * c.Weights).sum()],
            deltas, allow_unused: true);
        using var quiet = no_grad();
        var seen = 0.0;
        for (var i = 0; i < 20; i++)
        {
            int l = c.Random.Next(2), place = c.Random.Next((int)deltas[l].numel());
            double At(double by)
            {
                var moved = deltas.Select(d => d.detach().clone()).ToArray();
                moved[l].view(-1).narrow(0, place, 1).add_(by);
                return Loss(moved);
            }
            var expected = (At(1e-5) - At(-1e-5)) / 2e-5;
            seen = Math.Max(seen, Math.Abs(expected));
            Assert.Equal(expected, gradients[l].reshape(-1)[place].ToDouble(), 1e-6);
        }
        Assert.True(seen > 1e-4, "nothing reached the logits");
    }

    [Fact]
    public void Gradients_of_single_precision_agree_with_double_precision()
    {
        using var scope = NewDisposeScope();
        using var wide = new GradientCase(5);
        using var narrow = new GradientCase(5, dtype: ScalarType.Float32);
        Tensor Gradient(GradientCase c)
        {
            var delta = zeros([c.Count, c.Config.Heads, c.Config.HeadWidth], c.Model.Dtype, c.Model.Device)
                .requires_grad_();
            var logits = c.Model.Unembed(c.Cone.Final(0, (l, z) => l == 0 ? z + delta : z));
            return autograd.grad([(logits * c.Weights).sum()], [delta])[0].to(ScalarType.Float64);
        }
        Assert.True((Gradient(wide) - Gradient(narrow)).abs().max().ToDouble() < 1e-2 * Gradient(wide).abs().max()
            .ToDouble());
    }

    [Fact]
    public void One_tokens_logit_is_that_of_all()
    {
        using var scope = NewDisposeScope();
        using var model = RandomModels.Create(1, 1, 2, 2);
        var x = randn([3, model.Config.Width], dtype: ScalarType.Float64, device: model.Device);
        var ids = model.Index([4, 0, 10]);
        Assert.True((model.Unembed(x).gather(1, ids.unsqueeze(1)).squeeze(1) - model.UnembedTokens(x, ids)).abs().max()
            .ToDouble() < 1e-12);
    }

    [Fact]
    public void A_position_that_the_base_run_does_not_keep_is_refused()
    {
        using var model = RandomModels.Create(1, 2, 2, 2);
        using var run = BaseRun.Create(model, new PaddedPrompts([[1, 2, 3, 4], [1, 2, 3]]), 1);
        string Refusal(Positions positions) => Assert.Throws<ArgumentException>(() => new GradientCone(run, positions))
            .Message;
        Assert.Contains("position 0 of prompt 1", Refusal([1, 0]), StringComparison.Ordinal);
        Assert.Contains("position 3 of prompt 1", Refusal([1, 3]), StringComparison.Ordinal);
    }
}
