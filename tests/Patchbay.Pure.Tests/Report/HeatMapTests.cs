using System.Xml.Linq;
using Spectre.Console;

namespace Patchbay.Report.Tests;

public sealed class HeatMapTests
{
    private static readonly HeatMap Small = new HeatMap("A", "value fetcher", new[,]
    {
        { 0, -0.01, 0.02, 0 },
        { -0.09, 0, 0.045, double.NaN },
    })
    {
        StandardErrors = new[,] { { 0, 0.001, 0.001, 0 }, { 0.002, 0, 0.004, double.NaN } },
    }.MarkMostNegative(2);

    [Fact]
    public void Most_negative_cells_are_marked_strongest_first()
    {
        Assert.Equal([new(1, 0), new(0, 1)], Small.Marked);
        Assert.Equal(2, Small.MarkMostNegative(5).Marked.Count); // zero and above never are
    }

    [Theory]
    [InlineData("position transmitter", "B  position transmitter")]
    [InlineData("B", "B")]
    [InlineData("", "B")]
    public void A_group_without_a_title_of_its_own_is_named_once(string title, string heading)
    {
        var map = new HeatMap("B", title, new double[,] { { -0.1 } });
        Assert.Equal(heading, map.Titled());
        var drawn = Parse(SvgHeatMaps.Draw([map], "m", "")).Descendants().Where(e => (string?)e.Attribute("class")
            == "panel").Select(e => e.Value);
        Assert.Contains(heading, drawn);
    }

    [Fact]
    public void The_scale_is_symmetric_about_zero()
    {
        Assert.Equal(0.09, Small.Limit);
        Assert.Equal(-1, Small.Fraction(new(1, 0)));
        Assert.Equal(0.5, Small.Fraction(new(1, 2)));
        Assert.Equal(double.NaN, Small.Fraction(new(1, 3)));
        Assert.Equal(0, new HeatMap("A", "", new double[2, 2]).Fraction(new(0, 0)));
    }

    [Theory]
    [InlineData(4, 4, 4)]
    [InlineData(4, 3, 2)]
    [InlineData(4, 2, 2)]
    [InlineData(4, 1, 1)]
    [InlineData(4, 0, 1)]
    [InlineData(3, 2, 2)]
    [InlineData(1, 9, 1)]
    public void Maps_are_spread_evenly_over_rows(int maps, int fitting, int abreast) =>
        Assert.Equal(abreast, HeatMap.Abreast(maps, fitting));

    [Fact]
    public void Lightness_rises_on_dark_and_falls_on_light_with_the_distance_from_zero()
    {
        for (var f = 0.05; f <= 1; f += 0.05)
        {
            foreach (var sign in new[] { -1, 1 })
            {
                Assert.True(DivergingScale.Dark.At(sign * f).Lightness > DivergingScale.Dark.At(sign * (f - 0.05))
                    .Lightness);
                Assert.True(DivergingScale.Light.At(sign * f).Lightness < DivergingScale.Light.At(sign * (f - 0.05))
                    .Lightness);
            }
        }
    }

    [Fact]
    public void Without_colours_a_cell_is_a_sign_and_a_digit()
    {
        const string expected = """
            A  value fetcher
            layer  0 1 2 3 head
                0  .*1+2 .
                1 *9 .+4
            -9 is -0.09, +9 is +0.09
            * circuit of 2: 1.0 0.1
            """;
        Assert.Equal(expected, Text(Small));
    }

    [Fact]
    public void Maps_stand_side_by_side_where_there_is_room()
    {
        var lines = Text([Small, Small with { Name = "B" }], 80).Split('\n');
        Assert.Contains("A  value fetcher", lines[0], StringComparison.Ordinal);
        Assert.Contains("B  value fetcher", lines[0], StringComparison.Ordinal);
        Assert.Equal(6, lines.Length);
    }

