namespace Patchbay.Experiments;

/// <summary>
/// Accuracy of circuits and of what is left without some heads, by mean ablation (Prakash et al. 2024, sections 3 and
/// A; method, section 4): at each group's position only the circuit's heads keep their z, every other head there, and
/// all heads at all other positions, are set to their mean over other prompts. F(C\K) removes heads K from the circuit,
/// F(M\K) from the whole model.
///
/// What makes it fast: rows outside the groups' positions have nothing but means in them, so that they are the same in
/// every circuit, and removing heads from one position changes only rows from there on. Each method says which base run
/// it evaluates variants of.
/// </summary>
public sealed class CircuitEvaluator : IDisposable
{
    private readonly Decoder model;
    private readonly PromptSet prompts;
    private readonly PathChain chain;
    private readonly Tensor[] mean;
    private readonly long? memoryBytes;
    private readonly int from;
    private readonly bool elsewhere;
    private (string Key, PromptBatches Batches)? open;

    /// <summary>Computes mean activations; the rest is made as it is needed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts to answer.</param>
    /// <param name="means">The prompts whose activations are averaged.</param>
    /// <param name="chain">The chain, whose groups say at which positions heads live.</param>
    /// <param name="memoryBytes">Memory to stay within, weights included, or null for what is free.</param>
    /// <param name="elsewhere">Whether heads at other positions than the groups' keep their own z, in place of the
    /// paper's means: the circuit is then judged at its positions alone.</param>
    /// <param name="mixed">Positions whose means are taken together; null for none.</param>
    /// <exception cref="InvalidDataException">A prompt lacks a position or is too long, or the memory does not
    /// do.</exception>
    public CircuitEvaluator(Decoder model, PromptSet prompts, IReadOnlyList<int[]> means, PathChain chain,
        long? memoryBytes = null,
        bool elsewhere = false, IReadOnlyList<int>? mixed = null)
    {
        (this.model, this.prompts, this.memoryBytes, this.elsewhere) = (model, prompts, memoryBytes, elsewhere);
        from = chain.Groups.Min(g => prompts.CleanPositions(g.Position).Min());
        this.chain = chain.OnPrompts(prompts, both: false);
        if (means.Max(m => m.Length) is var reach && prompts.Prompts.FirstOrDefault(p =>
            p.Clean.Ids.Length > reach) is { } longer)
            throw new InvalidDataException($"{longer.Origin}: expected at most {reach} tokens, the length of the "
                + $"longest prompt that mean activations are taken from, found {longer.Clean.Ids.Length}");
        mean = Ablation.MeanOf(model, new PaddedPrompts(means));
        if (mixed is { Count: > 0 }) foreach (var layer in mean) Mix(layer, [.. mixed]);
    }

