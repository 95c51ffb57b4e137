using System.Diagnostics.Metrics;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Operating;

/// <summary>Gauges of a node, worked out when they are asked for: how many units each model still has, what is loaded,
/// and what the process takes.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Meter meter = new(Telemetry.Name);

    public NodeMetrics(ClusterNode node, ObservedModels models)
    {
        meter.CreateObservableGauge("patchbay.units", () => Units(node),
            description: "Units of running sweeps, of stages that have begun, that wait or run.");
        meter.CreateObservableGauge("patchbay.model.memory",
            () => models.Loaded.Select(m => new Measurement<long>(m.Bytes, new KeyValuePair<string, object?>("model",
                m.Model))),
            "By", "Weights of loaded models.");
        meter.CreateObservableGauge("patchbay.process.working_set", () => Environment.WorkingSet, "By",
            "Memory of the process that is resident.");
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<long>> Units(ClusterNode node)
    {
        var running = node.Shares.Keys.ToLookup(unit => unit.Sweep, unit => UnitId.StageOf(unit.Unit));
        var counts = from sweep in node.Known
                     where sweep.Value.Status == SweepStatus.Running
                     from stage in sweep.Value.InOrder
                     where stage.Status == StageStatus.Running
                     let runs = running[sweep.Key].Count(id => id == stage.Stage.Id)
                     group (Runs: runs, Waits: stage.Pending - runs) by stage.Stage.Model;
        foreach (var model in counts)
        {
            yield return Measured(model.Sum(c => c.Waits), model.Key, "waiting");
            yield return Measured(model.Sum(c => c.Runs), model.Key, "running");
        }
    }

    private static Measurement<long> Measured(int units, string model, string state) => new(Math.Max(0, units),
        new KeyValuePair<string, object?>("model", model), new KeyValuePair<string, object?>("state", state));
}
