namespace Patchbay.Report;

/// <summary>Heat maps as one self-contained SVG picture for light and dark pages, in a grid.</summary>
internal static class SvgHeatMaps
{
    private const double Margin = SvgPicture.Margin, Gap = 28, MaxWidth = 1180;

    /// <summary>Maps side by side where there is room, each under its title, a colour bar beside it.</summary>
    public static XDocument Draw(IReadOnlyList<HeatMap> maps, string title, string subtitle)
    {
        const double Title = 26, BarGap = 14, Bar = 12 + 58, LeastWidth = 420;
        var panels = maps.Select(map => new SvgHeatMap(map)).ToArray();
        var width = Math.Max(panels.Max(p => SvgHeatMap.Left + p.Width + BarGap + Bar), Widest(maps));
        var height = panels.Max(p => Title + Math.Max(p.Height + SvgHeatMap.Bottom, p.BarHeight + 8));
        var columns = HeatMap.Abreast(panels.Length, (int)((MaxWidth - 2 * Margin + Gap) / (width + Gap)));
        var rows = (panels.Length + columns - 1) / columns;
        var (picture, top) = SvgPicture.WithHeading(Math.Max(2 * Margin + columns * (width + Gap) - Gap, LeastWidth),
            rows * (height + Gap) - Gap, title, subtitle, SvgColors.StyleSheet);
        foreach (var (i, panel) in panels.Index())
        {
            var (x, y) = (Margin + i % columns * (width + Gap), top + i / columns * (height + Gap));
            picture.Add(Svg.Text(x, y + 14, "panel", maps[i].Titled()));
            (x, y) = (x + SvgHeatMap.Left, y + Title);
            picture.Add(panel.Cells(x, y), panel.ColorBar(x + panel.Width + BarGap, y, isUpright: true));
        }
        return new XDocument(picture);
    }

    /// <summary>Maps of several models: a row for each model, a column for each group, a colour bar under each
    /// column. The caller has put them on one scale.</summary>
    public static XDocument Draw(IReadOnlyList<HeatMapRow> rows, string title, string subtitle)
    {
        const double Heading = 30, BarRoom = 34;
        var panels = rows.Select(row => row.Maps.Select(map => new SvgHeatMap(map)).ToArray()).ToArray();
        var (cells, names) = (panels.Max(row => row.Max(p => p.Width)), Widest(rows[0].Maps));
        var width = Math.Max(SvgHeatMap.Left + cells, names) + Gap;
        var height = Heading + panels.Max(row => row.Max(p => p.Height)) + SvgHeatMap.Bottom;
        string[] headings = [.. rows.Select(row => row.Note.Length > 0 ? $"{row.Name}: {row.Note}" : row.Name)];
        var right = Math.Max(Column(panels.Max(row => row.Length) - 1) + Math.Max(cells, names),
            Margin + headings.Max(SvgPicture.PanelNameWidth));
        var (picture, top) = SvgPicture.WithHeading(right + Margin, Heading + rows.Count * height + BarRoom, title,
            subtitle, SvgColors.StyleSheet);
        double Column(int index) => Margin + SvgHeatMap.Left + index * width;
        double Row(int index) => top + Heading + index * height;
        picture.Add(rows[0].Maps.Select((map, c) =>
            Svg.Text(Column(c), top + 18, "panel", map.Titled())));
        foreach (var (r, heading) in headings.Index())
        {
            picture.Add(Svg.Text(Margin, Row(r) + 18, "panel", heading),
                panels[r].Select((panel, c) => panel.Cells(Column(c), Row(r) + Heading)));
        }
        picture.Add(panels[0].Select((panel, c) => panel.ColorBar(Column(c), Row(rows.Count) + 4)));
        return new XDocument(picture);
    }

    /// <summary>A small table whose cells are coloured by their numbers, 0 to 1, by [row, column]; NaN where there is
    /// none.</summary>
    public static XDocument Matrix(string title, IReadOnlyList<string> rows, IReadOnlyList<string> columns,
        double[,] values)
    {
        const double Width = 44, Height = 22, Slant = 0.64;
        var left = 10 + SvgPicture.LetterWidth * rows.Max(r => r.Length);
        var names = SvgPicture.LetterWidth * columns.Max(c => c.Length);
        var top = 26 + names * Slant;
        var width = Math.Max(left + columns.Count * Width + names * 0.55, SvgPicture.PanelNameWidth(title));
        var picture = SvgPicture.Bare(width, top + rows.Count * Height + 6, title, SvgColors.StyleSheet);
        picture.Add(Svg.Text(0, 15, "panel", title));
        picture.Add(columns.Select((name, c) => Svg.Element("text", ("transform",
            $"translate({Svg.Point(left + (c + 0.45) * Width, top - 5)}) rotate(-40)")).With(name)));
        foreach (var (r, row) in rows.Index())
        {
            var (y, baseLine) = (top + r * Height, top + (r + 0.5) * Height + 4);
            picture.Add(Svg.Text(left - 7, baseLine, "", row, "end"));
            foreach (var (c, column) in columns.Index())
            {
                var value = values[r, c];
                picture.Add(
                    Svg.Rectangle(left + c * Width, y, Width, Height, SvgColors.ClassOf(value))
                        .With(Svg.Title($"{row}, {column}: {value:0.####}")),
                    Svg.Text(left + (c + 0.5) * Width, baseLine, value > 0.6 ? "inverse" : "",
                        double.IsNaN(value) ? Numbers.None : $"{value:0.00}", "middle"));
            }
        }
        picture.Add(Svg.Rectangle(left, top, columns.Count * Width, rows.Count * Height, "frame"));
        return new XDocument(picture);
    }

    private static double Widest(IEnumerable<HeatMap> maps) => maps.Max(map => SvgPicture.PanelNameWidth(map.Titled()));
}
