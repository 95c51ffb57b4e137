using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Patchbay.Cluster.Operating;

/// <summary>What Patchbay measures while it runs, in the words of System.Diagnostics: whoever wants to know listens,
/// and where nobody does, a measurement costs a comparison. Gauges are <see cref="NodeMetrics"/>.</summary>
internal static class Telemetry
{
    /// <summary>Name of the meter and of the source of activities.</summary>
    public const string Name = "Patchbay";

    private static readonly Meter Meter = new(Name);

    /// <summary>Traces of units (<see cref="UnitTraces"/>).</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Results recorded, by model and kind of stage.</summary>
    public static Counter<long> Results { get; } = Meter.CreateCounter<long>("patchbay.results",
        description: "Intervention results recorded.");

    /// <summary>Failed attempts at units, by model and kind of stage.</summary>
    public static Counter<long> Failures { get; } = Meter.CreateCounter<long>("patchbay.unit.failures",
        description: "Failed attempts at units.");

    /// <summary>Seconds that a unit was computed, by model, kind of stage, and whether it was done or failed.</summary>
    public static Histogram<double> UnitDuration { get; } = Seconds("patchbay.unit.duration",
        "Time that a unit was computed.", 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000);

    /// <summary>Seconds from the moment that a sweep's actor hands events to the journal until they are
    /// recorded.</summary>
    public static Histogram<double> JournalLatency { get; } = Seconds("patchbay.journal.latency",
        "Time from handing a step's events to the journal until they are recorded.",
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 60);

    /// <summary>Says of which model and kind of stage a measurement is.</summary>
    public static TagList Tags(string model, string stage) => new() { { "model", model }, { "stage", stage } };

    private static Histogram<double> Seconds(string name, string description, params double[] boundaries) =>
        Meter.CreateHistogram<double>(name, "s", description, tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
