namespace Patchbay.Cli.HeatMaps;

/// <summary>A colour of the scale, 8 bits a channel.</summary>
internal readonly record struct ScaleColor(byte Red, byte Green, byte Blue)
{
    /// <summary>"#rrggbb".</summary>
    public string Hex => $"#{Red:x2}{Green:x2}{Blue:x2}";

    /// <summary>Perceived lightness in [0, 1], good enough to choose black or white upon it.</summary>
    public double Lightness => (0.299 * Red + 0.587 * Green + 0.114 * Blue) / 255;

    /// <summary>The colour of a text such as "#2166ac".</summary>
    public static ScaleColor FromHex(string hex)
    {
        var bytes = Convert.FromHexString(hex.TrimStart('#'));
        return new(bytes[0], bytes[1], bytes[2]);
    }

    /// <summary>The colour a fraction of the way to another.</summary>
    public ScaleColor Towards(ScaleColor other, double fraction)
    {
        return new(Mix(Red, other.Red), Mix(Green, other.Green), Mix(Blue, other.Blue));
        byte Mix(byte a, byte b) => (byte)Math.Round(a + (b - a) * fraction);
    }
}

/// <summary>
/// A diverging scale centred on zero: blue below, orange above, told apart by all common kinds of colour vision; further
/// from zero differs more from the background. One for light backgrounds (ColorBrewer's blues and oranges), one for dark.
/// </summary>
internal sealed class DivergingScale
{
    private readonly ScaleColor[] below, above;

    private DivergingScale(string centre, string[] below, string[] above)
    {
        this.below = [ScaleColor.FromHex(centre), .. below.Select(ScaleColor.FromHex)];
        this.above = [ScaleColor.FromHex(centre), .. above.Select(ScaleColor.FromHex)];
    }

    /// <summary>For light backgrounds.</summary>
    public static DivergingScale Light { get; } = new("#f5f5f5",
        ["#b9d7ea", "#6aaed6", "#2f7ebc", "#08407f"],
        ["#fdd0a2", "#fda35a", "#dd6410", "#8a3603"]);

    /// <summary>For dark backgrounds.</summary>
    public static DivergingScale Dark { get; } = new("#23272e",
        ["#1b4468", "#2470b0", "#45a0ea", "#92d2ff"],
        ["#633a10", "#ac6212", "#ec9126", "#ffc673"]);

    /// <summary>Colour of a fraction of the limit, in [-1, 1].</summary>
    public ScaleColor At(double fraction)
    {
        var stops = fraction < 0 ? below : above;
        var place = Math.Min(Math.Abs(fraction), 1) * (stops.Length - 1);
        var stop = Math.Min((int)place, stops.Length - 2);
        return stops[stop].Towards(stops[stop + 1], place - stop);
    }
}
