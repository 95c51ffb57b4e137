using System.Globalization;
using System.Xml.Linq;
using Patchbay.Cli.Charts;

namespace Patchbay.Cli.HeatMaps;

/// <summary>A small table whose cells are coloured by their numbers, 0 to 1, as one SVG picture for light and dark pages.</summary>
internal static class SvgMatrix
{
    private const double CellWidth = 44, CellHeight = 22, Slant = 0.64;

    /// <summary>The picture.</summary>
    /// <param name="title">Title above it.</param>
    /// <param name="rows">Names of the rows.</param>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="values">By [row, column]; NaN where there is none.</param>
    public static XDocument Draw(string title, IReadOnlyList<string> rows, IReadOnlyList<string> columns, double[,] values)
    {
        var left = 10 + SvgPicture.LetterWidth * rows.Max(r => r.Length);
        var names = SvgPicture.LetterWidth * columns.Max(c => c.Length);
        var top = 26 + names * Slant;
        var picture = SvgPicture.Bare(left + columns.Count * CellWidth + names * 0.55, top + rows.Count * CellHeight + 6, title,
            SvgColors.StyleSheet);
        picture.Add(Svg.Text(0, 15, "panel", title));
        foreach (var (c, name) in columns.Index())
        {
            var place = $"translate({Svg.Number(left + (c + 0.45) * CellWidth)} {Svg.Number(top - 5)}) rotate(-40)";
            picture.Add(Svg.Element("text", ("transform", place)).With(name));
        }
        foreach (var (r, row) in rows.Index())
        {
            picture.Add(Svg.Text(left - 7, top + (r + 0.5) * CellHeight + 4, "", row, "end"));
            foreach (var (c, column) in columns.Index())
            {
                var value = values[r, c];
                var cell = Svg.Rectangle(left + c * CellWidth, top + r * CellHeight, CellWidth, CellHeight, SvgColors.ClassOf(value));
                cell.Add(Svg.Element("title").With($"{row}, {column}: {value.ToString("0.####", CultureInfo.InvariantCulture)}"));
                picture.Add(cell, Svg.Text(left + (c + 0.5) * CellWidth, top + (r + 0.5) * CellHeight + 4, value > 0.6 ? "inverse" : "",
                    double.IsNaN(value) ? "–" : value.ToString("0.00", CultureInfo.InvariantCulture), "middle"));
            }
        }
        picture.Add(Svg.Rectangle(left, top, columns.Count * CellWidth, rows.Count * CellHeight, "frame"));
        return new XDocument(picture);
    }
}
