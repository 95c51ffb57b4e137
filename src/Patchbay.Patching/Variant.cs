namespace Patchbay.Patching;

/// <summary>Replaces one head's activation at one position of each prompt: value' = Keep · current + (1 - Keep) ·
/// Value. For <see cref="Site.Q"/>, <see cref="Site.K"/> and <see cref="Site.V"/> the value is the projection before
/// the rotary embedding, as this query head sees it (the other heads of its group keep the shared one).</summary>
/// <param name="Site">What is replaced.</param>
/// <param name="Head">The head whose it is.</param>
/// <param name="Positions">Where in each prompt: N positions.</param>
/// <param name="Value">By what: (N, dh).</param>
/// <param name="Keep">Share of the current value that stays: 0 replaces, 1 changes nothing.</param>
public sealed record HeadEdit(Site Site, Head Head, Positions Positions, Tensor Value, double Keep = 0);

/// <summary>Holds z of heads at the base run's own value at positions From..To (both included, one pair per prompt), in
/// every layer, against whatever would change them; edits of z come after it.</summary>
/// <param name="From">First held position of each prompt.</param>
/// <param name="To">Last held position of each prompt.</param>
/// <param name="Heads">Which heads, or null for all.</param>
public sealed record Hold(Positions From, Positions To, IReadOnlyList<Head>? Heads = null);

/// <summary>From a layer up, no head attends from one position to another: the score is -inf.</summary>
/// <param name="FromLayer">First layer concerned.</param>
/// <param name="Query">Attending position of each prompt.</param>
/// <param name="Key">Position it may not see, of each prompt; another than the query's own.</param>
public sealed record Knockout(int FromLayer, Positions Query, Positions Key);

/// <summary>What one head sees at earlier positions when it attends from one position of each prompt: the keys or
/// values there are replaced, for this head and this attending position only.</summary>
/// <param name="Site"><see cref="Site.K"/> or <see cref="Site.V"/>; keys before the rotary embedding.</param>
/// <param name="Head">The head that sees them so.</param>
/// <param name="Query">Attending position of each prompt: N positions.</param>
/// <param name="Value">Keys or values of all positions before the attending one: (N, T, dh), T at least the largest of
/// <paramref name="Query"/>; what is at or after it is not looked at.</param>
public sealed record SeenEdit(Site Site, Head Head, Positions Query, Tensor Value);

/// <summary>From layer <paramref name="FromLayer"/> up, heads attend anew from one position of each of N prompts,
/// whatever the base run has there: on an ablated base run this lets heads live again. Holds come after it.</summary>
public sealed record Refresh(int FromLayer, Positions Positions);

/// <summary>One altered forward pass over a base run's prompts: the base, with these edits.</summary>
public sealed record Variant
{
    /// <summary>Replaced or mixed activations; no two at the same site, head and position.</summary>
    public IReadOnlyList<HeadEdit> Edits { get; init; } = [];

    /// <summary>Heads held at the base's z.</summary>
    public IReadOnlyList<Hold> Holds { get; init; } = [];

    /// <summary>Positions that may not attend to others.</summary>
    public IReadOnlyList<Knockout> Knockouts { get; init; } = [];

    /// <summary>Keys and values replaced as some heads see them.</summary>
    public IReadOnlyList<SeenEdit> Seen { get; init; } = [];

    /// <summary>Positions that attend anew.</summary>
    public IReadOnlyList<Refresh> Refreshes { get; init; } = [];

    /// <summary>First layer in which the variant can differ from the base.</summary>
    public int FirstLayer => Edits.Select(e => e.Head.Layer).Concat(Knockouts.Select(k => k.FromLayer))
        .Concat(Seen.Select(s => s.Head.Layer)).Concat(Refreshes.Select(r => r.FromLayer))
        .DefaultIfEmpty(int.MaxValue).Min();

    /// <summary>Positions, one per prompt, that the variant itself changes; others change by what reaches
    /// them.</summary>
    internal IEnumerable<Positions> Touched => Edits.Select(e => e.Positions).Concat(Knockouts.Select(k => k.Query))
        .Concat(Seen.Select(s => s.Query)).Concat(Refreshes.Select(r => r.Positions));

