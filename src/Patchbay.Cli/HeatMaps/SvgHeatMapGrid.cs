using System.Xml.Linq;
using Patchbay.Cli.Charts;

namespace Patchbay.Cli.HeatMaps;

/// <summary>One model's row of a grid of heat maps.</summary>
/// <param name="Name">The model.</param>
/// <param name="Note">What else is said of it: its accuracy.</param>
/// <param name="Maps">Its maps, a column each.</param>
internal sealed record HeatMapRow(string Name, string Note, IReadOnlyList<HeatMap> Maps)
{
    /// <summary>"tiny-base: accuracy 0.66".</summary>
    public string Heading => Note.Length > 0 ? $"{Name}: {Note}" : Name;

    /// <summary>These rows with every column on one colour scale. Groups differ in strength, by ten and more, too much for
    /// one scale over all; models do not, and are what one compares.</summary>
    public static IReadOnlyList<HeatMapRow> OnOneScale(IReadOnlyList<HeatMapRow> rows)
    {
        var columns = Enumerable.Range(0, rows[0].Maps.Count).Select(c => HeatMap.OnOneScale([.. rows.Select(row => row.Maps[c])])).ToArray();
        return [.. rows.Select((row, r) => row with { Maps = [.. columns.Select(column => column[r])] })];
    }
}

/// <summary>Heat maps of several models as one SVG picture: a row for each model, a column for each group, a colour bar under
/// each column.</summary>
internal static class SvgHeatMapGrid
{
    private const double Margin = SvgPicture.Margin, Gap = 28, Heading = 30, BarRoom = 34;

    /// <summary>The picture.</summary>
    /// <param name="rows">Models, with as many maps each; put on one scale by the caller.</param>
    /// <param name="title">Title of the picture.</param>
    /// <param name="subtitle">Text under it, or empty.</param>
    public static XDocument Draw(IReadOnlyList<HeatMapRow> rows, string title, string subtitle)
    {
        var panels = rows.Select(row => row.Maps.Select(map => new SvgPanel(map, alone: false)).ToArray()).ToArray();
        var all = panels.SelectMany(row => row).ToArray();
        var (width, height) = (all.Max(p => p.Width), all.Max(p => p.Height) + Heading);
        var columns = rows.Max(row => row.Maps.Count);
        var (picture, top) = SvgPicture.Create(2 * Margin + columns * (width + Gap) - Gap, title, subtitle, SvgColors.StyleSheet,
            Heading + rows.Count * height + BarRoom);
        double X(int column) => Margin + column * (width + Gap);
        picture.Add(rows[0].Maps.Select((map, c) => Svg.Text(X(c) + SvgPanel.Left, top + 18, "panel", $"{map.Name}  {map.Title}")));
        foreach (var (r, row) in panels.Index())
        {
            var y = top + Heading + r * height;
            picture.Add(Svg.Text(Margin, y + 18, "panel", rows[r].Heading));
            picture.Add(row.Select((panel, c) => panel.Draw(X(c), y + Heading)));
        }
        picture.Add(panels[0].Select((panel, c) => panel.ColorBarBelow(X(c), top + Heading + rows.Count * height + 4)));
        return new XDocument(picture);
    }
}
