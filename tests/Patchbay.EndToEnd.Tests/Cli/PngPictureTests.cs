using System.Xml.Linq;
using SkiaSharp;

namespace Patchbay.Cli.Tests;

public sealed class PngPictureTests
{
    private static readonly Dictionary<string, string> Pictures = SweepReport.Files(new MadeFindings(1).Input())
        .Where(f => f.Path.EndsWith(".svg", StringComparison.Ordinal)).ToDictionary(f => f.Path, f => f.Text);

    private const string Liberation = "/usr/share/fonts/truetype/liberation";

    [FontFact]
    public void A_picture_is_twice_as_large_and_light_to_its_edges()
    {
        foreach (var (path, svg) in Pictures)
        {
            var size = ((string)XElement.Parse(svg).Attribute("viewBox")!).Split(' ')[2..];
            using var drawn = Draw(svg);
            Assert.Equal(size.Select(s => (int)Math.Ceiling(2 * double.Parse(s))), [drawn.Width, drawn.Height]);
            Assert.True(Ink(drawn) > 0, path);
            foreach (var (x, y) in new[] { (drawn.Width - 1, 0), (drawn.Width - 1, drawn.Height - 1) })
                Assert.True(drawn.GetPixel(x, y) == SKColors.White, $"{path}: {drawn.GetPixel(x, y)} at {x}, {y}");
        }
    }

    [FontFact]
    public void A_picture_has_its_text_and_its_colours()
    {
        foreach (var (path, svg) in Pictures)
        {
            var bare = XElement.Parse(svg);
            bare.Descendants().Where(e => e.Name.LocalName == "text").Remove();
            using var drawn = Draw(svg);
            using var textless = Draw(bare.ToString(SaveOptions.DisableFormatting));
            Assert.True(Ink(drawn) > Ink(textless) + 100, path);
        }
        using var circuit = Draw(Pictures["figures/circuits-tiny-base.svg"]);
        Assert.Contains(SKColor.Parse("#0068b0"), circuit.Pixels); // of the light style sheet, not of the dark one
        Assert.DoesNotContain(SKColor.Parse("#58a9f0"), circuit.Pixels);
    }

    [FontFact]
    public void Headings_are_bold()
    {
        const string svg = """
            <svg viewBox="0 0 100 30" xmlns="http://www.w3.org/2000/svg"><style>text{font:12px sans-serif}
            .heading{font-weight:600}</style><text class="" x="5" y="20">Heads of it</text></svg>
            """;
        using var plain = Draw(svg);
        using var bold = Draw(svg.Replace("class=\"\"", "class=\"heading\""));
        Assert.True(Ink(bold) > 1.1 * Ink(plain), $"{Ink(bold)} and {Ink(plain)}");
    }

    [FontFact(Liberation)]
    public void Signs_that_a_font_lacks_are_told_by_plainer_ones()
    {
        Assert.Equal("F(C\\K), p0 − a → ±", PictureFonts.Find([Liberation])!.Written("F(C∖K), p₀ − a → ±"));
    }

    [FontFact]
    public void No_name_over_a_heat_map_is_cut_off()
    {
        const string title = "Path patching of every head of four models";
        var (small, wide) = (new HeatMap("D", "structure reader", new double[5, 4]),
            new HeatMap("MOVERS OF WHOLE NAMES", "movers", new double[1, 1]));
        XDocument[] pictures =
        [
            SvgHeatMaps.Draw([new HeatMapRow("m", "", [small, small])], "", ""),
            SvgHeatMaps.Draw([new HeatMapRow("m", "", [small, wide])], "", ""),
            SvgHeatMaps.Draw([new HeatMapRow("a-model-with-quite-a-long-name-7b", "accuracy 0.66", [small])], "", ""),
            SvgHeatMaps.Draw([new HeatMapRow("m", "", [new("A", "", new double[1, 1])])], title, ""),
            SvgHeatMaps.Draw([small, wide], "", ""),
            SvgHeatMap.Picture(small, 20),
            SvgHeatMap.Picture(wide, 20),
            SvgHeatMaps.Matrix(title, ["a"], ["b"], new double[1, 1]),
        ];
        foreach (var (number, picture) in pictures.Index())
        {
            var size = ((string)picture.Root!.Attribute("viewBox")!).Split(' ')[2..].Select(double.Parse).ToArray();
            picture.Root.SetAttributeValue("viewBox", $"0 0 {size[0] + 300} {size[1]}");
            using var drawn = Draw(picture.ToString(SaveOptions.DisableFormatting));
            var beyond = drawn.Pixels.Where((pixel, i) => pixel != SKColors.White && i % drawn.Width >= 2 * size[0]);
            Assert.True(!beyond.Any(), $"picture {number} goes on beyond its right edge");
        }
    }

    private static SKBitmap Draw(string svg) =>
        SKBitmap.Decode(PngPicture.Draw(svg, FontFactAttribute.Fonts!));

    /// <summary>Number of pixels that are not white.</summary>
    private static int Ink(SKBitmap drawn) => drawn.Pixels.Count(pixel => pixel != SKColors.White);
}

/// <summary>A fact that needs a font of the machine: skipped with a notice where there is none.</summary>
internal sealed class FontFactAttribute : FactAttribute
{
    public FontFactAttribute(params string[] folders)
    {
        if (Fonts is null || (folders.Length > 0 && PictureFonts.Find(folders) is null))
            Skip = "needs fonts of the packages fonts-dejavu-core and fonts-liberation on this machine";
    }

    public static PictureFonts? Fonts { get; } = PictureFonts.Find(PictureFonts.Folders);
}
