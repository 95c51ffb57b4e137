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
        IOException? failed = null;
        foreach (var (path, png) in PngPictures.Draw(files, LeaveOut, fontFolders))
        {
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

        void LeaveOut(string what, Exception why)
        {
            call.Trace(why);
            call.Notice($"{what}: {Failure.OneLine(why.GetBaseException().Message)}");
        }
    }
}
