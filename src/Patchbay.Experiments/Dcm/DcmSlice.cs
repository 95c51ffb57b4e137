namespace Patchbay.Experiments;

/// <summary>Some training triples made ready: what does not depend on the mask is computed once, since weights are
/// frozen.</summary>
internal abstract class DcmSlice : IDisposable
{
    private readonly Decoder model;
    private readonly IReadOnlyList<Head> group;
    private readonly Tensor targets; // (N)
    // by layer, of the group's: the sources' z, (N, H, dh); each head's place in the mask, (H)
    private readonly Tensor?[] source, entry;

    protected DcmSlice(Decoder model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> triples, Tensor[] sourceZ)
    {
        using var scope = NewDisposeScope();
        (this.model, this.group) = (model, group);
        targets = model.Index(triples.Select(t => t.Target)).DetachFromDisposeScope();
        (source, entry) = (new Tensor?[sourceZ.Length], new Tensor?[sourceZ.Length]);
        var places = group.Index().ToDictionary(g => g.Item, g => g.Index);
        for (var l = 0; l < sourceZ.Length; l++)
        {
            if (group.All(h => h.Layer != l))
            {
                sourceZ[l].Dispose();
                continue;
            }
            source[l] = sourceZ[l];
            var heads = Enumerable.Range(0, model.Config.Heads).Select(h =>
                places.GetValueOrDefault(new(l, h), group.Count));
            entry[l] = model.Index(heads).DetachFromDisposeScope();
        }
    }

    /// <summary>
    /// Sum over the triples of the target's logit at the last token when z of head i at the group's position is
    /// m_i · base' + (1 - m_i) · source, base' being the altered run's own z; and its gradient by m.
    /// </summary>
    public (double Sum, double[] Gradient) TargetLogit(double[] mask)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        var leaf = tensor(mask).to(model.Device).requires_grad_();
        // heads outside the group: 1
        var entries = cat([leaf, ones([1], dtype: ScalarType.Float64, device: model.Device)], 0);
        var sum = TargetLogits(group.Min(h => h.Layer), Mixed, targets).to(ScalarType.Float64).sum();
        var gradient = autograd.grad([sum], [leaf])[0];
        return (sum.item<double>(), gradient.cpu().data<double>().ToArray());

        Tensor Mixed(int layer, Tensor z) // (N, H, dh)
        {
            if (layer >= entry.Length || entry[layer] is not { } places) return z;
            var m = entries.index_select(0, places).to(z.dtype).view(1, -1, 1);
            return (z * m).add(source[layer]! * m.negative().add(Number.One, Number.One), Number.One);
        }
    }

    /// <summary>The targets' logits, (N), of a run altered from a layer up by a change of z at the group's position,
    /// (N, H, dh).</summary>
    protected abstract Tensor TargetLogits(int firstLayer, Func<int, Tensor, Tensor> z, Tensor targets);

    public virtual void Dispose()
    {
        targets.Dispose();
        foreach (var t in source.Concat(entry)) t?.Dispose();
    }
}

/// <summary>By the dirty cone: only rows from the group's position on, from its lowest layer up.</summary>
internal sealed class DcmConeSlice : DcmSlice
{
    private readonly Decoder model;
    private readonly BaseRun run;
    private readonly GradientCone cone;

    public DcmConeSlice(Decoder model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> triples, DcmSources sources)
        : base(model, group, triples, sources.SourceZ(triples))
    {
        this.model = model;
        Positions positions = [.. triples.Select(t => t.BasePosition)];
        run = BaseRun.Create(model, new PaddedPrompts([.. triples.Select(t => t.Base)]), positions.Min());
        cone = new GradientCone(run, positions);
    }

    protected override Tensor TargetLogits(int firstLayer, Func<int, Tensor, Tensor> z, Tensor targets) =>
        model.UnembedTokens(cone.Final(firstLayer, z), targets);

    public override void Dispose()
    {
        base.Dispose();
        cone.Dispose();
        run.Dispose();
    }
}

/// <summary>The reference: whole forward and backward passes with hooks.</summary>
internal sealed class DcmWholeSlice : DcmSlice
{
    private readonly Decoder model;
    private readonly Tensor ids, at, last; // (N, T), (N), (N)

    public DcmWholeSlice(Decoder model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> triples)
        : base(model, group, triples, WholeSourceZ(model, triples))
    {
        using var scope = NewDisposeScope();
        this.model = model;
        var prompts = new PaddedPrompts([.. triples.Select(t => t.Base)]);
        ids = prompts.Ids(0, prompts.Count, model.Device).DetachFromDisposeScope();
        at = model.Index(triples.Select(t => t.BasePosition)).DetachFromDisposeScope();
        last = model.Index(prompts.Last).DetachFromDisposeScope();
    }

    /// <summary>Sources' z at the group's position by layer, (N, H, dh), from a whole forward pass.</summary>
    public static Tensor[] WholeSourceZ(Decoder model, IReadOnlyList<DcmTriple> triples)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var seen = new List<Tensor>();
        var prompts = new PaddedPrompts([.. triples.Select(t => t.Source)]);
        model.Forward(prompts.Ids(0, prompts.Count, model.Device),
            new AtPosition(model.Index(triples.Select(t => t.SourcePosition)), (_, z) =>
        {
            seen.Add(z.clone().DetachFromDisposeScope());
            return z;
        }));
        return [.. seen];
    }

    protected override Tensor TargetLogits(int firstLayer, Func<int, Tensor, Tensor> z, Tensor targets) =>
        AtPosition.Of(model.Forward(ids, new AtPosition(at, z)), last).gather(1, targets.unsqueeze(1)).squeeze(1);

    public override void Dispose()
    {
        base.Dispose();
        ids.Dispose();
        at.Dispose();
        last.Dispose();
    }

    /// <summary>Shows z at one position of each prompt, (N, H, dh), and puts what is returned in its place.</summary>
    private sealed class AtPosition(Tensor positions, Func<int, Tensor, Tensor> change) : ForwardHooks
    {
        public override Tensor Z(int layer, Tensor z)
        {
            var there = RowIndex.Below(z.shape[1], z.device).view(1, -1, 1, 1).eq(positions.view(-1, 1, 1, 1));
            return change(layer, Of(z, positions)).unsqueeze(1).expand(z.shape).where(there, z);
        }

        /// <summary>(N, T, ...) at one position of each prompt: (N, ...).</summary>
        public static Tensor Of(Tensor of, Tensor positions) =>
            of.index(TensorIndex.Tensor(RowIndex.Below(positions.shape[0], of.device)), TensorIndex.Tensor(positions));
    }
}
