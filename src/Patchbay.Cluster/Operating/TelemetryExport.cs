using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Patchbay.Cluster.Operating;

/// <summary>Who listens to <see cref="Telemetry"/>: metrics are kept for a scraper, and where the standard variable
/// OTEL_EXPORTER_OTLP_ENDPOINT names a collector, metrics and traces go there. Without it nothing is
/// traced.</summary>
internal sealed class TelemetryExport : IDisposable
{
    private const int PatienceMilliseconds = 1000; // for a collector that does not answer, when the node ends
    private readonly TracerProvider? traces;

    private TelemetryExport(MeterProvider metrics, TracerProvider? traces) =>
        (Metrics, this.traces) = (metrics, traces);

    /// <summary>The metrics.</summary>
    public MeterProvider Metrics { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="version">Version of the program.</param>
    public static TelemetryExport Start(string version)
    {
        var metrics = Sdk.CreateMeterProviderBuilder().AddMeter(Telemetry.Name)
            .ConfigureResource(resource => Describe(resource, version))
            .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
        var isTold = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"));
        return new((isTold ? WithCollector(metrics) : metrics).Build(), isTold ? Traces(version) : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Metrics.Shutdown(PatienceMilliseconds);
        Metrics.Dispose();
        traces?.Shutdown(PatienceMilliseconds);
        traces?.Dispose();
    }

    // Methods of their own: the exporter's assembly is loaded with the first that names it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MeterProviderBuilder WithCollector(MeterProviderBuilder metrics) => metrics.AddOtlpExporter();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TracerProvider Traces(string version) => Sdk.CreateTracerProviderBuilder().AddSource(Telemetry.Name)
        .ConfigureResource(resource => Describe(resource, version)).AddOtlpExporter().Build();

    // Names that an operator gives by OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES come last, and hold.
    private static void Describe(ResourceBuilder resource, string version) => resource
        .AddService("patchbay", serviceVersion: version, serviceInstanceId: NodeIdentity.Own)
        .AddEnvironmentVariableDetector();
}
