using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>The process that serves a data folder, as a command speaks to it: this one, or another by its API. Only it
/// records.</summary>
public interface ISweepServer
{
    /// <summary>Plans a sweep under the first free name, study-1, study-2, ..., and starts it; its id.</summary>
    /// <exception cref="InvalidDataException">It is refused; the message says why.</exception>
    Task<string> PlanAsync(SweepPlan plan);

    /// <summary>Gives a command to a sweep.</summary>
    /// <exception cref="InvalidDataException">It is refused; the message says why.</exception>
    Task<SweepAnswer> OrderAsync(string sweep, SweepCommand command);
}
