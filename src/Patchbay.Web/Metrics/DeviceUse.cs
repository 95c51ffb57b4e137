using Patchbay.Cluster.Dispatch;

namespace Patchbay.Web.Metrics;

/// <summary>A device of a node, its memory for models, the models placed there, and how many of those compute, a unit
/// each; a model that is for any GPU counts on each.</summary>
internal sealed record DeviceUse(string Device, long Bytes, IReadOnlyList<ModelNeed> Placed, int Units)
{
    public long Taken => Placed.Sum(need => need.Bytes);

    public long Left => Math.Max(0, Bytes - Taken);

    public static IEnumerable<DeviceUse> Of(NodeOffer offer)
    {
        (ModelNeed Need, string State)[] placed = [.. offer.Models.Where(m => m.State != "cold")
            .Select(m => (ModelNeed.Of(m.Id), m.State))];
        foreach (var (device, bytes) in offer.Devices.OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            var here = placed.Where(m => DeviceBroker.Serves(device, m.Need.Device)).ToArray();
            yield return new(device, bytes, [.. here.Select(m => m.Need)], here.Count(m => m.State == "computing"));
        }
    }
}
