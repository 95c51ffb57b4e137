using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>A random model, prompts of unequal length, a position in each, a cone over some of the prompts; and the
/// same by whole forward passes.</summary>
internal sealed class GradientCase : IDisposable
{
    private readonly BaseRun run;
    private readonly Positions positions;
    private readonly Tensor ids, last;
    private readonly Tensor[] clean;

    public GradientCase(int seed, int? layers = null, ScalarType dtype = ScalarType.Float64)
    {
        Random = new Random(seed);
        var (heads, keyValueHeads) = Random.Next(3) switch { 0 => (4, 4), 1 => (4, 2), _ => (2, 1) };
        Model = RandomModels.Create(seed, layers ?? Random.Next(1, 6), heads, keyValueHeads, dtype: dtype,
            bias: Random.Next(3) == 0, family: seed % RandomModels.Families.Count);
        var lengths = Enumerable.Range(0, Random.Next(2, 6)).Select(_ => Random.Next(4, 12)).ToArray();
        if (Random.Next(3) == 0) Array.Fill(lengths, lengths[0]);
        var all = new PaddedPrompts([.. lengths.Select(length => Enumerable.Range(0, length)
            .Select(_ => Random.Next(Config.Vocabulary)).ToArray())]);
        var from = Random.Next(0, 2);
        run = BaseRun.Create(Model, all, from);
        var first = Random.Next(0, 2);
        var prompts = new PaddedPrompts([.. all.Prompts.Skip(first)]);
        var kind = Random.Next(5);
        positions = [.. prompts.Last.Select(p => kind switch { 0 => p, 1 => p - 2, 2 => from, _ =>
            Random.Next(from, p + 1) })];
        Cone = new GradientCone(run, positions, first);
        using var scope = NewDisposeScope();
        ids = prompts.Ids(0, prompts.Count, Model.Device).DetachFromDisposeScope();
        last = Model.Index(prompts.Last).DetachFromDisposeScope();
        Weights = randn([Count, Config.Vocabulary], dtype: ScalarType.Float64, device: CPU).to(dtype)
            .to(Model.Device).DetachFromDisposeScope();
        clean = new Tensor[Config.Layers];
        Model.Forward(ids, new Hooks(this, new() { Seen = (l, z) => clean[l] = z.clone().DetachFromDisposeScope() }));
    }

    public Random Random { get; }

    public Decoder Model { get; }

    public DecoderConfig Config => Model.Config;

    public GradientCone Cone { get; }

    /// <summary>Prompts of the cone.</summary>
    public int Count => positions.Count;

    /// <summary>A random number for each logit: (N, vocabulary).</summary>
    public Tensor Weights { get; }

    public Tensor Leaf(params long[] shape) =>
        randn(shape, dtype: Model.Dtype, device: Model.Device, requires_grad: true);

    /// <summary>A leaf of z's shape for each layer.</summary>
    public Tensor[] Deltas() => [.. Enumerable.Range(0, Config.Layers)
        .Select(_ => Leaf(Count, Config.Heads, Config.HeadWidth))];

    /// <summary>Some receivers, no two alike, the lowest in any layer from <paramref name="atLeast"/> on.</summary>
    public Receiver[] Receivers(int atLeast) =>
    [
        .. Enumerable.Range(0, Random.Next(1, 6)).Select(_ => new Receiver(
            (Site)Random.Next(3), new Head(Random.Next(atLeast, Config.Layers), Random.Next(Config.Heads)))).Distinct(),
    ];

    /// <summary>Logits when receivers take in what they do while all else is held: (N, vocabulary).</summary>
    public Tensor ThroughReceivers(int first, Func<int, Tensor, Tensor> z, Receiver[] receivers)
    {
        var read = Cone.HeldReceived(first, z, receivers);
        return Model.Unembed(Cone.Final(receivers.Min(r => r.Head.Layer), null, [.. receivers.Zip(read)]));
    }

    /// <summary>What a whole forward pass changes and reads.</summary>
    public sealed record Changes
    {
        public Func<int, Tensor, Tensor>? Z { get; init; }
        public bool Held { get; init; }
        public IReadOnlyList<(Receiver To, Tensor Value)> Received { get; init; } = [];
        public IReadOnlyList<Receiver> Receivers { get; init; } = [];
        public Tensor[]? Read { get; init; }
        public Action<int, Tensor>? Seen { get; init; }
    }

    /// <summary>Logits at each prompt's last token by a whole forward pass under autograd: (N, vocabulary).</summary>
    public Tensor Whole(Changes changes) => At(Model.Forward(ids, new Hooks(this, changes)), last);

    public void AssertSame(Tensor whole, Tensor cone, Tensor[] leaves)
    {
        Assert.True((whole - cone).abs().max().ToDouble() < 1e-9, "logits differ");
        if (!cone.requires_grad)
        {
            Assert.False(whole.requires_grad);
            return;
        }
        var expected = autograd.grad([(whole * Weights).sum()], leaves, allow_unused: true);
        var found = autograd.grad([(cone * Weights).sum()], leaves, allow_unused: true);
        foreach (var (e, f) in expected.Zip(found))
        {
            var largest = (e.IsInvalid, f.IsInvalid) switch
            {
                (true, true) => 0,
                (false, true) => e.abs().max().ToDouble(),
                (true, false) => f.abs().max().ToDouble(),
                _ => (e - f).abs().max().ToDouble(),
            };
            Assert.True(largest < 1e-9, $"gradients differ by {largest:e2}");
        }
    }

    public void Dispose()
    {
        Cone.Dispose();
        run.Dispose();
        Model.Dispose();
    }

    private Tensor At(Tensor of, Tensor places) =>
        of.index(TensorIndex.Tensor(Below(Count)), TensorIndex.Tensor(places));

    private Tensor Below(long count) => arange(count, dtype: ScalarType.Int64, device: Model.Device);

    private sealed class Hooks(GradientCase owner, Changes changes) : ForwardHooks
    {
        private readonly Tensor places = owner.Model.Index(owner.positions);
        private readonly Tensor column = owner.Below(owner.ids.shape[1]).view(1, -1, 1, 1);

        private Tensor AtP => column.eq(places.view(-1, 1, 1, 1));

        public override Tensor Projection(int layer, Site site, Tensor value)
        {
            for (var r = 0; r < changes.Receivers.Count; r++)
                if (changes.Receivers[r] is var to && to.Head.Layer == layer && to.Site == site)
                    changes.Read![r] = owner.At(value.select(2, to.Head.Index), places).MoveToOuterDisposeScope()
                        .DetachFromDisposeScope();
            foreach (var (to, put) in changes.Received.Where(r => r.To.Head.Layer == layer && r.To.Site == site))
            {
                var head = owner.Below(value.shape[2]).eq(to.Head.Index).view(1, 1, -1, 1);
                value = put.unsqueeze(1).unsqueeze(1).expand(value.shape).where(AtP.logical_and(head), value);
            }
            return value;
        }

        public override Tensor Z(int layer, Tensor z)
        {
            changes.Seen?.Invoke(layer, z);
            if (changes.Held) z = owner.clean[layer].where(column.ge(places.view(-1, 1, 1, 1)), z);
            return changes.Z is null ? z : changes.Z(layer, owner.At(z, places)).unsqueeze(1).expand(z.shape).where(AtP,
                z);
        }
    }
}