    [Fact]
    public void A_map_that_is_too_wide_is_reduced_to_its_marked_heads()
    {
        var wide = new HeatMap("A", "wide", new double[2, 200]);
        wide.Scores[1, 150] = -1;
        Assert.Contains("* circuit of 1: 1.150", Text([wide.MarkMostNegative(3)], 80), StringComparison.Ordinal);
        Assert.All(Text([wide], 80).Split('\n'), line => Assert.True(line.Length <= 80));
    }

    [Theory]
    [InlineData(1, 1, 40)]
    [InlineData(2, 8, 80)]
    [InlineData(32, 32, 80)]
    [InlineData(32, 32, 160)]
    [InlineData(80, 64, 80)]
    [InlineData(3, 128, 30)]
    public void No_line_is_wider_than_the_terminal(int layers, int heads, int width)
    {
        var map = new HeatMap("A", "value fetcher", new double[layers, heads]);
        map.Scores[layers - 1, heads - 1] = -1;
        HeatMap[] maps = [.. Enumerable.Repeat(map.MarkMostNegative(20), 4)];
        Assert.All(Text(maps, width).Split('\n'), line => Assert.True(line.Length <= width, line));
        Assert.All(Text(maps, width, ColorSystemSupport.TrueColor).Split('\n'), line =>
            Assert.True(System.Text.RegularExpressions.Regex.Replace(line, @"\e\[[\d;]*m", "").Length <= width, line));
    }

    [Fact]
    public void With_colours_a_cell_has_the_scales_colour_and_a_marked_one_brackets()
    {
        var text = Text([Small], 80, ColorSystemSupport.TrueColor);
        var strongest = DivergingScale.Dark.At(-1);
        Assert.Contains($"48;2;{strongest.Red};{strongest.Green};{strongest.Blue}m[]", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 8)]
    [InlineData(8, 8)]
    [InlineData(32, 32)]
    public void An_svg_picture_has_a_cell_with_tooltip_for_every_head_of_four_panels(int layers, int heads)
    {
        var map = new HeatMap("A", "value fetcher", new double[layers, heads]);
        map.Scores[1, 2] = -0.5;
        var picture = Parse(SvgHeatMaps.Draw([.. "ABCD".Select(c => map.MarkMostNegative(3) with { Name = $"{c}" })],
            "m", "300 prompts"));
        Assert.Equal(4 * layers * heads, Elements(picture, "rect")
            .Count(r => r.Elements().Any(e => e.Name.LocalName == "title")));
        Assert.Equal(4, Elements(picture, "rect").Count(r => (string?)r.Attribute("class") == "mark"));
        Assert.Equal(4, Elements(picture, "text").Count(t => (string?)t.Attribute("class") == "panel"));
    }

    [Fact]
    public void A_tooltip_tells_score_error_and_rank()
    {
        var tooltips = Elements(Parse(SvgHeatMaps.Draw([Small], "m", "")), "title").Select(t => t.Value).ToArray();
        Assert.Contains("layer 1, head 0: −0.0900 ± 0.0020 (number 1)", tooltips);
        Assert.Contains("layer 1, head 2: +0.0450 ± 0.0040", tooltips);
        Assert.Contains("layer 1, head 3: not scored", tooltips);
    }

