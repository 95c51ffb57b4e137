using CsCheck;
using Patchbay.Models;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>
/// A random model, prompts of unequal length, and variants of them: edits of all sites, mixed or replaced, holds of all
/// or some heads, knockouts; all in numbers. Weights and values of edits are drawn from the seed.
/// </summary>
/// <param name="Seed">Of every tensor.</param>
/// <param name="Model">Its shape.</param>
/// <param name="Prompts">Ids of each prompt.</param>
/// <param name="Groups">Variants by what they share.</param>
/// <param name="Probes">What is read of each variant.</param>
/// <param name="ByRow">Whether the cone is to take the smallest chunks it can.</param>
internal sealed record ConeCase(
    int Seed, ModelShape Model, int[][] Prompts, VariantGroup[] Groups, ProbeGroup Probes, bool ByRow)
{
    private const int Vocabulary = 11;

    /// <summary>Any, for a dtype: in float32 heads are wide enough for the fused kernels.</summary>
    public static Gen<ConeCase> Any(ScalarType dtype) =>
        from seed in Gen.Seed
        from model in Shape(dtype == ScalarType.Float32 ? WideHeads : Gen.Const(4))
        from prompts in Gen.Int[0, Vocabulary - 1].Array[3, 11].Array[1, 5]
        let random = new RandomVariants(model, [.. prompts.Select(p => p.Length - 1)])
        from groups in random.Group.Array[1, 3]
        from probes in random.Probes
        from byRow in Gen.Bool
        select new ConeCase((int)PCG.Parse(seed).Next(), model, prompts, groups, probes, byRow);

    /// <summary>The model and, after it, the values of the variants, from the seed.</summary>
    public Decoder CreateModel(ScalarType dtype) =>
        RandomModels.Create(Seed, Model.Layers, Model.Heads, Model.KeyValueHeads, Model.HeadWidth, dtype, Model.Bias,
            Model.Family);

    /// <summary>The variants. Those of a group share their arrays of positions: they are evaluated together.</summary>
    public IReadOnlyList<Variant> CreateVariants(PaddedPrompts prompts, ScalarType dtype)
    {
        var width = Model.HeadWidth;
        var variants =
            from some in Groups
            let held = some.Hold?.Create(prompts)
            from one in some.Variants
            select one.Create(some.Positions, held, prompts, tokens =>
                randn([prompts.Count, .. tokens, width], dtype: dtype, device: TestDevice.Named));
        return [.. variants];
    }

    private static Gen<int> WideHeads =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[0, 1], (eights, more) => eights * 8 + more * 64);

    private static Gen<ModelShape> Shape(Gen<int> headWidth) =>
        from layers in Gen.Int[1, 6]
        from heads in Gen.OneOf((2, 1), (4, 2), (4, 4))
        from width in headWidth
        from bias in Gen.Int[0, 2]
        from plain in Gen.Int[0, 2]
        from family in Gen.Int[0, RandomModels.Families.Count - 1]
        select new ModelShape(layers, heads.Item1, heads.Item2, width, bias == 2, plain == 0 ? 0 : family);
}

/// <summary>What a random model looks like.</summary>
internal sealed record ModelShape(
    int Layers, int Heads, int KeyValueHeads, int HeadWidth, bool Bias, int Family = 0);

/// <summary>Variants that share their positions, by prompt, and what is held from or up to some.</summary>
internal sealed record VariantGroup(Positions[] Positions, HoldCase? Hold, VariantCase[] Variants);

/// <summary>All heads are held from positions to the last, or from the first to them.</summary>
internal sealed record HoldCase(Positions Positions, bool FromFirst)
{
    public Hold Create(PaddedPrompts prompts) =>
        FromFirst ? new Hold([.. new int[prompts.Count]], Positions) : new Hold(Positions, prompts.Last);
}

/// <summary>Some heads are held from positions to the last.</summary>
internal sealed record HeldHeads(Positions From, Head[] Heads);

/// <summary>One variant.</summary>
/// <param name="Edits">The first of those of the same site and head counts.</param>
/// <param name="Held">Heads that are held besides what the group holds.</param>
/// <param name="Knockout">What does not see what.</param>
/// <param name="Seen">Other keys and values of heads; the first of those of the same head counts.</param>
/// <param name="RefreshFrom">Layer from which the group's first positions are computed anew.</param>
internal sealed record VariantCase(
    EditCase[] Edits, HeldHeads? Held, KnockoutCase? Knockout, SeenCase[]? Seen, int? RefreshFrom)
{
    /// <param name="positions">The group's.</param>
    /// <param name="hold">The group's.</param>
    /// <param name="prompts">What the model reads.</param>
    /// <param name="draw">Makes a value for each prompt, or for each of some tokens of each prompt.</param>
    public Variant Create(Positions[] positions, Hold? hold, PaddedPrompts prompts, Func<long[], Tensor> draw)
    {
        var edits = Edits.DistinctBy(e => (e.Site, e.Head)).Select(e =>
            new HeadEdit(e.Site, e.Head, positions[e.Positions], draw([]), e.Keep)).ToArray();
        var seen =
            from s in (Seen ?? []).DistinctBy(s => s.Head)
            let query = positions[s.Positions]
            let tokens = s.AllTokens ? prompts.Tokens : Math.Max(1, query.Max())
            from site in s.Sites
            select new SeenEdit(site, s.Head, query, draw([tokens]));
        return new Variant
        {
            Edits = edits,
            Holds =
            [
                .. hold is null ? (Hold[])[] : [hold],
                .. Held is null ? (Hold[])[] : [new Hold(Held.From, prompts.Last, Held.Heads)],
            ],
            Knockouts = Knockout is null ? [] : [new Knockout(Knockout.Layer, Knockout.Query, Knockout.Key)],
            Seen = [.. seen],
            Refreshes = RefreshFrom is { } layer ? [new Refresh(layer, positions[0])] : [],
        };
    }
}

/// <summary>A head's activation is replaced at the group's positions of a number; a share of it is kept.</summary>
internal sealed record EditCase(Site Site, Head Head, int Positions, double Keep);

/// <summary>From a layer on, a position of each prompt does not see an earlier one.</summary>
internal sealed record KnockoutCase(int Layer, Positions Query, Positions Key);

/// <summary>A head sees other keys or values from the group's positions of a number.</summary>
internal sealed record SeenCase(Site[] Sites, Head Head, int Positions, bool AllTokens);

/// <summary>Activations to be read, at positions of their own or at those they share.</summary>
internal sealed record ProbeGroup(Positions Positions, ProbeCase[] Probes)
{
    public IReadOnlyList<Probe> Create() => [.. Probes.Select(p => new Probe(p.Site, p.Head, p.Own ?? Positions))];
}

/// <summary>A site of a head; its own positions, or null.</summary>
internal sealed record ProbeCase(Site Site, Head Head, Positions? Own);
