namespace Patchbay.Cluster.Dispatch;

/// <summary>A model actor as its node tells others of it.</summary>
/// <param name="Id">Id of the actor.</param>
/// <param name="Name">The model's name.</param>
/// <param name="State">"cold", "waiting", "computing", "leaving" or "loaded".</param>
public sealed record OfferedModel(string Id, string Name, string State);

/// <summary>What a node has for models: it says so to all others every second.</summary>
/// <param name="Node">Where it is: "gpu1:9110".</param>
/// <param name="Devices">Memory for models on each of its devices, in bytes.</param>
/// <param name="Models">The models that it has.</param>
/// <param name="Refused">Ids of models that it cannot load, each with the reason in a sentence.</param>
public sealed record NodeOffer(string Node, IReadOnlyDictionary<string, long> Devices,
    IReadOnlyList<OfferedModel> Models, IReadOnlyDictionary<string, string> Refused);

/// <summary>
/// On which node a model is placed: where it has not been refused, where no other replica of it is, and where its
/// device has most memory left beside the models already placed there. A model that is loaded is not moved; one is
/// where its node refuses it, or has no room for it while another has. What an operator wishes goes before all but a
/// refusal: the first replica of a model is on the node that was named for it. No clock, no input or output, no chance.
/// </summary>
public static class Placement
{
    private static readonly string[] Loaded = ["computing", "loaded", "leaving"];

    /// <summary>The node for a model; null where there is none at all.</summary>
    /// <param name="id">Id of the model actor.</param>
    /// <param name="nodes">Nodes that can be chosen, each with the ids that are placed on it.</param>
    /// <param name="offers">What nodes have told of themselves.</param>
    /// <param name="wishes">The node that an operator has named for a model, by the model's name.</param>
    public static string? Choose(string id, IReadOnlyDictionary<string, IReadOnlyList<string>> nodes,
        IReadOnlyDictionary<string, NodeOffer> offers, IReadOnlyDictionary<string, string> wishes)
    {
        var need = ModelNeed.Of(id);
        return nodes.Keys.OrderByDescending(node => Takes(need, id, offers.GetValueOrDefault(node)))
            .ThenByDescending(node => node == WishFor(need, wishes))
            .ThenBy(node => nodes[node].Any(placed => placed != id && ModelNeed.Of(placed).Model == need.Model))
            .ThenByDescending(node => Free(need.Device, nodes[node], offers.GetValueOrDefault(node)))
            .ThenBy(node => node, StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>Whether a node other than one may take a model: it has the device, and has not refused it.</summary>
    public static bool MayGoElsewhere(string id, string node, IReadOnlyDictionary<string, NodeOffer> offers) =>
        offers.Any(o => o.Key != node && Takes(ModelNeed.Of(id), id, o.Value));

    /// <summary>The model that is to be placed anew, one at a time; null where all stand well.</summary>
    /// <param name="nodes">Nodes, each with the ids that are placed on it.</param>
    /// <param name="offers">What nodes have told of themselves.</param>
    /// <param name="wishes">The node that an operator has named for a model, by the model's name.</param>
    public static string? ToMove(IReadOnlyDictionary<string, IReadOnlyList<string>> nodes,
        IReadOnlyDictionary<string, NodeOffer> offers, IReadOnlyDictionary<string, string> wishes)
    {
        foreach (var (node, placed) in nodes.OrderBy(n => n.Key, StringComparer.Ordinal))
        {
            if (!offers.TryGetValue(node, out var offer)) continue;
            foreach (var id in placed.Order(StringComparer.Ordinal))
            {
                var need = ModelNeed.Of(id);
                if (WishFor(need, wishes) is { } wished && wished != node && nodes.ContainsKey(wished)
                    && Takes(need, id, offers.GetValueOrDefault(wished))) return id;
                var others = nodes.Where(n => n.Key != node && Takes(need, id, offers.GetValueOrDefault(n.Key)));
                if (!Takes(need, id, offer) ? others.Any() : IsCrowdedOut(id, need, placed, offer)
                    && others.Any(n => Free(need.Device, n.Value, offers[n.Key]) >= need.Bytes)) return id;
            }
        }
        return null;
    }

    private static string? WishFor(ModelNeed need, IReadOnlyDictionary<string, string> wishes) =>
        need.Replica == 0 ? wishes.GetValueOrDefault(need.Name) : null;

    private static bool IsCrowdedOut(string id, ModelNeed need, IReadOnlyList<string> placed, NodeOffer offer) =>
        Free(need.Device, placed, offer) < 0
        && !offer.Models.Any(m => m.Id == id && Loaded.Contains(m.State));

    private static bool Takes(ModelNeed need, string id, NodeOffer? offer) =>
        offer is not null && offer.Devices.Keys.Any(d => DeviceBroker.Serves(d, need.Device))
        && !offer.Refused.ContainsKey(id);

    private static long Free(string device, IReadOnlyList<string> placed, NodeOffer? offer) =>
        (offer?.Devices.Where(d => DeviceBroker.Serves(d.Key, device)).Sum(d => d.Value) ?? 0)
        - placed.Select(ModelNeed.Of).Where(n => n.Device == device).Sum(n => n.Bytes);
}
