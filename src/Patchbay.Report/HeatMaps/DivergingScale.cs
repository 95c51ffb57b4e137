namespace Patchbay.Report;

/// <summary>A colour of the scale, 8 bits a channel.</summary>
internal readonly record struct ScaleColor(byte Red, byte Green, byte Blue)
{
    /// <summary>"#rrggbb".</summary>
    public string Hex => $"#{Red:x2}{Green:x2}{Blue:x2}";

    /// <summary>Perceived lightness in [0, 1], good enough to choose black or white upon it.</summary>
    public double Lightness => (0.299 * Red + 0.587 * Green + 0.114 * Blue) / 255;

    /// <summary>The colour of a text such as "#2166ac".</summary>
    public static ScaleColor FromHex(string hex) =>
        Convert.FromHexString(hex.TrimStart('#')) is [var red, var green, var blue]
            ? new(red, green, blue) : throw new FormatException($"{hex} is no colour");

    /// <summary>The colour a fraction of the way to another.</summary>
    public ScaleColor Towards(ScaleColor other, double fraction)
    {
        return new(Mix(Red, other.Red), Mix(Green, other.Green), Mix(Blue, other.Blue));
        byte Mix(byte a, byte b) => (byte)Math.Round(a + (b - a) * fraction);
    }
}

/// <summary>A diverging scale centred on zero: blue below, orange above, told apart by all common kinds of colour
/// vision; further from zero differs more from the background. One for light backgrounds (ColorBrewer's blues and
/// oranges), one for dark.</summary>
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
        ["#b9d7ea", "#6aaed6", "#2f7ebc", "#08407f"], ["#fdd0a2", "#fda35a", "#dd6410", "#8a3603"]);

    /// <summary>For dark backgrounds.</summary>
    public static DivergingScale Dark { get; } = new("#23272e",
        ["#1b4468", "#2470b0", "#45a0ea", "#92d2ff"], ["#633a10", "#ac6212", "#ec9126", "#ffc673"]);

    /// <summary>Colour of a fraction of the limit, in [-1, 1].</summary>
    public ScaleColor At(double fraction)
    {
        var stops = fraction < 0 ? below : above;
        var place = Math.Min(Math.Abs(fraction), 1) * (stops.Length - 1);
        var stop = Math.Min((int)place, stops.Length - 2);
        return stops[stop].Towards(stops[stop + 1], place - stop);
    }
}

/// <summary>Colours as style classes, so that a page's colour scheme can choose between two sets.</summary>
internal static class SvgColors
{
    private const int Steps = 24;

    /// <summary>The fractions that have colours of their own, from most negative to most positive.</summary>
    public static IReadOnlyList<double> Fractions { get; } =
        [.. Enumerable.Range(-Steps, 2 * Steps + 1).Select(i => (double)i / Steps)];

    /// <summary>Style sheet with both sets of colours.</summary>
    public static string StyleSheet { get; } = SvgPicture.Fonts
        + ".mark,.halo{fill:none;stroke-width:1.5;pointer-events:none}.halo{stroke-width:1}"
        + ".frame{fill:none;stroke-width:1}"
        + Set(DivergingScale.Light, page: "#ffffff", ink: "#1f2328", line: "#b8bec6")
        + "@media (prefers-color-scheme:dark){"
        + Set(DivergingScale.Dark, page: "#0d1117", ink: "#e6edf3", line: "#4a525c") + "}";

    /// <summary>Style class of a fraction of the limit: "n24" is the most negative, "p0" zero, "none" NaN.</summary>
    public static string ClassOf(double fraction)
    {
        if (double.IsNaN(fraction)) return "none";
        var step = (int)Math.Round(Math.Clamp(fraction, -1, 1) * Steps);
        return step < 0 ? $"n{-step}" : $"p{step}";
    }

    private static string Set(DivergingScale scale, string page, string ink, string line) =>
        $".page,.none{{fill:{page}}}text{{fill:{ink}}}.mark{{stroke:{ink}}}.halo{{stroke:{page}}}"
        + $".frame{{stroke:{line}}}.inverse{{fill:{page}}}"
        + string.Concat(Fractions.Select(f => $".{ClassOf(f)}{{fill:{scale.At(f).Hex}}}"));
}