    /// <summary>Refuses what has no meaning on <paramref name="prompts"/> prompts of a model.</summary>
    /// <exception cref="ArgumentException">A shape, head or position does not fit.</exception>
    /// <exception cref="InvalidDataException">Two edits collide: named positions fall together there.</exception>
    public void Check(DecoderConfig config, PaddedPrompts prompts)
    {
        int count = prompts.Count, width = config.HeadWidth;
        foreach (var e in Edits)
        {
            CheckHead(config, e.Head);
            CheckPositions(prompts, e.Positions, $"the edit of head {e.Head}");
            if (e.Value.shape is [var n, var dh] && n == count && dh == width) continue;
            throw new ArgumentException($"the edit of head {e.Head} has a value of shape {Shape(e.Value)}; expected " +
                $"({count}, {width}) for {count} prompts and head width {width}");
        }
        CheckDistinct(Edits, e => (e.Site, e.Head), e => e.Positions,
            (site, head) => $"two edits replace {site} of head {head} at the same position");
        foreach (var head in Holds.SelectMany(h => h.Heads ?? [])) CheckHead(config, head);
        foreach (var s in Seen)
        {
            CheckHead(config, s.Head);
            CheckPositions(prompts, s.Query, $"what head {s.Head} sees");
            if (s.Site is Site.K or Site.V && s.Value.shape is [var n, var t, var dh] && n == count
                && t >= s.Query.Max() && dh == width) continue;
            throw new ArgumentException($"what head {s.Head} sees is {s.Site} of shape {Shape(s.Value)}; expected " +
                $"K or V of ({count}, {s.Query.Max()} or more, {width})");
        }
        CheckDistinct(Seen, s => (s.Site, s.Head), s => s.Query,
            (site, head) => $"two edits replace the {site} that head {head} sees from the same position");
        foreach (var r in Refreshes) CheckPositions(prompts, r.Positions, "a refresh");
        foreach (var k in Knockouts)
        {
            CheckPositions(prompts, k.Query, "a knockout's query");
            CheckPositions(prompts, k.Key, "a knockout's key");
            if (k.Query.Where((q, n) => q == k.Key[n]).Any())
                throw new ArgumentException(
                    "a knockout forbids a position to attend to itself; expected another key position");
        }
    }

    // Refuses two edits of one site and head at the same position of a prompt.
    private static void CheckDistinct<T>(
        IEnumerable<T> edits, Func<T, (Site, Head)> place, Func<T, Positions> positions, Func<Site, Head, string> words)
    {
        foreach (var same in edits.GroupBy(place, positions).Where(g => g.Count() > 1))
        {
            for (var n = 0; n < same.First().Count; n++)
                if (same.Select(p => p[n]).Distinct().Count() < same.Count())
                    throw new InvalidDataException($"expected one edit of a head at a position, found that "
                        + $"{words(same.Key.Item1, same.Key.Item2)} of prompt {n}, where two named positions fall "
                        + "together, but not in every prompt");
        }
    }

    private static string Shape(Tensor value) => $"({string.Join(", ", value.shape)})";

    private static void CheckHead(DecoderConfig config, Head head)
    {
        if (head.Layer < 0 || head.Layer >= config.Layers || head.Index < 0 || head.Index >= config.Heads)
            throw new ArgumentException(
                $"there is no head {head}: the model has {config.Layers} layers of {config.Heads} heads");
    }

    private static void CheckPositions(PaddedPrompts prompts, Positions positions, string what)
    {
        if (positions.Count != prompts.Count)
            throw new ArgumentException(
                $"{what} has {positions.Count} positions; expected one for each of {prompts.Count} prompts");
        for (var n = 0; n < positions.Count; n++)
        {
            if (positions[n] >= 0 && positions[n] <= prompts.Last[n]) continue;
            throw new ArgumentException(
                $"{what} is at position {positions[n]} of prompt {n}, which has {prompts.Last[n] + 1} tokens");
        }
    }
}

/// <summary>Asks for a head's q, k or v (before the rotary embedding) in each variant, at one position a
/// prompt.</summary>
/// <param name="Site">Q, K or V.</param>
/// <param name="Head">Whose; for k and v of grouped-query models, the query head that reads it.</param>
/// <param name="Positions">Where in each prompt.</param>
public sealed record Probe(Site Site, Head Head, Positions Positions);

/// <summary>A number per row from its logits.</summary>
/// <param name="logits">(R, vocabulary).</param>
/// <param name="prompts">Which prompt each row belongs to: (R) int64.</param>
/// <returns>(R), any floating dtype.</returns>
public delegate Tensor Metric(Tensor logits, Tensor prompts);

/// <summary>Takes metrics out of torch.</summary>
internal static class Metrics
{
    /// <summary>A metric of rows of logits, (R, vocabulary): R numbers.</summary>
    public static double[] Measure(this Metric metric, Tensor logits, Tensor prompts)
    {
        using var scope = NewDisposeScope();
        return metric(logits, prompts).to(ScalarType.Float64).cpu().data<double>().ToArray();
    }
}

/// <summary>Evaluates variants of the prompts of one base run.</summary>
public interface IVariantEvaluator : IDisposable
{
    /// <summary>The base run's prompts.</summary>
    PaddedPrompts Prompts { get; }

    /// <summary>The base run's own metric at each prompt's last token: N numbers.</summary>
    double[] BaseMetric(Metric metric);

    /// <summary>The metric of every variant at each prompt's last token: (variants, N).</summary>
    double[,] Evaluate(IReadOnlyList<Variant> variants, Metric metric);

    /// <summary>What each probe reads in every variant: one tensor (variants, N, dh) per probe.</summary>
    Tensor[] Read(IReadOnlyList<Variant> variants, IReadOnlyList<Probe> probes);
}
