namespace Patchbay.Report;

/// <summary>Colours of lines, bars and dots as style classes, for light pages and dark ones.</summary>
internal static class ChartColors
{
    // Okabe and Ito's hues (told apart by all common kinds of colour vision), darkened or lightened until text in them
    // is readable.
    private static readonly string[] Light = ["#0068b0", "#c24a00", "#00785a", "#a8468c", "#866500", "#30363d"];
    private static readonly string[] Dark = ["#58a9f0", "#ff8b48", "#2fc79b", "#ee90cf", "#e4c030", "#c9d1d9"];
    private static readonly string[] Dashes = ["", "7 3", "2 3", "9 3 2 3"];

    /// <summary>Style classes of a line: "line c2 d1", "line grey" where it has no colour.</summary>
    public static string LineOf(int? color) =>
        color is { } c ? $"line c{c % Light.Length} d{c / Light.Length % Dashes.Length}" : "line grey";

    /// <summary>Style class of a thin curve: "c2".</summary>
    public static string StrokeOf(int color) => $"c{color % Light.Length}";

    /// <summary>Style class of a label or an error band: "t2", "faint" where it has no colour.</summary>
    public static string TextOf(int? color) => color is { } c ? $"t{c % Light.Length}" : "faint";

    /// <summary>Style class of a bar or a dot: "t2", "neutral" where it has no colour.</summary>
    public static string FillOf(int? color) => color is null ? "neutral" : TextOf(color);

    /// <summary>Style sheet for light pages and dark ones.</summary>
    public static string StyleSheet { get; } = SvgPicture.Fonts
        + ".line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}.grey{stroke-width:1.2}"
        + ".band{opacity:.13;stroke:none}.fill{fill-opacity:.82}.pale{fill-opacity:.34}.dot{fill-opacity:.75}"
        + ".whisker,.target,.floor{fill:none;stroke-width:1.3}.floor{stroke-dasharray:4 3}"
        + ".published{stroke-width:1.4}.seed{fill:none;stroke-width:.8;opacity:.6}.edge{fill:none;stroke-width:1}"
        + ".small{font-size:10px}.on{font-size:9px;font-weight:600;text-anchor:middle}"
        + ".grid{stroke-width:1}.stage{stroke-width:1;stroke-dasharray:3 3}.lead{stroke-width:1;fill:none}"
        + string.Concat(Dashes.Select((d, i) => d.Length > 0 ? $".d{i}{{stroke-dasharray:{d}}}" : ""))
        + Set(Light, page: "#ffffff", ink: "#1f2328", grid: "#e4e7eb", faint: "#6a727c", grey: "#a0a8b2")
        + "@media (prefers-color-scheme:dark){"
        + Set(Dark, page: "#0d1117", ink: "#e6edf3", grid: "#242a32", faint: "#97a1ac", grey: "#5e6873") + "}";

    private static string Set(string[] colors, string page, string ink, string grid, string faint, string grey) =>
        $".page{{fill:{page}}}text{{fill:{ink}}}.faint{{fill:{faint}}}.grey{{stroke:{grey}}}.grid{{stroke:{grid}}}"
        + $".stage,.lead{{stroke:{grey}}}.neutral{{fill:{faint}}}"
        + $".whisker,.target,.floor,.published,.seed{{stroke:{ink}}}.published,.on{{fill:{page}}}"
        + string.Concat(colors.Select((c, i) => $".c{i}{{stroke:{c}}}.t{i}{{fill:{c}}}"));
}
