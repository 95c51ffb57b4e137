namespace Patchbay.Patching;

/// <summary>A place where a head takes in what others wrote: its q, k or v projection, before the rotary embedding; k
/// and v as this query head sees them.</summary>
public readonly record struct Receiver(Site Site, Head Head);

/// <summary>
/// The dirty cone under autograd: what z at one position P of each prompt does to the logits, or to receivers at P, as
/// differentiable torch operations. As in <see cref="ConeEvaluator"/> only rows P..last are computed, over the base
/// run's earlier keys and values and from a first layer's residual stream up; weights take no gradient.
///  Free: every head at rows P..last attends anew. Held: every head's z at these rows stays the base's but for what is
/// changed at P, so that only P's residual stream differs, through MLPs. Shapes: N prompts, R rows in all, D of the
/// deepest prompt, H query heads, dh head width, d width.
/// </summary>
public sealed class GradientCone : IDisposable
{
    private readonly BaseRun run;
    private readonly Decoder model;
    private readonly GradientRows rows;
    private readonly int first;

    /// <summary>Plans rows; keeps <paramref name="run"/>, which must outlive it. <paramref name="positions"/> are P of
    /// each of the N prompts concerned, <paramref name="first"/> is the first of these among the run's.</summary>
    /// <exception cref="ArgumentException">A position is not among those that the run keeps.</exception>
    public GradientCone(BaseRun run, Positions positions, int first = 0)
    {
        for (var n = 0; n < positions.Count; n++)
        {
            var last = run.Prompts.Last[first + n];
            if (positions[n] >= run.From && positions[n] <= last) continue;
            throw new ArgumentException($"position {positions[n]} of prompt {first + n} is outside {run.From} to " +
                $"{last}, which the base run keeps");
        }
        (this.run, model, this.first) = (run, run.Model, first);
        rows = new GradientRows(run, positions, first);
    }

    /// <summary>N, the number of prompts concerned.</summary>
    public int Count => rows.Count;

    /// <summary>Bytes that the graph of one prompt takes until its gradient is had, about.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="elementSize">Bytes of an activation.</param>
    /// <param name="tokens">Tokens of the prompt.</param>
    /// <param name="depth">Rows: tokens - P.</param>
    /// <param name="layers">Layers passed through.</param>
    public static long Bytes(DecoderConfig config, int elementSize, int tokens, int depth, int layers)
    {
        var perRow = 8L * config.Width + 12L * config.Heads * config.HeadWidth + 5L * config.FeedForward
            + 4L * config.Heads * tokens;
        return (long)depth * layers * elementSize * perRow;
    }

    /// <summary>The base run's z at P of a layer: (N, H, dh).</summary>
    public Tensor BaseZ(int layer) => run.Layers[layer].Z.index_select(0, rows.BaseStarts);

