using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>Runs a unit.</summary>
internal delegate IReadOnlyList<InterventionResult> RunsUnit(UnitOrder order, Action<double> progress,
    CancellationToken cancel);

/// <summary>Models whose units do what a test says, and that count how often they are loaded and freed.</summary>
internal sealed class GatedSource(RunsUnit run) : IModelSource
{
    private int opened, freed;

    /// <summary>Does a unit; may be another for the next one.</summary>
    public RunsUnit Run { get; set; } = run;

    /// <summary>Loading fails with it, where it is not null.</summary>
    public Exception? Broken { get; set; }

    /// <summary>How often a model was loaded.</summary>
    public int Opened => Volatile.Read(ref opened);

    /// <summary>How often one was freed.</summary>
    public int Freed => Volatile.Read(ref freed);

    public IUnitRunner Open(ModelKey model, CancellationToken cancel)
    {
        if (Broken is { } broken) throw broken;
        Interlocked.Increment(ref opened);
        return new Runner(this, model.Model.Fingerprint);
    }

    private sealed class Runner(GatedSource source, string fingerprint) : IUnitRunner
    {
        public string Fingerprint => fingerprint;

        public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress,
            CancellationToken cancel) => source.Run(order, progress, cancel);

        public void Dispose() => Interlocked.Increment(ref source.freed);
    }
}
