using System.Text;

namespace Patchbay.Cli.Results;

/// <summary>Files that commands write.</summary>
internal static class OutputFile
{
    /// <summary>Writes a file whole or not at all, making its folder where there is none.</summary>
    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a file whole or not at all, making its folder where there is none.</summary>
    public static void Write(string path, byte[] bytes)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var unfinished = $"{full}.{Environment.ProcessId}.part";
        try
        {
            File.WriteAllBytes(unfinished, bytes);
            File.Move(unfinished, full, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
