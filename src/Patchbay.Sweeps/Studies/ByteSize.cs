using System.Globalization;
using System.Text.RegularExpressions;

namespace Patchbay.Sweeps.Studies;

/// <summary>Amounts of memory as people write them: "4GiB", "512 MB", "1.5G".</summary>
public static partial class ByteSize
{
    private const long Least = 1L << 20, Most = 1L << 50;

    private static readonly string[] Names = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>What is expected where an amount is.</summary>
    public static string Expected { get; } =
        $"an amount of memory such as 4GiB or 512MiB, from {Format(Least)} to {Format(Most)}";

    /// <summary>Bytes of a text such as "4GiB" (1024³) or "4GB" (1000³); a bare K, M, G or T counts by 1024.</summary>
    /// <exception cref="FormatException">It is none, less than 1 MiB, or more than a computer addresses.</exception>
    public static long Parse(string text)
    {
        var match = Pattern().Match(text.Trim());
        if (!match.Success || !double.TryParse(match.Groups["number"].Value, CultureInfo.InvariantCulture,
            out var number))
            throw Unexpected(text);
        var power = " KMGT".IndexOf(match.Groups["prefix"].Value.ToUpperInvariant().PadLeft(1),
            StringComparison.Ordinal);
        var unit = match.Groups["unit"].Value is "B" or "b" ? 1000.0 : 1024.0;
        var bytes = Math.Round(number * Math.Pow(unit, power));
        return bytes is >= Least and <= Most ? (long)bytes : throw Unexpected(text);
    }

    private static FormatException Unexpected(string text) =>
        new($"expected {Expected}, found {Refusal.Quote(text)}");

    /// <summary>The amount with three digits and a binary unit: "4 GiB", "13.5 MiB".</summary>
    public static string Format(long bytes)
    {
        var power = 0;
        double amount = bytes;
        for (; amount >= 999.5 && power < Names.Length - 1; power++) amount /= 1024;
        var format = amount < 9.995 && power > 0 ? "0.##" : amount < 99.95 && power > 0 ? "0.#" : "0";
        return $"{amount.ToString(format, CultureInfo.InvariantCulture)} {Names[power]}";
    }

    [GeneratedRegex(@"^(?<number>\d+(\.\d+)?)\s*(?<prefix>[KMGT]?)(?<unit>iB|i|B)?$", RegexOptions.IgnoreCase)]
    private static partial Regex Pattern();
}
