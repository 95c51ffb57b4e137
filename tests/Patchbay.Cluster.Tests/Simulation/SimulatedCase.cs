using CsCheck;

namespace Patchbay.Cluster.Tests.Simulation;

/// <summary>A cluster, and what goes wrong in it.</summary>
/// <param name="Seed">Of all that happens by chance.</param>
/// <param name="Nodes">How many, 1 to 3.</param>
/// <param name="Chaos">Seconds during which things go wrong, 10 to 150.</param>
/// <param name="Poisoned">Whether some units cannot be measured.</param>
/// <param name="Batches">Whether a unit is measured in several parts.</param>
/// <param name="Cancels">Whether the operator may cancel the sweep.</param>
/// <param name="Mortal">Whether processes die.</param>
/// <param name="TightMemory">Whether only one model fits into memory at a time.</param>
/// <param name="Slots">Units that a node runs at a time, 1 or 2.</param>
internal sealed record SimulatedCase(
    int Seed, int Nodes, int Chaos, bool Poisoned, bool Batches, bool Cancels, bool Mortal, bool TightMemory,
    int Slots)
{
    /// <summary>Any of them. A smaller one has less chaos, then fewer nodes and less of the rest.</summary>
    public static Gen<SimulatedCase> Any { get; } =
        from seed in Gen.Seed
        from nodes in Gen.Int[1, 3]
        from chaos in Gen.Int[10, 150]
        from poisoned in Gen.Bool
        from batches in OneIn(3)
        from cancels in OneIn(12)
        from mortal in Gen.Int[0, 3]
        from tight in Gen.Bool
        from slots in Gen.Int[1, 2]
        let random = (int)PCG.Parse(seed).Next()
        select new SimulatedCase(random, nodes, chaos, poisoned, batches, cancels, mortal > 0, tight,
            slots);

    /// <summary>Any in which nothing goes wrong, but for units that cannot be measured.</summary>
    public static Gen<SimulatedCase> Quiet { get; } = Any.Select(made => made with { Chaos = 0 });

    private static Gen<bool> OneIn(int count) => Gen.Int[0, count - 1].Select(i => i == count - 1);
}
