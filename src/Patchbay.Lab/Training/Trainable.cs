using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>Which numbers training changes, and how the model's weights follow from them.</summary>
public abstract class Trainable : IDisposable
{
    /// <summary>The numbers that an optimizer changes: flat.</summary>
    public abstract Tensor Values { get; }

    /// <summary>Which of <see cref="Values"/> are trained.</summary>
    public abstract IReadOnlyList<Segment> Segments { get; }

    /// <summary>How many numbers are trained.</summary>
    public long Count => Segments.Sum(s => s.Count);

    /// <summary>Gradient of <see cref="Values"/> from that of all weights.</summary>
    public abstract Tensor Gradient(Tensor dense);

    /// <summary>Makes the model's weights what <see cref="Values"/> say.</summary>
    public abstract void Apply();

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The model's own weights: all, or those of some heads.</summary>
public sealed class DirectTraining : Trainable
{
    private readonly FlatWeights weights;

    private DirectTraining(FlatWeights weights, IReadOnlyList<Segment> segments) => (this.weights, Segments) = (weights, segments);

    /// <inheritdoc/>
    public override Tensor Values => weights.Values;

    /// <inheritdoc/>
    public override IReadOnlyList<Segment> Segments { get; }

    /// <summary>Every weight; norms and embeddings do not decay.</summary>
    public static DirectTraining All(FlatWeights weights) => new(weights,
        [.. weights.Places.Select(p => new Segment(p.Offset, p.Count, p.Name.Contains("_proj", StringComparison.Ordinal)))]);

    /// <summary>Only some heads: their rows of the q, k and v projections (k and v are shared by the heads of a group) and their
    /// columns of the output projection.</summary>
    /// <exception cref="ArgumentException">The model has no such head, or none is named.</exception>
    public static DirectTraining Heads(FlatWeights weights, IReadOnlyCollection<Head> heads)
    {
        var c = weights.Config;
        if (heads.Count == 0) throw new ArgumentException("no head to train is named");
        foreach (var h in heads)
        {
            if (h.Layer < 0 || h.Layer >= c.Layers || h.Index < 0 || h.Index >= c.Heads)
                throw new ArgumentException($"head {h} is not in a model of {c.Layers} layers of {c.Heads} heads");
        }
        var segments = new List<Segment>();
        foreach (var layer in heads.GroupBy(h => h.Layer).OrderBy(g => g.Key))
        {
            var queries = layer.Select(h => h.Index).Distinct().Order().ToList();
            var keys = queries.Select(h => h / c.GroupSize).Distinct().ToList();
            Rows("q_proj", queries);
            Rows("k_proj", keys);
            Rows("v_proj", keys);
            var output = Place("o_proj");
            for (var row = 0; row < c.Width; row++)
                foreach (var h in queries) segments.Add(new(output.Offset + ((long)row * c.Heads + h) * c.HeadWidth, c.HeadWidth, true));

            FlatWeight Place(string projection) => weights.Find($"model.layers.{layer.Key}.self_attn.{projection}.weight");

            void Rows(string projection, List<int> of)
            {
                var count = (long)c.HeadWidth * c.Width;
                foreach (var h in of) segments.Add(new(Place(projection).Offset + h * count, count, true));
            }
        }
        return new(weights, segments);
    }

    /// <inheritdoc/>
    public override Tensor Gradient(Tensor dense) => dense;

    /// <inheritdoc/>
    public override void Apply() { }

    /// <inheritdoc/>
    public override void Dispose() { }
}

/// <summary>Low-rank changes of chosen projections (LoRA, Hu et al. 2022): W = W0 + alpha/r · B·A, with A (r, inputs) drawn and B
/// (outputs, r) zero at the start. Dropout is not used.</summary>
public sealed class LoraTraining : Trainable
{
    private readonly FlatWeights weights;
    private readonly Tensor start, gradient;
    private readonly List<(FlatWeight Place, FlatWeight A, FlatWeight B)> modules = [];

    /// <summary>Changes of a model's weights as they are now.</summary>
    /// <param name="weights">The model's weights, which stay the caller's.</param>
    /// <param name="rank">r, at least 1.</param>
    /// <param name="alpha">alpha.</param>
    /// <param name="targets">Projections of every layer, of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and down_proj.</param>
    /// <param name="seed">Seed of A.</param>
    /// <exception cref="ArgumentException">A target is no projection.</exception>
    public LoraTraining(FlatWeights weights, int rank, double alpha, IReadOnlyCollection<string> targets, ulong seed)
    {
        (this.weights, Rank, Alpha, Targets) = (weights, rank, alpha, targets);
        foreach (var target in targets)
        {
            if (!weights.Places.Any(p => p.Name.EndsWith($".{target}.weight", StringComparison.Ordinal)))
                throw new ArgumentException($"LoRA target '{target}' is no projection; expected q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj or down_proj");
        }
        var next = 0L;
        foreach (var place in weights.Places.Where(p => targets.Any(t => p.Name.EndsWith($".{t}.weight", StringComparison.Ordinal))))
        {
            FlatWeight a = new(place.Name, [rank, place.Shape[1]], next), b = new(place.Name, [place.Shape[0], rank], next + a.Count);
            modules.Add((place, a, b));
            next = b.Offset + b.Count;
        }
        Segments = [new(0, next, true)];
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        start = weights.Values.clone().DetachFromDisposeScope();
        Values = zeros([next], dtype: start.dtype, device: start.device).DetachFromDisposeScope();
        gradient = zeros_like(Values).DetachFromDisposeScope();
        manual_seed((long)seed);
        foreach (var (_, a, _) in modules)
            FlatWeights.View(Values, a).copy_(randn(a.Shape, dtype: ScalarType.Float64) / Math.Sqrt(a.Shape[1]));
    }

    /// <summary>r.</summary>
    public int Rank { get; }

    /// <summary>alpha.</summary>
    public double Alpha { get; }

    /// <summary>The changed projections.</summary>
    public IReadOnlyCollection<string> Targets { get; }

    /// <inheritdoc/>
    public override Tensor Values { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Segment> Segments { get; }

    /// <summary>Module, A and B of every change, as views: "model.layers.0.self_attn.q_proj", (r, inputs), (outputs, r).</summary>
    public IEnumerable<(string Module, Tensor A, Tensor B)> Modules => modules.Select(m =>
        (m.Place.Name[..^".weight".Length], FlatWeights.View(Values, m.A), FlatWeights.View(Values, m.B)));

    private float Scale => (float)(Alpha / Rank);

    /// <inheritdoc/>
    public override Tensor Gradient(Tensor dense)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (place, a, b) in modules)
        {
            var g = FlatWeights.View(dense, place);
            FlatWeights.View(gradient, b).addmm_(g, FlatWeights.View(Values, a).t(), beta: 0, alpha: Scale);
            FlatWeights.View(gradient, a).addmm_(FlatWeights.View(Values, b).t(), g, beta: 0, alpha: Scale);
        }
        return gradient;
    }

    /// <inheritdoc/>
    public override void Apply()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (place, a, b) in modules)
        {
            var w = FlatWeights.View(weights.Values, place);
            w.copy_(FlatWeights.View(start, place));
            w.addmm_(FlatWeights.View(Values, b), FlatWeights.View(Values, a), alpha: Scale);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Values.Dispose();
        start.Dispose();
        gradient.Dispose();
    }
}
