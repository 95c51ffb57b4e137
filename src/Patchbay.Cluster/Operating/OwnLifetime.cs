using Microsoft.Extensions.Hosting;

namespace Patchbay.Cluster.Operating;

/// <summary>A host that ends when it is told to. Signals are the command's: a host of its own accord would stop the
/// actors before the command has paused its sweep.</summary>
internal sealed class OwnLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
