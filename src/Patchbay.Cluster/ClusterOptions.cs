using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Operating;
using Patchbay.Journal;

namespace Patchbay.Cluster;

/// <summary>How to run a node.</summary>
/// <param name="Journal">Where its journal is.</param>
/// <param name="Slots">Units that run at a time.</param>
/// <param name="Threads">Threads of one unit, where no plan says otherwise.</param>
/// <param name="MemoryBytes">For loaded models together.</param>
/// <param name="Code">Version of the program.</param>
public sealed record ClusterOptions(JournalPlace Journal, int Slots, int Threads, long MemoryBytes, string Code)
{
    /// <summary>Where its log goes; null where none is kept.</summary>
    public LogSettings? Log { get; init; }

    /// <summary>Path of an operator's settings of the actor system (<see cref="NodeConfig.Read"/>); null for
    /// none.</summary>
    public string? Settings { get; init; }

    /// <summary>Devices that models of the cluster may be placed on, with the memory of each.</summary>
    public IReadOnlyDictionary<string, long> Devices { get; init; } =
        new Dictionary<string, long> { ["cpu"] = MemoryBytes };

    /// <summary>Where others reach it.</summary>
    public NodeAddress Address { get; init; } = NodeAddress.Own;

    /// <summary>Nodes of the cluster that it joins, itself perhaps among them; none for one of its own.</summary>
    public IReadOnlyList<NodeAddress> Seeds { get; init; } = [];

    /// <summary>Whether it was in that cluster before: then a first seed waits longer for the others before it begins a
    /// cluster of its own.</summary>
    public bool JoinsAnew { get; init; }

    /// <summary>What it does in the cluster, of <see cref="AllRoles"/>.</summary>
    public IReadOnlyList<string> Roles { get; init; } = AllRoles;

    /// <summary>The cluster's certificate; null where only this machine reaches the node.</summary>
    public ClusterCertificate? Certificate { get; init; }

    /// <summary>"coordinator": it has sweeps; "compute": it has models.</summary>
    public static IReadOnlyList<string> AllRoles { get; } = ["coordinator", "compute"];
}

/// <summary>The node was cut off from its cluster, which goes on without it: it has to join anew.</summary>
public sealed class CutOffException(string message) : IOException(message);
