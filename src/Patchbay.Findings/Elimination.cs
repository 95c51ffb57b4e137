namespace Patchbay.Findings;

/// <summary>
/// Greedy backward elimination of heads by accuracy, as far as it has come. A head at a position goes where what is
/// left without it answers at least the floor; the floor begins at the whole start set's accuracy less the tolerance,
/// and where leaving a head out helps it rises to the new accuracy less the tolerance, so that many small losses do not
/// add up.
/// </summary>
/// <param name="Circuit">The heads that are left, in groups of <see cref="Places"/>.</param>
/// <param name="Floor">Least accuracy that is enough, 0 to 1.</param>
/// <param name="Tolerance">How much accuracy may be lost.</param>
public sealed record Elimination(Circuit Circuit, double Floor, double Tolerance)
{
    private const double Rounding = 1e-9; // shares of the same counts may differ by less

    /// <summary>Nothing is left out yet.</summary>
    public static Elimination Begin(Circuit start, double accuracy, double tolerance) =>
        new(start, accuracy - tolerance, tolerance);

    /// <summary>What is left when a head was tried.</summary>
    /// <param name="head">The head.</param>
    /// <param name="without">Accuracy of what is left without it.</param>
    public (Elimination Left, bool IsKept) Try(CircuitHead head, double without) => without < Floor - Rounding
        ? (this, true)
        : (this with { Circuit = Circuit.Without([head]), Floor = Math.Max(Floor, without - Tolerance) }, false);

    /// <summary>The order in which heads are tried: the one whose absence alone costs the least first; equal ones by
    /// group, layer and head.</summary>
    /// <param name="start">The start set.</param>
    /// <param name="without">Its accuracy without one head.</param>
    public static IReadOnlyList<CircuitHead> Order(Circuit start, Func<CircuitHead, double> without) =>
    [
        .. start.Chain.Groups.Index().SelectMany(g => start.Groups[g.Item.Name]
                .Select(h => (Group: g.Index, Head: new CircuitHead(g.Item.Name, h))))
            .OrderByDescending(h => without(h.Head)).ThenBy(h => h.Group)
            .ThenBy(h => (h.Head.Head.Layer, h.Head.Head.Index)).Select(h => h.Head),
    ];

    /// <summary>A chain's positions as groups of their own, each named as its position: a head at one position is there
    /// once, whichever of the chain's groups it may belong to.</summary>
    public static PathChain Places(PathChain chain) =>
        new([.. chain.Groups.Select(g => g.Position).Distinct().Select(p => new PathGroup(p, p, p))]);

    /// <summary>A circuit's heads by position.</summary>
    public static Circuit AtPlaces(Circuit circuit) => new(Places(circuit.Chain), circuit.AtPositions);
}