    /// <summary>Gives several positions their common mean, each layer's (T, H, dh).</summary>
    private static void Mix(Tensor layer, int[] positions)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var at = RowIndex.Of(positions, layer.device);
        var own = layer.index_select(0, at);
        layer.index_copy_(0, at, own.mean([0], keepdim: true).expand_as(own));
    }

    /// <summary>Circuits, one variant each of a run in which every head is ablated: the circuits' heads come alive at
    /// their positions.</summary>
    internal PlannedVariants Plan(IReadOnlyList<Circuit> circuits)
    {
        // With all else alive a circuit is the model without all other heads at the groups' positions.
        Circuit[] here = [.. circuits.Select(Here)];
        if (elsewhere) return new(Batches("model", _ => null), batch => Removals(batch, [], here.Select(Others)));
        return new(Batches("means", _ => new Ablation(mean, [], false)), batch =>
        {
            var holds = new CircuitHolds(batch, model.Config, false);
            return [.. here.Select(c => Alive(batch, holds, c.AtPositions))];
        });
    }

    /// <summary>The circuit without some of its heads, F(C\K): one variant per set K of the circuit's own run, in which
    /// only rows from a removed head's position on, and layers from its own up, are computed again.</summary>
    internal PlannedVariants PlanWithout(Circuit circuit, IReadOnlyList<IReadOnlyList<CircuitHead>> removed)
    {
        circuit = Here(circuit);
        var alive = circuit.AtPositions;
        return new(Batches($"circuit {circuit}", batch => new Ablation(mean, Kept(batch, alive), elsewhere)), batch =>
            Removals(batch, new CircuitHolds(batch, model.Config, elsewhere).ForAlive(alive),
                removed.Select(k => Gone(circuit, k).Select(Place))));
    }

    /// <summary>The same for a circuit of which little else is asked. Where all other positions have means, the run in
    /// which every head is ablated serves all circuits; otherwise most rows may differ from it, and the circuit's own
    /// run pays.</summary>
    internal PlannedVariants PlanRemovals(Circuit circuit, IReadOnlyList<IReadOnlyList<CircuitHead>> removed) =>
        elsewhere ? PlanWithout(circuit, removed) : Plan([.. removed.Select(circuit.Without)]);

    /// <summary>The whole model without some heads, F(M\K): one variant per set K.</summary>
    /// <param name="removed">The sets.</param>
    /// <param name="elsewhere">Whether all other positions than the groups' are left alone (completeness by groups) or
    /// mean-ablated too (by random subsets).</param>
    internal PlannedVariants PlanModelWithout(IReadOnlyList<IReadOnlyList<CircuitHead>> removed, bool elsewhere)
    {
        if (elsewhere || this.elsewhere) return new(Batches("model", _ => null), batch =>
            Removals(batch, [], removed.Select(k => k.Select(Place))));
        var alive = chain.Groups.Select(g => g.Position).Distinct().ToDictionary(p => p, _ => AllHeads);
        return new(Batches("model at the groups' positions", batch => new Ablation(mean, Kept(batch, alive), false)),
            batch => Removals(batch, new CircuitHolds(batch, model.Config, false).ForAlive(alive),
                removed.Select(k => k.Select(Place))));
    }

    private IReadOnlyList<Head> AllHeads => [.. Head.All(model.Config.Layers, model.Config.Heads)];

    private Circuit Here(Circuit circuit) => new(chain, circuit.Groups);

    private PlacedHead Place(CircuitHead head) => new(chain.Group(head.Group).Position, head.Head);

    /// <summary>Heads at the groups' positions that are not the circuit's. Positions must differ in every prompt, or
    /// fall together in all.</summary>
    private IEnumerable<PlacedHead> Others(Circuit circuit) =>
        circuit.AtPositions.SelectMany(p => AllHeads.Except(p.Value).Select(h => new PlacedHead(p.Key, h)));

    /// <inheritdoc/>
    public void Dispose()
    {
        open?.Batches.Dispose();
        foreach (var t in mean) t.Dispose();
    }

    private PromptBatches Batches(string key, Func<BatchPrompts, Ablation?> ablation)
    {
        if (open?.Key == key) return open.Value.Batches;
        open?.Batches.Dispose();
        open = null;
        open = (key, new PromptBatches(model, prompts, from, memoryBytes, batch =>
            BaseRun.Create(model, batch.Clean, from, ablation(batch))));
        return open.Value.Batches;
    }

    private static Variant Alive(BatchPrompts batch, CircuitHolds holds, IReadOnlyDictionary<string,
        IReadOnlyList<Head>> alive) => new()
        {
            Refreshes = [.. alive.Where(p => p.Value.Count > 0).Select(p =>
            new Refresh(p.Value.Min(h => h.Layer), batch.At(p.Key)))],
            Holds = holds.ForAlive(alive),
        };

    /// <summary>Removed heads that are gone from their position: one of another group there may be the same head, and
    /// stays.</summary>
    private static IEnumerable<CircuitHead> Gone(Circuit circuit, IReadOnlyList<CircuitHead> removed)
    {
        var left = circuit.Without(removed).AtPositions;
        return removed.Where(k => !left[circuit.Chain.Group(k.Group).Position].Contains(k.Head));
    }

    private static KeptHeads[] Kept(BatchPrompts batch, IReadOnlyDictionary<string, IReadOnlyList<Head>> alive) =>
        [.. alive.Select(p => new KeptHeads(batch.At(p.Key), p.Value))];

    /// <summary>Variants in which z of removed heads is its mean.</summary>
    private Variant[] Removals(BatchPrompts batch, IReadOnlyList<Hold> holds,
        IEnumerable<IEnumerable<PlacedHead>> removed)
    {
        var values = new Dictionary<(string, Head), Tensor>();
        HeadEdit Edit(string position, Head head)
        {
            if (!values.TryGetValue((position, head), out var value))
            {
                var at = model.Index(batch.At(position));
                values[(position, head)] = value = mean[head.Layer].select(1, head.Index).index_select(0, at);
            }
            return new(Site.Z, head, batch.At(position), value);
        }
        return [.. removed.Select(k => new Variant { Edits = [.. k.Distinct().Select(h => Edit(h.Position, h.Head))],
            Holds = holds })];
    }
}
