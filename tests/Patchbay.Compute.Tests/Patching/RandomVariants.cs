using CsCheck;
using Patchbay.Models;

namespace Patchbay.Patching.Tests;

/// <summary>Generators of what is done to a model of a shape that reads prompts with last positions.</summary>
internal sealed class RandomVariants(ModelShape model, Positions last)
{
    /// <summary>One to four variants with one to three sets of positions.</summary>
    public Gen<VariantGroup> Group =>
        from positions in Positions.Array[1, 3]
        from hold in Gen.Select(Positions, Gen.Bool, (at, first) => new HoldCase(at, first)).Null(1 / 3.0)
        from variants in Variant(Gen.Int[0, positions.Length - 1]).Array[1, 4]
        select new VariantGroup(positions, hold, variants);

    /// <summary>One to four sites to read.</summary>
    public Gen<ProbeGroup> Probes =>
        from positions in Positions
        from probes in Gen.Select(Site(Models.Site.V), Head, Positions.Null(2 / 3.0), (site, head, own) =>
            new ProbeCase(site, head, own)).Array[1, 4]
        select new ProbeGroup(positions, probes);

    /// <summary>A position in each prompt.</summary>
    private Gen<Positions> Positions => Each(at => Gen.Int[0, at]).Select(each => Tasks.Positions.Create(each));

    private Gen<Head> Head => Gen.Select(Layer, Gen.Int[0, model.Heads - 1], (layer, index) => new Head(layer, index));

    private Gen<int> Layer => Gen.Int[0, model.Layers - 1];

    private Gen<KnockoutCase> Knockout =>
        from layer in Layer
        from pairs in Each(at =>
            from query in Gen.Int[1, at]
            from key in Gen.Int[0, query - 1]
            select (query, key))
        select new KnockoutCase(layer, [.. pairs.Select(p => p.query)], [.. pairs.Select(p => p.key)]);

    private Gen<VariantCase> Variant(Gen<int> positions) =>
        from edits in Gen.Select(Site(Models.Site.Z), Head, positions, Keep, (site, head, at, keep) =>
            new EditCase(site, head, at, keep)).Array[1, 4]
        from held in Gen.Select(Positions, Head.Array[3], (at, heads) => new HeldHeads(at, heads)).Null(3 / 4.0)
        from knockout in Knockout.Null(3 / 4.0)
        from seen in Seen(positions).Array[1, 3].Null(2 / 3.0)
        from refresh in Layer.Nullable(3 / 4.0)
        select new VariantCase(edits, held, knockout, seen, refresh);

    private Gen<SeenCase> Seen(Gen<int> positions) =>
        from sites in Gen.OneOf<Site[]>([Models.Site.K], [Models.Site.V], [Models.Site.K, Models.Site.V])
        from head in Head
        from at in positions
        from all in Gen.Bool
        select new SeenCase(sites, head, at, all);

    private static Gen<Site> Site(Site highest) => Gen.Int[0, (int)highest].Select(site => (Site)site);

    /// <summary>How much of an activation stays where it is edited: nothing in two of three cases.</summary>
    private static Gen<double> Keep => Gen.Frequency((2, Gen.Const(0.0)), (1, Gen.Double.Unit));

    /// <summary>An array with one element for each prompt, by its last position.</summary>
    private Gen<T[]> Each<T>(Func<int, Gen<T>> ofLast) => last.Select(ofLast).Aggregate(Gen.Const(Array.Empty<T>()),
        (all, next) => Gen.Select(all, next, (before, one) => (T[])[.. before, one]));
}
