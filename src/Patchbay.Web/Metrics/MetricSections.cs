using Patchbay.Sweeps.Studies;

namespace Patchbay.Web.Metrics;

/// <summary>The last hour on the page Cluster: a row of charts for each node, and who left.</summary>
/// <param name="history">The samples.</param>
/// <param name="own">This node's name on the board.</param>
internal sealed class MetricSections(MetricHistory history, string own)
{
    private const int AMinute = 4; // samples
    private const double Gibibyte = 1L << 30;
    private static readonly int[] Steps = [1, 2, 4, 10];
    private readonly MetricSample[] samples = [.. history.Samples];

    /// <summary>The section.</summary>
    public Section Hour() => new("hour", "The last hour", "Sampled every 15 s since this node started, and kept in its "
        + "memory alone. Of each node: memory left for models on each device; models that have memory, and those that "
        + "compute, a unit each. Of this node too: its share of all processors, resident memory, units that it "
        + "computed and results that it recorded in a minute. At the end of a line stands the latest value.",
        "",
        [.. Left(), .. Nodes().Select(Row)]);

    // This one first, though it be not on its board yet.
    private IEnumerable<string> Nodes() => samples.SelectMany(s => s.Nodes.Keys.Prepend(own)).Distinct()
        .OrderBy(node => node != own).ThenBy(node => node, StringComparer.Ordinal);

    // A node that was in one sample and is not in the next; it may have come back.
    private IEnumerable<Block> Left()
    {
        string[] left = [.. from pair in samples.Zip(samples.Skip(1), (before, after) => (before, after))
                            from node in pair.before.Nodes.Keys.Except(pair.after.Nodes.Keys)
                            orderby pair.after.At, node
                            select $"{ClusterSections.AddressOf(node)} left between {pair.before.At:HH:mm:ss} and "
                                + $"{pair.after.At:HH:mm:ss} UTC."];
        if (left.Length > 0) yield return new Statements(left);
    }

    private Figure Row(string node)
    {
        var address = ClusterSections.AddressOf(node);
        Picture[] charts =
            [.. Memory(node, address), Models(node, address), .. node == own ? Own(address) : []];
        return new(address + (node == own ? ", this node" : samples[^1].Nodes.ContainsKey(node) ? ""
            : ", not there now"), charts, 4);
    }

    private NodeSample LatestOf(string node) =>
        samples.Select(s => s.Nodes.GetValueOrDefault(node)).OfType<NodeSample>().LastOrDefault() ?? new([], 0, 0);

    private Picture[] Memory(string node, string address)
    {
        var devices = LatestOf(node).Devices;
        if (devices.Count == 0) return [];
        DeviceUse? In(MetricSample sample, string device) =>
            sample.Nodes.GetValueOrDefault(node)?.Devices.FirstOrDefault(d => d.Device == device);
        return [Chart($"memory-{address}", "memory left, GiB", address, devices.Max(d => d.Bytes) / Gibibyte,
            [.. devices.Select(device => new Line(
                devices.Count == 1 ? ByteSize.Format(device.Left) : $"{device.Device} {ByteSize.Format(device.Left)}",
                Values(i => In(samples[i], device.Device)?.Left / Gibibyte)))])];
    }

    private Picture Models(string node, string address)
    {
        NodeSample? In(int i) => samples[i].Nodes.GetValueOrDefault(node);
        var last = LatestOf(node);
        return Chart($"models-{address}", "models", address, null,
            new($"{last.Loaded} loaded", Values(i => In(i)?.Loaded)),
            new($"{last.Computing} computing", Values(i => In(i)?.Computing)));
    }

    private Picture[] Own(string address)
    {
        var resident = samples[^1].Own.Resident;
        return
        [
            Chart("processor", "processors, %", address, 100, Latest(Values(Processor), "0' %'")),
            Chart("resident", "resident memory, GiB", address, null,
                new Line(ByteSize.Format(resident), Values(i => samples[i].Own.Resident / Gibibyte))),
            Chart("units", "units a minute", address, null, Latest(Values(i => PerMinute(i, t => t.Units)), "0.#")),
            Chart("results", "results a minute", address, null,
                Latest(Values(i => PerMinute(i, t => t.Results)), "#,0")),
        ];
    }

    private static Line Latest(IReadOnlyList<LinePoint> points, string format) =>
        new(points.LastOrDefault(p => double.IsFinite(p.Y)).Y.ToString(format), points);

    private double? Processor(int i) => i == 0 ? null : Math.Min(100, 100 * (samples[i].Own.Processor
        - samples[i - 1].Own.Processor).TotalSeconds / Environment.ProcessorCount
        / Math.Max(0.001, history.Between(samples[i - 1], samples[i])));

    private double? PerMinute(int i, Func<ProcessTotals, long> total)
    {
        if (i == 0) return null;
        var first = samples[Math.Max(0, i - AMinute)];
        return 60 * (total(samples[i].Own) - total(first.Own)) / Math.Max(0.001, history.Between(first, samples[i]));
    }

    // The axis is the whole hour from the first sample on; a line breaks where there is no value.
    private LinePoint[] Values(Func<int, double?> value) =>
    [
        new(-60, double.NaN), .. samples.Select((s, i) => new LinePoint(-history.Ago(s), value(i) ?? double.NaN)),
        new(0, double.NaN),
    ];

    private static Picture Chart(string name, string what, string address, double? most, params Line[] lines)
    {
        var highest = most ?? Round(lines.SelectMany(l => l.Points).Select(p => p.Y).Where(double.IsFinite)
            .DefaultIfEmpty(0).Max());
        var title = $"{what}, of {address}, in the last hour: {string.Join(", ", lines.Select(l => l.Latest))}";
        var panel = new LinePanel(what,
            [.. lines.Select((l, i) => new LineSeries(l.Latest, l.Points) { Color = i })])
        { Range = (0, highest) };
        return new(name, title, SvgLineChart.Draw(new(title, "", "minutes", [panel])
        { IsBare = true, PlotWidth = 150, LeastPlotHeight = 84 }));
    }

    // The next of 1, 2, 4, 10, ...: axes stand still while a value moves a little.
    private static double Round(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1))));
        return Steps.Select(step => step * power).First(end => end >= value);
    }

    private sealed record Line(string Latest, IReadOnlyList<LinePoint> Points);
}
