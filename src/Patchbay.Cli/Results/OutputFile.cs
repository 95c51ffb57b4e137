namespace Patchbay.Cli.Results;

/// <summary>Files that commands write.</summary>
internal static class OutputFile
{
    /// <summary>Writes a file whole or not at all, making its folder where there is none.</summary>
    public static void Write(string path, string text) => Write(path, writer =>
    {
        writer.Write(text);
        return true;
    });

    /// <summary>Writes a file as it comes, whole or not at all, making its folder where there is none.</summary>
    /// <returns>What <paramref name="write"/> returns.</returns>
    public static T Write<T>(string path, Func<TextWriter, T> write)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var unfinished = $"{full}.{Environment.ProcessId}.part";
        try
        {
            T result;
            using (var writer = new StreamWriter(unfinished)) result = write(writer);
            File.Move(unfinished, full, overwrite: true);
            return result;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