    [Fact]
    public void A_picture_names_what_it_shows_even_with_characters_that_xml_reserves()
    {
        var picture = Parse(SvgHeatMaps.Draw([Small], "a < b & \"c\"", "mean of (p − q) / q"));
        Assert.Equal("a < b & \"c\"", picture.Root!.Elements().First().Value);
        Assert.Contains("prefers-color-scheme:dark", Elements(picture, "style").Single().Value,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Every_colour_class_in_use_is_in_the_style_sheet_twice()
    {
        var picture = Parse(SvgHeatMaps.Draw([Small], "m", ""));
        var sheet = Elements(picture, "style").Single().Value;
        var used = picture.Descendants().Select(e => (string?)e.Attribute("class")).OfType<string>().Distinct();
        Assert.All(used.Except(["heading", "panel"]), name =>
            Assert.True(System.Text.RegularExpressions.Regex.Count(sheet, $@"\.{name}[,{{]") >= 2, name));
    }

    [Fact]
    public void Maps_on_one_scale_share_the_most_negative_score_as_its_end_and_greater_ones_are_clipped()
    {
        var other = new HeatMap("A", "value fetcher", new[,] { { -0.3, 0.9 } });
        var maps = HeatMap.OnOneScale([Small, other]);
        Assert.Equal([0.3, 0.3], maps.Select(map => map.Limit));
        Assert.Equal(-0.3, maps[0].Fraction(new(1, 0)), 1e-12);
        Assert.Equal(1, maps[1].Fraction(new(0, 1)));
        Assert.All(maps, map => Assert.True(map.IsClipped));
        Assert.False(HeatMap.OnOneScale([Small])[0].IsClipped);
    }

    [Theory]
    [InlineData(23, "-0.000509 to ≥+0.000509")]
    [InlineData(26, "-0.000509       ≥+0.000509")]
    [InlineData(34, "-0.000509       +0.000509 or more")]
    [InlineData(50, "-0.000509                       +0.000509 or more")]
    public void A_shared_scale_that_scores_go_beyond_says_so_in_the_room_there_is(int width, string line)
    {
        var map = new HeatMap("tiny-base", "accuracy 0.66", new[,] { { -0.000509, 0.9 }, { 0.1, -0.0004 } });
        using var writer = new StringWriter();
        TestConsole.On(writer, ColorSystemSupport.TrueColor, width)
            .Write(new TerminalHeatMaps(HeatMap.OnOneScale([map])) { LeastWidth = width });
        var lines = System.Text.RegularExpressions.Regex.Replace(writer.ToString(), @"\e\[[\d;]*m", "").Split('\n');
        Assert.Equal(line, lines[4]);
    }

    [Fact]
    public void A_picture_of_maps_on_one_scale_says_where_scores_go_beyond_it()
    {
        var maps = HeatMap.OnOneScale([Small, new("A", "value fetcher", new[,] { { -0.3, 0.9 } })]);
        var texts = Elements(Parse(SvgHeatMaps.Draw(maps, "t", "s")), "text").Select(t => t.Value);
        Assert.Equal(2, texts.Count(t => t == "≥ +0.3"));
    }

    [Fact]
    public void A_grid_has_a_row_for_each_model_a_scale_for_each_group_and_says_where_scores_go_beyond_it()
    {
        HeatMapRow[] rows = [new("base", "accuracy 0.66", [Small, Small with { Name = "B" }]),
            new("tuned", "", [new("A", "value fetcher", new[,] { { -0.02, 0.9 } }), Small])];
        var picture = Parse(SvgHeatMaps.Draw(HeatMapRow.OnOneScale(rows), "t", "s"));
        var texts = Elements(picture, "text").Select(t => t.Value).ToArray();
        Assert.Equal(["base: accuracy 0.66", "tuned"], texts.Where(t => t.StartsWith("base", StringComparison.Ordinal)
            || t == "tuned"));
        Assert.Equal(["≥ +0.09", "+0.09"], texts.Where(t => t.Contains("+0", StringComparison.Ordinal)));
        Assert.Equal(3 * 8 + 2, Elements(picture, "rect").Count(r => r.Elements()
            .Any(e => e.Name.LocalName == "title")));
    }

    private static XDocument Parse(XDocument picture) => XDocument.Parse(picture.ToString());

    private static IEnumerable<XElement> Elements(XDocument picture, string name) =>
        picture.Descendants().Where(element => element.Name.LocalName == name);

    private static string Text(HeatMap map) => Text([map], 80);

    private static string Text(HeatMap[] maps, int width, ColorSystemSupport colors = ColorSystemSupport.NoColors)
    {
        using var writer = new StringWriter();
        TestConsole.On(writer, colors, width).Write(new TerminalHeatMaps(maps));
        return string.Join('\n', writer.ToString().TrimEnd('\n').Split('\n').Select(line => line.TrimEnd()));
    }
}
