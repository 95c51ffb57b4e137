using System.Diagnostics.Metrics;
using Patchbay.Cluster.Operating;

namespace Patchbay.Web.Metrics;

/// <summary>Counts what this process computes and records, from what its node measures anyway.</summary>
internal sealed class ProcessMeter : IDisposable
{
    private readonly MeterListener listener;
    private long units, results;

    public ProcessMeter()
    {
        // Made here if nobody has yet: while they are being made, nothing can tell which they are.
        Instrument[] counted = [Telemetry.Results, Telemetry.UnitDuration];
        listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (counted.Contains(instrument)) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, number, _, _) => Interlocked.Add(ref results, number));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            foreach (var (name, value) in tags)
                if (name == "outcome" && value is "done") Interlocked.Increment(ref units);
        });
        listener.Start();
    }

    public ProcessTotals Read() => new(Environment.CpuUsage.TotalTime, Environment.WorkingSet,
        Interlocked.Read(ref units), Interlocked.Read(ref results));

    public void Dispose() => listener.Dispose();
}
