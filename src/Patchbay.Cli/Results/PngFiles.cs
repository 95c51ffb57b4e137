namespace Patchbay.Cli.Results;

/// <summary>SVG pictures that were written, once more as PNG beside them.</summary>
internal static class PngFiles
{
    /// <summary>Draws them one by one. What cannot be drawn is left out, with a note; where a file cannot be written,
    /// the others are, and then that is told.</summary>
    /// <param name="call">Takes the notes.</param>
    /// <param name="files">What was written, pictures among it.</param>
    /// <param name="fontFolders">Where fonts are; null: where Linux has them.</param>
    /// <returns>Paths of what was written.</returns>
    /// <exception cref="IOException">A file could not be written.</exception>
    public static IEnumerable<string> Write(Call call, IEnumerable<(string Path, string Text)> files,
        IReadOnlyList<string>? fontFolders = null)
    {
        (string Path, string Text)[] pictures = [.. files.Where(f => Path.GetExtension(f.Path) == ".svg")];
        if (pictures.Length == 0 || Fonts(call, fontFolders ?? PictureFonts.Folders) is not { } fonts) yield break;
        IOException? failed = null;
        foreach (var (svg, text) in pictures)
        {
            var path = Path.ChangeExtension(svg, ".png");
            if (Try(call, $"{path} is left out", () => PngPicture.Draw(text, fonts)) is not { } png) continue;
            try
            {
                OutputFile.Write(path, png);
            }
            catch (IOException e)
            {
                failed ??= e;
                continue;
            }
            yield return path;
        }
        if (failed is not null) throw failed;
    }

    private static PictureFonts? Fonts(Call call, IReadOnlyList<string> folders) =>
        Try(call, "pictures are written as SVG only, not as PNG", () => PictureFonts.Find(folders)
            ?? throw new FileNotFoundException($"there is no font in {string.Join(", ", folders)}; install one, such "
                + "as the package fonts-dejavu-core"));

    private static T? Try<T>(Call call, string otherwise, Func<T> make) where T : class
    {
        try
        {
            return make();
        }
#pragma warning disable CA1031 // The picture is there as SVG, whatever is wrong with its PNG or with SkiaSharp here.
        catch (Exception e)
#pragma warning restore CA1031
        {
            call.Trace(e);
            call.Notice($"{otherwise}: {Failure.OneLine(e.GetBaseException().Message)}");
            return null;
        }
    }
}
