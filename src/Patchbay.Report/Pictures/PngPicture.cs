using System.Text.RegularExpressions;
using SkiaSharp;
using Svg.Skia;

namespace Patchbay.Report;

/// <summary>SVG pictures as PNG, for slides: in their light colours, twice as large.</summary>
internal static partial class PngPicture
{
    private const int Scale = 2;

    /// <summary>Draws a picture, given as the text of its SVG file.</summary>
    public static byte[] Draw(string svg, PictureFonts fonts)
    {
        var picture = XElement.Parse(svg);
        var size = ((string)picture.Attribute("viewBox")!).Split(' ')[2..].Select(double.Parse).ToArray();
        picture.SetAttributeValue("width", size[0]);
        picture.SetAttributeValue("height", size[1]);
        picture.SetAttributeValue("style", null);
        foreach (var sheet in picture.Elements().Where(e => e.Name.LocalName == "style"))
            sheet.Value = DarkColors().Replace(sheet.Value, "");
        foreach (var text in picture.Descendants().Where(e => e.Name.LocalName == "text"))
            text.Value = fonts.Written(text.Value);
        using var drawing = new SKSvg();
        drawing.Settings.TypefaceProviders = [fonts.Provider];
        using var drawn = drawing.FromSvg(picture.ToString(SaveOptions.DisableFormatting));
        using var surface = SKSurface.Create(
            new SKImageInfo(Pixels(size[0]), Pixels(size[1]), SKColorType.Rgba8888, SKAlphaType.Opaque));
        surface.Canvas.Clear(SKColors.White);
        surface.Canvas.Scale(Scale);
        surface.Canvas.DrawPicture(drawn);
        using var image = surface.Snapshot();
        using var bytes = image.Encode(SKEncodedImageFormat.Png, 100);
        return bytes.ToArray();
    }

    private static int Pixels(double size) => (int)Math.Ceiling(size * Scale);

    /// <summary>It ends the style sheet.</summary>
    [GeneratedRegex(@"@media.*$", RegexOptions.Singleline)]
    private static partial Regex DarkColors();
}
