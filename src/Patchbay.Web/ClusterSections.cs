using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Membership;
using Patchbay.Sweeps.Studies;
using Patchbay.Web.Metrics;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>What the Cluster page shows: nodes, their devices and models, and what runs.</summary>
internal static class ClusterSections
{
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(10);

    public static IReadOnlyList<Section> Of(Site site)
    {
        var offers = site.Node.Board.Offers.Values.OrderBy(o => o.Node, StringComparer.Ordinal).ToArray();
        return
        [
            new("nodes", "Nodes", "The members of this node's cluster, the oldest first.", "", [Nodes(site)]),
            new("devices", "Devices", "Memory for models on each device, what the models placed there take, and how "
                + "many units they compute. A model for any GPU counts on each of its node's.", "", [Devices(offers)]),
            new("models", "Models", "The models that sweeps have asked for. One that is cold has no memory; it is "
                + "loaded when its next unit comes.", "", Models(offers)),
            new("units", "Units", "Which process has which: it computes as many at a time as it has slots, the others "
                + "wait there. How much of one is done is known of sweeps that this node has.", "",
                [
                    .. Units(site.Book.All(out var beingRead), DateTimeOffset.UtcNow),
                    .. beingRead.Count == 0 ? Array.Empty<Block>()
                        : [new Note($"Without {SweepText.Count(beingRead.Count, "sweep")} being read.")],
                ]),
            new MetricSections(site.Metrics, site.Node.BoardName).Hour(),
        ];
    }

    /// <summary>Differs whenever the page would.</summary>
    public static string Version(Site site) => string.Join('\n',
        site.Node.Inspection.Members().Select(m => $"{m.Address} {m.Status} {m.Reachable} {m.Leader}")
            .Concat(site.Node.Board.Offers.Values.SelectMany(o => o.Models).Select(m => $"{m.Id} {m.State}"))
            .Concat(site.Book.All(out var beingRead, TimeSpan.Zero).SelectMany(s => s.Running)
                .Select(u => $"{u.Unit} {u.Percent}"))
            .Append($"{beingRead.Count}")
            .Append($"{site.Metrics.Version}"));

    private static ReportTable Nodes(Site site) => new("",
        ["address", "state", "link", "roles", "version", "note"],
        site.Node.Inspection.Members().Select(m => (Cell[])
        [
            m.Address, m.Status, m.Reachable ? "reached" : "not reached", string.Join(", ", m.Roles), m.Version,
            string.Join(", ", new[] { m.Self ? "this node" : "", m.Leader ? "leads" : "" }.Where(w => w.Length > 0)),
        ]));

    /// <summary>A row for each device of each node.</summary>
    public static ReportTable Devices(IEnumerable<NodeOffer> offers) => new("",
        ["node", "device", ">memory", ">taken", ">models", ">units"],
        from offer in offers
        from device in DeviceUse.Of(offer)
        select (Cell[])
        [
            AddressOf(offer.Node), device.Device, Size(device.Bytes), Size(device.Taken), $"{device.Placed.Count}",
            $"{device.Units}",
        ]);

    private static Block[] Models(NodeOffer[] offers)
    {
        Cell[][] rows = [.. from offer in offers
                            from model in offer.Models
                            let need = ModelNeed.Of(model.Id)
                            let place = AddressOf(offer.Node)
                            select (Cell[])[model.Name, place, need.Device, Size(need.Bytes), model.State]];
        Cell[][] refused = [.. from offer in offers
                               from model in offer.Refused
                               select (Cell[])[ModelNeed.Of(model.Key).Name, AddressOf(offer.Node), model.Value]];
        return
        [
            rows.Length == 0 ? new Paragraph("None so far.")
                : new ReportTable("", ["model", "node", "device", ">needs", "state"], rows),
            .. refused.Length == 0 ? (Block[])[]
                : [new ReportTable("What a node could not load", ["model", "node", "why"], refused)],
        ];
    }

    /// <summary>What each process has and has done lately, and which units those are that it has.</summary>
    public static Block[] Units(IReadOnlyList<SweepSeen> sweeps, DateTimeOffset now)
    {
        var handedOut = sweeps.SelectMany(s => s.Running, (sweep, unit) => (Sweep: sweep.Id, Unit: unit)).ToArray();
        var done = sweeps.SelectMany(s => s.CompletedSince(now - Lately)).ToLookup(d => d.Host, d => d.Results);
        Cell[][] processes = [.. from host in handedOut.Select(u => u.Unit.Host).Concat(done.Select(d => d.Key))
                                     .Distinct().Order(StringComparer.Ordinal)
                                 select (Cell[])[host, $"{handedOut.Count(u => u.Unit.Host == host)}",
                                     $"{done[host].Count()}", $"{done[host].Sum()}"]];
        if (processes.Length == 0) return [new Paragraph("None.")];
        var table = new ReportTable("", ["process", ">handed out", ">done in 10 min", ">results in 10 min"], processes);
        return handedOut.Length == 0 ? [table] : [table, new ReportTable("", ["sweep", "unit", "by", ">done"],
            handedOut.Select(u => (Cell[])[u.Sweep, u.Unit.Unit, u.Unit.Host, u.Unit.Percent]))];
    }

    /// <summary>A node, by its name on the board, as everybody is to say it.</summary>
    public static string AddressOf(string node)
    {
        try
        {
            return BoardActor.ApiOf(node);
        }
        catch (FormatException)
        {
            return node; // it has no address that others speak to
        }
    }

    private static string Size(long bytes) => ByteSize.Format(bytes);
}
