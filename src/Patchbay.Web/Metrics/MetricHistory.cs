using System.Collections.Immutable;
using Patchbay.Cluster.Dispatch;

namespace Patchbay.Web.Metrics;

/// <summary>What a node's process had used and done since it started.</summary>
/// <param name="Processor">Processor time.</param>
/// <param name="Resident">Resident memory in bytes.</param>
/// <param name="Units">Units that it computed.</param>
/// <param name="Results">Results that it recorded.</param>
internal readonly record struct ProcessTotals(TimeSpan Processor, long Resident, long Units, long Results);

/// <summary>What a node had said of itself when it was sampled.</summary>
/// <param name="Devices">Its devices.</param>
/// <param name="Loaded">Models that have memory.</param>
/// <param name="Computing">Those of them that compute: a unit each.</param>
internal sealed record NodeSample(IReadOnlyList<DeviceUse> Devices, int Loaded, int Computing);

/// <summary>One look at all nodes that a board knows, and at this process.</summary>
/// <param name="At">When, for people.</param>
/// <param name="Stamp">When, on the clock that does not jump.</param>
/// <param name="Nodes">Nodes by their names on the board.</param>
/// <param name="Own">This process.</param>
internal sealed record MetricSample(DateTimeOffset At, long Stamp, IReadOnlyDictionary<string, NodeSample> Nodes,
    ProcessTotals Own);

/// <summary>The samples of the last hour, in memory alone.</summary>
/// <param name="time">The clock.</param>
/// <param name="offers">What nodes have told of themselves.</param>
/// <param name="own">Looks at this process.</param>
internal sealed class MetricHistory(TimeProvider time, Func<IReadOnlyDictionary<string, NodeOffer>> offers,
    Func<ProcessTotals> own)
{
    /// <summary>Time between two samples.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(15);

    private const int Most = 240;
    private ImmutableQueue<MetricSample> samples = [];
    private int count;

    /// <summary>The samples, the oldest first.</summary>
    public IEnumerable<MetricSample> Samples => samples;

    /// <summary>Another after each sample.</summary>
    public long Version { get; private set; }

    /// <summary>Samples from now on, until it is disposed of.</summary>
    public IDisposable Begin() => time.CreateTimer(_ => Take(), null, TimeSpan.Zero, Every);

    /// <summary>Takes a sample. Called by one at a time.</summary>
    public void Take()
    {
        var nodes = offers().ToDictionary(o => o.Key, o => new NodeSample([.. DeviceUse.Of(o.Value)],
            o.Value.Models.Count(m => m.State is "loaded" or "computing" or "leaving"),
            o.Value.Models.Count(m => m.State == "computing")), StringComparer.Ordinal);
        var kept = samples.Enqueue(new(time.GetUtcNow(), time.GetTimestamp(), nodes, own()));
        if (count == Most) kept = kept.Dequeue();
        else count++;
        samples = kept;
        Version++;
    }

    /// <summary>Minutes from a sample until now.</summary>
    public double Ago(MetricSample sample) => time.GetElapsedTime(sample.Stamp).TotalMinutes;

    /// <summary>Seconds from one sample to another.</summary>
    public double Between(MetricSample first, MetricSample second) =>
        time.GetElapsedTime(first.Stamp, second.Stamp).TotalSeconds;
}