    /// <summary>Residual stream after the last layer at each prompt's last token, free: (N, d).</summary>
    /// <param name="firstLayer">Lowest layer in which anything is changed.</param>
    /// <param name="z">Given a layer and z at P, (N, H, dh), z to go on with; null changes none. Not called in the last
    /// layer where P is no prompt's last token: it could do nothing there.</param>
    /// <param name="received">What receivers take in at P in place of their own: (N, dh) each.</param>
    public Tensor Final(
        int firstLayer, Func<int, Tensor, Tensor>? z, IReadOnlyList<(Receiver To, Tensor Value)>? received = null)
    {
        using var scope = NewDisposeScope();
        var edits = (received ?? []).ToLookup(r => (r.To.Head.Layer, r.To.Site), r => (r.To.Head.Index, r.Value));
        int l = firstLayer, layers = model.Config.Layers;
        var x = run.Layers[l].ResidPre.index_select(0, rows.BaseRows);
        if (!edits.Any(e => e.Key.Layer == firstLayer)) // entered by z alone: no other row changes in this layer
        {
            var atP = HeldLayer(l, x.index_select(0, rows.Starts), z);
            if (++l == layers) return FinalOf(atP).MoveToOuterDisposeScope();
            x = AtStarts(run.Layers[l].ResidPre.index_select(0, rows.BaseRows), _ => atP);
        }
        for (; l < layers; l++) x = Layer(l, x, z, edits);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>The same, held: (N, d). What is changed before a prompt's last token does not reach it.</summary>
    /// <param name="firstLayer">Lowest layer in which z is changed.</param>
    /// <param name="z">Given a layer and the base's z at P, (N, H, dh), z to go on with.</param>
    public Tensor HeldFinal(int firstLayer, Func<int, Tensor, Tensor> z)
    {
        using var scope = NewDisposeScope();
        var x = run.Layers[firstLayer].ResidPre.index_select(0, rows.BaseStarts);
        for (var l = firstLayer; l < model.Config.Layers; l++) x = HeldLayer(l, x, z);
        return FinalOf(x).MoveToOuterDisposeScope();
    }

    /// <summary>What receivers take in at P, held: (N, dh) each.</summary>
    /// <inheritdoc cref="HeldFinal"/>
    public Tensor[] HeldReceived(int firstLayer, Func<int, Tensor, Tensor> z, IReadOnlyList<Receiver> receivers)
    {
        using var scope = NewDisposeScope();
        var read = new Tensor[receivers.Count];
        var (begin, end) = (Math.Min(firstLayer, receivers.Min(r => r.Head.Layer)), receivers.Max(r => r.Head.Layer));
        var x = run.Layers[begin].ResidPre.index_select(0, rows.BaseStarts);
        for (var l = begin; l <= end; l++)
        {
            var h = model.AttentionInput(l, x);
            for (var r = 0; r < receivers.Count; r++)
            {
                var (site, head) = receivers[r];
                if (head.Layer != l) continue;
                read[r] = model.ProjectHeads(l, site, [head.Index], h).select(1, 0).MoveToOuterDisposeScope();
            }
            if (l < end) x = HeldLayer(l, x, l < firstLayer ? null : z);
        }
        return read;
    }

    /// <summary>Frees the plan; the base run stays.</summary>
    public void Dispose() => rows.Dispose();

    // One layer of row P alone, whose heads' z is the base's but for the change: (N, d) -> (N, d).
    private Tensor HeldLayer(int l, Tensor x, Func<int, Tensor, Tensor>? z)
    {
        using var scope = NewDisposeScope();
        var at = BaseZ(l);
        at = z?.Invoke(l, at) ?? at;
        return model.AddLayer(l, x, at.reshape(rows.Count, -1)).MoveToOuterDisposeScope();
    }

    // Final residual stream of the last token from that of P: the base's where P lies before it.
    private Tensor FinalOf(Tensor atP) => rows.AllAtLast ? atP.alias()
        : atP.where(rows.AtLast.squeeze(1), run.Final.narrow(0, first, rows.Count));

    // One layer of all rows, in the last layer only each prompt's last: (R, d) -> (R or N, d).
    private Tensor Layer(
        int l, Tensor x, Func<int, Tensor, Tensor>? z, ILookup<(int Layer, Site Site), (int Head, Tensor Value)> edits)
    {
        using var scope = NewDisposeScope();
        var last = l == model.Config.Layers - 1;
        var h = model.AttentionInput(l, x);
        Tensor Own(Site site) // (R, H, dh)
        {
            var value = model.PerQueryHead(model.Project(l, site, h));
            return edits[(l, site)].Any() ? AtStarts(value, at => Received(at, edits[(l, site)])) : value;
        }
        var k = model.Turn(l, Own(Site.K), rows.Positions); // (R, H, dh)
        var v = Own(Site.V); // (R, H, dh)
        if (last && rows.Depth > 1) (x, h) = (x.index_select(0, rows.Ends), h.index_select(0, rows.Ends));
        var q = model.Project(l, Site.Q, h); // (R or N, H, dh)
        if (edits[(l, Site.Q)].Any()) q = AtP(q, last, at => Received(at, edits[(l, Site.Q)]));
        q = model.Turn(l, q, last ? rows.LastPositions : rows.Positions);
        var sums = Attention(l, q, k, v, last); // (R or N, H, dh)
        if (z is not null) sums = AtP(sums, last, at => z(l, at));
        return model.AddLayer(l, x, sums.reshape(sums.shape[0], -1)).MoveToOuterDisposeScope();
    }

    // Queries of all rows, or of each prompt's last, over the base's keys before P and the rows' own: (R or N, H, dh).
    private Tensor Attention(int l, Tensor q, Tensor k, Tensor v, bool last)
    {
        using var scope = NewDisposeScope();
        var c = model.Config;
        int n = rows.Count, depth = last ? 1 : rows.Depth, before = rows.BaseTokens;
        model.CountProduct(q.shape[0], c.HeadWidth, 2L * (before + rows.Depth) * c.Heads);
        var baseKeyT = run.Layers[l].KeyT.narrow(0, first, n).narrow(-1, 0, before);  // (N, Hkv, dh, Tb)
        var baseValue = run.Layers[l].Value.narrow(0, first, n).narrow(2, 0, before); // (N, Hkv, Tb, dh)
        q = Block(q, depth);                                                          // (N, H, D, dh)
        (k, v) = (Block(k, rows.Depth), Block(v, rows.Depth));
        Tensor Grouped(Tensor t) => t.reshape(n, c.KeyValueHeads, c.GroupSize * depth, -1);
        var onBase = Grouped(q).matmul(baseKeyT).view(n, c.Heads, depth, before);
        var scores = model.Scored(l, cat([onBase, q.matmul(k.transpose(2, 3))], -1)); // (N, H, D, Tb + D)
        if (rows.Forbidden(model.Config.Window(l), last) is { } forbidden)
            scores = scores.masked_fill(forbidden, Number.Never);
        var weights = Decoder.Softmax(scores);
        var z = Grouped(weights.narrow(-1, 0, before)).matmul(baseValue).view(n, c.Heads, depth, c.HeadWidth)
            .add(weights.narrow(-1, before, rows.Depth).matmul(v), Number.One);
        z = z.transpose(1, 2).reshape(n * depth, c.Heads, c.HeadWidth);
        return (last || rows.Even ? z.alias() : z.index_select(0, rows.Unpadded)).MoveToOuterDisposeScope();
    }

    // Rows as a padded block, heads first: (R or N, H, dh) -> (N, H, D, dh).
    private Tensor Block(Tensor of, int depth)
    {
        if (!rows.Even && depth == rows.Depth) of = of.index_select(0, rows.Padded); // (N·D, H, dh)
        return of.view(rows.Count, depth, of.shape[1], of.shape[2]).transpose(1, 2);
    }

    // Projections at P, (N, H, dh), with what some heads received in the place of their own.
    private static Tensor Received(Tensor at, IEnumerable<(int Head, Tensor Value)> edits)
    {
        var heads = RowIndex.Of(edits.Select(e => e.Head), at.device);
        return at.clone().index_copy_(1, heads, stack(edits.Select(e => e.Value), 1));
    }

    // Changes row P of each prompt: rows (R, ...), or in the last layer (N, ...), where other prompts stay as they are.
    private Tensor AtP(Tensor of, bool last, Func<Tensor, Tensor> change)
    {
        if (!last || rows.AllAtLast) return AtStarts(of, change);
        return rows.NoneAtLast ? of : change(of).where(rows.AtLast, of);
    }

    private Tensor AtStarts(Tensor of, Func<Tensor, Tensor> change) =>
        rows.Depth == 1 ? change(of) : of.clone().index_copy_(0, rows.Starts, change(of.index_select(0, rows.Starts)));
}
