using System.Xml.Linq;
using Patchbay.Cli.Charts;

namespace Patchbay.Cli.HeatMaps;

/// <summary>Heat maps as one self-contained SVG picture for light and dark pages: panels in a grid, each with axes, a colour
/// bar of its own, marked heads outlined, and a tooltip on every cell.</summary>
internal static class SvgHeatMaps
{
    private const double Margin = SvgPicture.Margin, Gap = 28, MaxWidth = 1180;

    /// <summary>The picture.</summary>
    /// <param name="maps">Panels, in reading order.</param>
    /// <param name="title">Title of the picture.</param>
    /// <param name="subtitle">Text under it, or empty.</param>
    public static XDocument Draw(IReadOnlyList<HeatMap> maps, string title, string subtitle)
    {
        var panels = maps.Select(map => new SvgPanel(map)).ToArray();
        var (width, height) = (panels.Max(p => p.Width), panels.Max(p => p.Height));
        var columns = HeatMap.Abreast(panels.Length, (int)((MaxWidth - 2 * Margin + Gap) / (width + Gap)));
        var rows = (panels.Length + columns - 1) / columns;
        var pictureWidth = Math.Max(2 * Margin + columns * width + (columns - 1) * Gap, 420);
        var (picture, top) = SvgPicture.Create(pictureWidth, title, subtitle, SvgColors.StyleSheet, rows * height + (rows - 1) * Gap);
        foreach (var (index, panel) in panels.Index())
        {
            var x = Margin + index % columns * (width + Gap);
            var y = top + index / columns * (height + Gap);
            picture.Add(panel.Draw(x, y));
        }
        return new XDocument(picture);
    }
}

/// <summary>Colours as style classes, so that a page's colour scheme can choose between two sets.</summary>
internal static class SvgColors
{
    private const int Steps = 24;

    /// <summary>Style class of a fraction of the limit: "n24" is the most negative, "p0" zero, "none" not a number.</summary>
    public static string ClassOf(double fraction)
    {
        if (double.IsNaN(fraction)) return "none";
        var step = (int)Math.Round(Math.Clamp(fraction, -1, 1) * Steps);
        return step < 0 ? $"n{-step}" : $"p{step}";
    }

    /// <summary>The fractions that have colours of their own, from most negative to most positive.</summary>
    public static IEnumerable<double> Fractions => Enumerable.Range(-Steps, 2 * Steps + 1).Select(i => (double)i / Steps);

    /// <summary>Style sheet with both sets of colours.</summary>
    public static string StyleSheet { get; } =
        SvgPicture.Fonts
        + ".mark,.halo{fill:none;stroke-width:1.5;pointer-events:none}.halo{stroke-width:1}.frame{fill:none;stroke-width:1}"
        + Set(DivergingScale.Light, page: "#ffffff", ink: "#1f2328", line: "#b8bec6")
        + "@media (prefers-color-scheme:dark){"
        + Set(DivergingScale.Dark, page: "#0d1117", ink: "#e6edf3", line: "#4a525c") + "}";

    private static string Set(DivergingScale scale, string page, string ink, string line) =>
        $".page,.none{{fill:{page}}}text{{fill:{ink}}}.mark{{stroke:{ink}}}.halo{{stroke:{page}}}.frame{{stroke:{line}}}.inverse{{fill:{page}}}"
        + string.Concat(Fractions.Select(f => $".{ClassOf(f)}{{fill:{scale.At(f).Hex}}}"));
}
