using System.Security.Cryptography;
using System.Text;
using Patchbay.Cluster.Dispatch;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>Which model actor: one per checkpoint, device and way of computing.</summary>
/// <param name="Model">Name and place of the checkpoint, and its fingerprint.</param>
/// <param name="Dtype">"float32".</param>
/// <param name="Device">"cpu", "cuda:N", or "cuda" for any GPU of its node.</param>
/// <param name="Threads">Threads of one unit.</param>
/// <param name="MemoryBytes">Memory that it may take, weights included.</param>
/// <param name="Replica">Which of the actors that share its units: 0, 1, ...</param>
/// <param name="ExactRotary">Whether rotary frequencies are float64.</param>
public sealed record ModelKey(PlannedModel Model, string Dtype, string Device, int Threads, long MemoryBytes,
    int Replica = 0, bool ExactRotary = false)
{
    /// <summary>The first actor that runs a model of a sweep.</summary>
    public static ModelKey Of(SweepPlan plan, string model) =>
        new(plan.Model(model), plan.Compute.Dtype, plan.Compute.Device, plan.Compute.Threads, plan.Compute.MemoryBytes,
            ExactRotary: plan.Compute.ExactRotary ?? false);

    /// <summary>All actors that run a model of a sweep.</summary>
    public static IEnumerable<ModelKey> AllOf(SweepPlan plan, string model) =>
        Enumerable.Range(0, plan.Model(model).Replicas ?? 1)
            .Select(replica => Of(plan, model) with { Replica = replica });

    /// <summary>The model's name.</summary>
    public string Name => Model.Name;

    /// <summary>Id of the actor: the model's name, so that people know it, a hash of the rest, and what decides where
    /// it is placed (<see cref="Dispatch.ModelNeed"/>).</summary>
    public string Id
    {
        get
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Model.Fingerprint, Model.Path,
                Model.Adapter, Dtype, Device, Threads, MemoryBytes) + (ExactRotary ? "\nexact rotary" : "")));
            return new ModelNeed($"{Name}-{Convert.ToHexStringLower(hash.AsSpan(0, 6))}", Device, MemoryBytes, Replica)
                .ToString();
        }
    }
}

/// <summary>A loaded model that runs units.</summary>
public interface IUnitRunner : IDisposable
{
    /// <summary>Fingerprint of the checkpoint that was loaded.</summary>
    string Fingerprint { get; }

    /// <summary>Runs a unit.</summary>
    /// <param name="order">The unit.</param>
    /// <param name="progress">Told the share done, 0 to 1, however often.</param>
    /// <param name="cancel">Asked often.</param>
    /// <exception cref="InvalidDataException">It can never be run: the message says why.</exception>
    IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress, CancellationToken cancel);
}

/// <summary>Loads models: from checkpoints, or in a simulation from nothing.</summary>
public interface IModelSource
{
    /// <summary>Loads one.</summary>
    /// <exception cref="InvalidDataException">It can never be loaded, or is not the model that the sweep was planned
    /// with.</exception>
    IUnitRunner Open(ModelKey model, CancellationToken cancel);
}

/// <summary>A model actor and where it is.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Node">Address of its node: "gpu1:9110".</param>
/// <param name="Id">Its id.</param>
/// <param name="State">"cold", "waiting", "loaded", "computing" or "leaving".</param>
public sealed record ModelStatus(string Name, string Node, string Id, string State);
