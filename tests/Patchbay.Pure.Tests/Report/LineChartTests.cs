using System.Globalization;
using System.Xml.Linq;

namespace Patchbay.Report.Tests;

public sealed class LineChartTests
{
    private static readonly LineChart Small = new("a < b", "two runs", "steps",
    [
        new("loss, nats", [Series("pairs", 0, 8, 2, 0.1), Series("sums", 1, 6, 3, 0.11)]) { Logarithmic = true },
        new("accuracy", [Series("7 boxes", 0, 0, 0.5, 0.9)]) { Range = (0, 1) },
    ])
    {
        Marks = [new(0, "easy"), new(10, "hard"), new(11, "hardest")],
    };

    [Fact]
    public void Every_line_is_drawn_and_named_at_its_end_in_its_colour()
    {
        var picture = SvgLineChart.Draw(Small);
        Assert.Equal(3, Elements(picture, "path")
            .Count(p => ((string?)p.Attribute("class"))!.StartsWith("line ", StringComparison.Ordinal)));
        foreach (var (name, color) in new[] { ("pairs", "t0"), ("sums", "t1"), ("7 boxes", "t0") })
            Assert.Equal(color, (string?)Elements(picture, "text").Single(t => t.Value == name).Attribute("class"));
        Assert.Equal("a < b", picture.Root!.Elements().First().Value);
    }

    [Fact]
    public void Names_of_lines_that_end_close_together_do_not_overlap()
    {
        var y = Elements(SvgLineChart.Draw(Small), "text").Where(t => t.Value is "pairs" or "sums")
            .Select(t => Number(t, "y")).ToArray();
        Assert.True(Math.Abs(y[0] - y[1]) >= 13.9);
    }

    [Fact]
    public void Stages_are_marked_and_names_that_would_overlap_stand_in_different_rows()
    {
        var names = Elements(SvgLineChart.Draw(Small), "text").Where(t => t.Value is "hard" or "hardest").ToArray();
        Assert.NotEqual(Number(names[0], "y"), Number(names[1], "y"));
        Assert.Equal(2 * 3, Elements(SvgLineChart.Draw(Small), "line")
            .Count(l => (string?)l.Attribute("class") == "stage"));
    }

    [Fact]
    public void A_band_goes_around_points_that_have_an_error_and_a_gap_breaks_the_line()
    {
        var series = new LineSeries("s", [new(0, 1, 0.5, 1.5), new(1, double.NaN), new(2, 2, 1, 3)]) { Color = 2 };
        var picture = SvgLineChart.Draw(new("t", "", "x", [new("y", [series])]));
        Assert.Equal("band t2", (string?)Elements(picture, "polygon").Single().Attribute("class"));
        Assert.Equal(2, ((string)Elements(picture, "path").First().Attribute("d")!).Count(c => c == 'M'));
    }

    [Fact]
    public void Nothing_to_draw_and_a_single_point_are_drawn_too()
    {
        foreach (var series in new LineSeries[] { new("none", []), new("one", [new(5, 3)]), new("zero", [new(0, 0)]) })
            foreach (var logarithmic in new[] { false, true })
                Assert.DoesNotContain("NaN",
                    SvgLineChart.Draw(new("t", "", "x", [new("y", [series]) { Logarithmic = logarithmic }])).ToString(),
                    StringComparison.Ordinal);
    }

    [Fact]
    public void Every_colour_class_in_use_is_in_the_style_sheet_of_light_and_of_dark_pages()
    {
        var picture = SvgLineChart.Draw(new("t", "", "x",
            [new("y", [.. Enumerable.Range(0, 12).Select(i => Series($"{i}", i, 1, 2))])]));
        var sheet = Elements(picture, "style").Single().Value;
        foreach (var color in Enumerable.Range(0, 12).SelectMany(i =>
            $"{ChartColors.LineOf(i)} {ChartColors.TextOf(i)}".Split(' ')).Where(c => c[0] is 'c' or 't'))
            Assert.Equal(2, System.Text.RegularExpressions.Regex.Count(sheet, $@"\.{color}{{"));
        Assert.Equal(12, Enumerable.Range(0, 12).Select(i => ChartColors.LineOf(i)).Distinct().Count());
    }

    [Theory]
    [InlineData(0, 10, 5, "0 2 4 6 8 10")]
    [InlineData(0.13, 0.89, 4, "0 0.2 0.4 0.6 0.8 1")]
    [InlineData(-0.031, 0.004, 4, "−0.04 −0.03 −0.02 −0.01 0 0.01")]
    [InlineData(3, 3, 2, "3 3.2 3.4")]
    [InlineData(0, 24000, 5, "0 5,000 10,000 15,000 20,000 25,000")]
    public void Ticks_are_round_numbers_around_the_values(double low, double high, int ticks, string expected)
    {
        var axis = ChartAxis.Around([low, high], ticks);
        Assert.Equal(expected, string.Join(' ', axis.Ticks.Select(axis.Label)));
    }

    [Fact]
    public void A_logarithmic_axis_has_equal_ratios_at_equal_distances()
    {
        var axis = ChartAxis.Around([0.1, 10], 4, logarithmic: true);
        Assert.Equal(0.5, axis.Fraction(1), 1e-12);
        Assert.Equal("0.1 0.3 1 3 10", string.Join(' ', axis.Ticks.Select(axis.Label)));
    }

    [Theory]
    [InlineData("0 50 100", "0 50 100")]
    [InlineData("50 50", "45 55")]
    [InlineData("52 48 50", "60 40 50")]
    [InlineData("0 1 2", "0 10 20")]
    [InlineData("100 99", "100 90")]
    [InlineData("20 21 30 31", "10.5 20.5 30.5 40.5")]
    public void Labels_are_moved_no_further_apart_than_they_must_be(string wanted, string expected) =>
        Assert.Equal(Numbers(expected), EndLabels.Place(Numbers(wanted), 10, 0, 100).Select(p => Math.Round(p, 9)));

    private static double[] Numbers(string text) => [.. text.Split(' ')
        .Select(n => double.Parse(n, CultureInfo.InvariantCulture))];

    private static LineSeries Series(string name, int color, params double[] values) =>
        new(name, [.. values.Select((v, i) => new LinePoint(10 * i, v))]) { Color = color };

    private static double Number(XElement element, string name) =>
        double.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);

    private static IEnumerable<XElement> Elements(XDocument picture, string name) => picture.Descendants()
        .Where(e => e.Name.LocalName == name);
}
