namespace Patchbay.Report;

/// <summary>SVG pictures, once more as PNG.</summary>
internal static class PngPictures
{
    /// <summary>Draws them one by one, each when it is asked for. What cannot be drawn is left out.</summary>
    /// <param name="files">Files, pictures among them.</param>
    /// <param name="leaveOut">Is told what is left out, and why.</param>
    /// <param name="fontFolders">Where fonts are; null: where Linux has them.</param>
    /// <returns>Each picture's path and bytes.</returns>
    public static IEnumerable<(string Path, byte[] Bytes)> Draw(IEnumerable<(string Path, string Text)> files,
        Action<string, Exception> leaveOut, IReadOnlyList<string>? fontFolders = null)
    {
        (string Path, string Text)[] pictures = [.. files.Where(f => Path.GetExtension(f.Path) == ".svg")];
        if (pictures.Length == 0) yield break;
        var folders = fontFolders ?? PictureFonts.Folders;
        if (Try("pictures are written as SVG only, not as PNG", leaveOut, () => FindFonts(folders)) is not { } fonts)
            yield break;
        foreach (var (svg, text) in pictures)
        {
            var path = Path.ChangeExtension(svg, ".png");
            if (Try($"{path} is left out", leaveOut, () => PngPicture.Draw(text, fonts)) is { } png)
                yield return (path, png);
        }
    }

    private static PictureFonts FindFonts(IReadOnlyList<string> folders) => PictureFonts.Find(folders)
        ?? throw new FileNotFoundException($"there is no font in {string.Join(", ", folders)}; install one, such as "
            + "the package fonts-dejavu-core");

    private static T? Try<T>(string otherwise, Action<string, Exception> leaveOut, Func<T> make) where T : class
    {
        try
        {
            return make();
        }
#pragma warning disable CA1031 // The picture is there as SVG, whatever is wrong with its PNG or with SkiaSharp here.
        catch (Exception e)
#pragma warning restore CA1031
        {
            leaveOut(otherwise, e);
            return null;
        }
    }
}
