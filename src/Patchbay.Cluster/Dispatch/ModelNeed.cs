using System.Globalization;

namespace Patchbay.Cluster.Dispatch;

/// <summary>What decides on which node a model actor is placed. Its id says it, so that whoever places it, on whatever
/// node, knows: "tiny-base-0a1b2c3d4e5f@cpu+512" and, of replicas after the first, "...+512.1".</summary>
/// <param name="Model">The checkpoint, and how it computes.</param>
/// <param name="Device">"cpu", "cuda:N", or "cuda" for any GPU.</param>
/// <param name="Bytes">Memory that it takes; in an id whole mebibytes.</param>
/// <param name="Replica">Which of those that share its units.</param>
public sealed record ModelNeed(string Model, string Device, long Bytes, int Replica)
{
    private const long Mebibyte = 1 << 20;

    /// <summary>The model's name.</summary>
    public string Name => Model.LastIndexOf('-') is > 0 and var end ? Model[..end] : Model;

    /// <summary>Reads an id.</summary>
    public static ModelNeed Of(string id)
    {
        var (at, plus) = (id.LastIndexOf('@'), id.LastIndexOf('+'));
        if (at < 0 || plus < at) return new(id, "cpu", 0, 0);
        var numbers = id[(plus + 1)..].Split('.');
        return new(id[..at], id[(at + 1)..plus], Number(numbers[0]) * Mebibyte,
            numbers.Length > 1 ? (int)Number(numbers[1]) : 0);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var mebibytes = (Bytes + Mebibyte - 1) / Mebibyte;
        var id = $"{Model}@{Device}+{mebibytes.ToString(CultureInfo.InvariantCulture)}";
        return Replica == 0 ? id : $"{id}.{Replica.ToString(CultureInfo.InvariantCulture)}";
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
