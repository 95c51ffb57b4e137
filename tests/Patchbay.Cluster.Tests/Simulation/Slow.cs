using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Simulation;

/// <summary>Models without tensors whose units take a while.</summary>
internal sealed class Slow(TimeSpan unit) : IModelSource
{
    private readonly SimulatedModels models = new(() => 1, () => 0);

    public IUnitRunner Open(ModelKey model, CancellationToken cancel) =>
        new Runner(models.Open(model, cancel), unit);

    private sealed class Runner(IUnitRunner runner, TimeSpan unit) : IUnitRunner
    {
        public string Fingerprint => runner.Fingerprint;

        public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress,
            CancellationToken cancel)
        {
            Thread.Sleep(unit);
            return runner.Run(order, progress, cancel);
        }

        public void Dispose() => runner.Dispose();
    }
}
