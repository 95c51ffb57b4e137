using Patchbay.Cluster.Dispatch;

namespace Patchbay.Web.Metrics;

/// <summary>A device of a node, its memory for models, and the models placed there; one that is for any GPU counts on
/// each.</summary>
internal sealed record DeviceUse(string Device, long Bytes, IReadOnlyList<ModelNeed> Placed)
{
    public long Taken => Placed.Sum(need => need.Bytes);

    public long Left => Math.Max(0, Bytes - Taken);

    public static IEnumerable<DeviceUse> Of(NodeOffer offer)
    {
        ModelNeed[] placed = [.. offer.Models.Where(m => m.State != "cold").Select(m => ModelNeed.Of(m.Id))];
        return offer.Devices.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => new DeviceUse(d.Key, d.Value,
            [.. placed.Where(need => DeviceBroker.Serves(d.Key, need.Device))]));
    }
}
