namespace Patchbay.Cli.Results;

/// <summary>Files that commands write.</summary>
internal static class OutputFile
{
    /// <summary>Writes a file whole or not at all, making its folder where there is none.</summary>
    public static void Write(string path, string text)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var unfinished = $"{full}.{Environment.ProcessId}.part";
        try
        {
            File.WriteAllText(unfinished, text);
            File.Move(unfinished, full, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
